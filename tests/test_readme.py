"""The READMEs tell the truth about settings and commands, in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
IN_CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")


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


# --- in Chinese, the same facts ---------------------------------------------------------------------------------------


def commands(text: str) -> list[str]:
    """What is to be typed, line by line."""
    return re.findall(r"^    (\S.*)$", text, re.MULTILINE)


def first_cells(text: str) -> list[str]:
    """What each table is about: addresses, commands, names of settings."""
    return [" ".join(re.findall(r"`[^`]+`", row)) for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)]


def test_each_leads_to_the_other() -> None:
    assert "[中文](README.zh.md)" in README
    assert "[English](README.md)" in IN_CHINESE


def test_the_commands_are_the_same() -> None:
    assert sorted(commands(IN_CHINESE)) == sorted(commands(README))
    starts = r"\| (`.*script/server`) \|"
    assert re.findall(starts, IN_CHINESE) == re.findall(starts, README)


def test_the_pages_and_commands_are_the_same() -> None:
    names = {setting.name for setting in config.SETTINGS}
    ours = [cell for cell in first_cells(README) if cell.strip("`") not in names]
    assert [cell for cell in first_cells(IN_CHINESE) if cell.strip("`") not in names] == ours


def test_its_settings_are_settings_with_their_defaults() -> None:
    known = {setting.name: setting.default for setting in config.SETTINGS}
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? \|", IN_CHINESE, re.MULTILINE)
    assert rows
    assert all(known[name] == default for name, default in rows)
    assert set(re.findall(r"\b(?:BITCOIN|RPC|WEB|CACHE)_[A-Z_]+[A-Z]\b", IN_CHINESE)) <= set(known)


def test_its_numbers_are_those_of_the_other() -> None:
    """Versions, ports and counts."""
    assert set(re.findall(r"\d[\d.]*\d", IN_CHINESE)) <= set(re.findall(r"\d[\d.]*\d", README))


def test_nothing_else_reads_the_environment() -> None:
    modules = [ROOT / "app.py", *(ROOT / "explorer").rglob("*.py")]
    assert not [module for module in modules if re.search(r"os\.environ|getenv", module.read_text(encoding="utf-8"))]
