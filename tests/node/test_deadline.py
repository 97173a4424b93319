"""Nobody waits longer than the deadline, and an ill node costs nobody time twice: with several nodes by hand."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from explorer.deadline import deadline
from explorer.errors import ExplorerError
from explorer.node.client import NodeConnection
from explorer.node.discovery import Endpoint
from explorer.node.failover import conversation
from tests.fakenode import waits
from tests.node.conftest import Start
from tests.node.members import join, nobody, refuse, wait_until


@pytest.fixture
def blackhole(deaf: tuple[str, int]) -> NodeConnection:
    """An address where packets vanish: a listener whose queue is full."""
    return NodeConnection(Endpoint(*deaf, None, "a test"), timeout=20)


def test_nobody_waits_longer_than_the_deadline(start: Start, blackhole: NodeConnection) -> None:
    silent = start()
    silent.faults.extend([waits(4)] * 99)
    members = [blackhole, silent.connect(timeout=20), nobody(), silent.connect(timeout=20)]
    rpc = join(*members)

    def visit(_: int) -> float:
        begun = time.monotonic()
        with deadline(2), conversation():
            with pytest.raises(ExplorerError):
                rpc.call("getblockcount")
            with pytest.raises(ExplorerError):
                rpc.batch([("getblockcount",)])
        return time.monotonic() - begun

    with ThreadPoolExecutor(12) as threads:
        assert max(threads.map(visit, range(36))) < 2.3


def test_who_hangs_leaves_time_for_the_others(start: Start, blackhole: NodeConnection) -> None:
    silent, other = start(), start()
    silent.faults.extend([waits(4)] * 99)
    rpc = join(blackhole, silent.connect(timeout=20), other)
    with deadline(3):
        assert rpc.call("getblockcount") == 20


def test_an_ill_node_costs_nobody_time_any_more(start: Start) -> None:
    silent, other = start(), start()
    silent.faults.extend([waits(6)] * 99)
    rpc = join(silent.connect(timeout=20), other)
    with deadline(3):
        rpc.call("getblockcount")
    begun = time.monotonic()
    with deadline(3):
        for _ in range(20):
            assert rpc.call("getblockcount") == 20
    assert time.monotonic() - begun < 0.5


def test_the_own_node_is_used_again_within_two_seconds(start: Start) -> None:
    own, other = start(), start(getblockcount=21)
    rpc = join(own, other)
    broken = threading.Event()
    healthy = own.answers["getblockchaininfo"]
    own.answers["getblockchaininfo"] = lambda: healthy if not broken.is_set() else refuse(-28, "Loading")()
    own.answers["getblockcount"] = lambda: 20 if not broken.is_set() else refuse(-28, "Loading")()
    assert rpc.call("getblockcount") == 20
    broken.set()
    assert rpc.call("getblockcount") == 21
    time.sleep(1.5)
    assert rpc.call("getblockcount") == 21
    assert rpc.members[0].state in ("open", "half_open")
    broken.clear()
    wait_until(lambda: rpc.call("getblockcount") == 20, 2)
