"""The doctor before a node that is healthy but for one thing: `the_trouble(node.endpoint(), "no_answer")`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import config
from explorer.findings import Finding
from explorer.node.diagnosis import diagnose
from explorer.node.discovery import Endpoint
from explorer.node.methods import METHODS
from tests.fakenode import FakeNode, RpcError

READY = {"synced": True, "best_block_height": 7}
INDEXES = {"txindex": READY, "basic block filter index": READY, "coinstatsindex": READY}
NESTED = "[" * 100_000


def chain(**changes: Any) -> dict[str, Any]:
    return {
        "chain": "regtest",
        "blocks": 7,
        "headers": 7,
        "verificationprogress": 1,
        "initialblockdownload": False,
        "pruned": False,
        "time": int(time.time()) - 600,
        **changes,
    }


def misses_parameters(*params: Any) -> Any:
    raise RpcError(-1, "getblock blockhash ( verbosity )")


ANSWERS = {
    **dict.fromkeys(METHODS, misses_parameters),
    "getblockcount": 7,
    "getblockchaininfo": chain,
    "getnetworkinfo": {"timeoffset": 0, "connections": 8},
    "getindexinfo": INDEXES,
    "getzmqnotifications": [{"type": "pubhashblock", "address": "tcp://127.0.0.1:28334", "hwm": 1000}],
}


def make_healthy(node: FakeNode) -> None:
    node.answers = dict(ANSWERS)
    node.whitelist = set(METHODS)


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with FakeNode() as node:
        make_healthy(node)
        yield node


def examined(endpoint: Endpoint, *, pause: Callable[[float], None] = lambda _: None) -> tuple[Finding, ...]:
    return diagnose(endpoint, config.load({}), timeout=1, pause=pause)


def the_trouble(endpoint: Endpoint, finding_id: str) -> Finding:
    """That one, and no other."""
    findings = examined(endpoint)
    assert [finding.id for finding in findings if finding.level != "ok"] == [finding_id], findings
    trouble = next(finding for finding in findings if finding.id == finding_id)
    assert all(text and "—" not in text for text in trouble.words)
    return trouble
