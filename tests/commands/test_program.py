"""What holds for every command: help that teaches, exit codes, colours on a terminal only."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from explorer.__main__ import main
from tests.commands.conftest import Run
from tests.server import ROOT

COMMAND = [sys.executable, "-m", "explorer"]
COMMANDS = sorted(main.commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_and_exit_codes(run: Run, name: str) -> None:
    ran = run(name, "--help")
    assert ran.code == 0
    assert f"python -m explorer {name} " in ran.out.partition("Examples:")[2]
    assert "Exit codes:" in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())


def test_the_program_lists_its_commands(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.partition("Commands:\n")[2].splitlines()[: len(COMMANDS)]] == COMMANDS


@pytest.mark.parametrize("typed", [["nosuch"], ["status", "--nosuch"], ["rpc"], ["rpc", "--timeout", "0", "help"]])
def test_wrong_usage(run: Run, typed: list[str]) -> None:
    ran = run(*typed, BITCOIN_RPC_URL="demo")
    assert (ran.code, ran.out) == (2, "")
    assert "--help" in ran.err


@pytest.mark.parametrize("name", ["rpc", "status"])
def test_wrong_settings_are_named_without_what_they_hold(run: Run, name: str) -> None:
    typed = [name, "getblockcount"] if name == "rpc" else [name]
    ran = run(*typed, BITCOIN_RPC_URL="http://u:s3cret@node:port", RPC_TIMEOUT="soon")
    assert (ran.code, ran.out) == (2, "")
    assert [line.split()[1] for line in ran.err.splitlines()] == ["BITCOIN_RPC_URL", "RPC_TIMEOUT"]
    assert "s3cret" not in ran.err


def test_help_needs_no_settings(run: Run) -> None:
    assert run("status", "--help", BITCOIN_RPC_URL="nonsense").code == 0


def on_a_terminal(*typed: str, **environ: str) -> str:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", closefd=True) as terminal:
        process = subprocess.Popen(
            [*COMMAND, *typed], cwd=ROOT, env=os.environ | environ, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = b""
        try:
            while chunk := terminal.read1():
                shown += chunk
        except OSError:  # so Linux says that the other side is closed
            pass
        assert process.wait(30) == 0
    return shown.decode()


def test_colours_are_for_terminals() -> None:
    piped = subprocess.run([*COMMAND, "status"], cwd=ROOT, env=os.environ | {"BITCOIN_RPC_URL": "demo"}, stdout=-1)
    assert piped.returncode == 0
    assert b"\x1b" not in piped.stdout
    assert "\x1b[" in on_a_terminal("status", BITCOIN_RPC_URL="demo")
    assert "\x1b" not in on_a_terminal("status", BITCOIN_RPC_URL="demo", NO_COLOR="yes")
    assert "\x1b[" in on_a_terminal("status", BITCOIN_RPC_URL="demo", NO_COLOR="")


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [*COMMAND, "rpc", "getrawmempool", "true"],
        cwd=ROOT, env=os.environ | {"BITCOIN_RPC_URL": "demo"}, stdout=-1, stderr=-1,
    )  # fmt: skip
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(30)
