"""The README tells the truth about settings and commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_it_documents_every_setting(setting: config.Setting) -> None:
    default = f"`{setting.default}`" if setting.default else ""
    assert f"| `{setting.name}` | {default} | {setting.meaning} |\n" in README


def test_it_documents_no_other_setting() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE)
    assert documented == [setting.name for setting in config.SETTINGS]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\b(?:script|docs|explorer)/[\w./-]*\w", README))))
def test_what_it_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_nothing_else_reads_the_environment() -> None:
    modules = [ROOT / "app.py", *(ROOT / "explorer").rglob("*.py")]
    assert not [module for module in modules if re.search(r"os\.environ|getenv", module.read_text(encoding="utf-8"))]
