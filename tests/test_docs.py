"""What is written for operators names settings, commands and options that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import config
from explorer.__main__ import main
from explorer.findings.words import CATALOGUE
from explorer.messages import CATALOGUE as MESSAGES

DOCS = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in DOCS}
TEXTS["the words of findings"] = "\n".join(" ".join(entry.words) for entry in CATALOGUE.values())
TEXTS["the words of errors"] = "\n".join(" ".join(words) for words in MESSAGES.values())
SETTINGS = {setting.name for setting in config.SETTINGS}


@pytest.mark.parametrize("name", TEXTS)
def test_it_names_settings_that_exist(name: str) -> None:
    named = set(re.findall(r"\b(?:BITCOIN|RPC|WEB|CACHE)_[A-Z_]+[A-Z]\b", TEXTS[name]))
    assert named
    assert named <= SETTINGS


@pytest.mark.parametrize("name", TEXTS)
def test_it_names_commands_and_options_that_exist(name: str) -> None:
    for command, options in re.findall(r"python -m explorer (\w+)((?: --\w+)*)", TEXTS[name]):
        known = {opt for parameter in main.commands[command].params for opt in parameter.opts}
        assert set(options.split()) <= known


def test_the_doctor_is_told_of_with_its_exit_codes() -> None:
    rows = re.findall(r"^\| (\d) \| (.+) \|$", TEXTS["nodes.md"], re.MULTILINE)
    epilog = main.commands["doctor"].epilog or ""
    assert [f"  {code}  {meaning}" for code, meaning in rows] == epilog.splitlines()[2:]
