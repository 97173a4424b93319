"""Typing a command: `run("rpc", "getblockcount", BITCOIN_RPC_URL=node.url).out`."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Protocol

import pytest
from click.testing import CliRunner

from explorer.__main__ import main


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Run(Protocol):
    def __call__(self, *typed: str, stdin: str | None = None, **settings: str) -> Ran: ...


@pytest.fixture
def run() -> Run:
    """Runs a command in this process, under these settings and no others. A traceback is a failure."""

    def run(*typed: str, stdin: str | None = None, **settings: str) -> Ran:
        result = CliRunner().invoke(main, typed, input=stdin, env=settings, prog_name="python -m explorer")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run
