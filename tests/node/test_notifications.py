"""What a node says by itself: where it is heard, and that one hears it at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from explorer.node.demo import DemoConnection
from explorer.node.notifications import Notifications, _Notifier, subscriptions
from tests.bitcoind import Bitcoind, free_port
from tests.conftest import StartBitcoind
from tests.fakenode import FakeNode
from tests.pages import Explorer

LONG = 20.0  # seconds; a block is heard of long before


def found(*published: str) -> list[_Notifier]:
    """Of "hashblock tcp://127.0.0.1:1"."""
    return [_Notifier(f"pub{topic}", address) for topic, address in (entry.split() for entry in published)]


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ([], ()),
        (["hashtx tcp://127.0.0.1:1"], ()),  # it does not tell of blocks
        (["hashblock tcp://127.0.0.1:1"], (("tcp://127.0.0.1:1", "hashblock"),)),
        (
            ["hashtx tcp://127.0.0.1:2", "hashblock tcp://127.0.0.1:1"],
            (("tcp://127.0.0.1:1", "hashblock"), ("tcp://127.0.0.1:2", "hashtx")),
        ),
        (["rawtx tcp://127.0.0.1:1", "hashblock tcp://127.0.0.1:1"], (("tcp://127.0.0.1:1", "hashblock"),)),
        (
            ["rawblock tcp://127.0.0.1:1", "rawtx tcp://127.0.0.1:1"],
            (("tcp://127.0.0.1:1", "rawblock"), ("tcp://127.0.0.1:1", "rawtx")),
        ),
        (
            ["rawblock tcp://127.0.0.1:1", "hashblock tcp://127.0.0.1:2", "sequence tcp://127.0.0.1:3"],
            (("tcp://127.0.0.1:3", "sequence"),),
        ),
    ],
)
def test_as_little_is_listened_to_as_does_it(published: list[str], expected: tuple[tuple[str, str], ...]) -> None:
    assert subscriptions(found(*published), "127.0.0.1") == expected


@pytest.mark.parametrize(
    ("address", "host", "seen"),
    [
        ("tcp://127.0.0.1:1", "127.0.0.1", "tcp://127.0.0.1:1"),
        ("tcp://127.0.0.1:1", "localhost", "tcp://localhost:1"),
        ("tcp://127.0.0.1:1", "::1", "tcp://[::1]:1"),
        ("tcp://127.0.0.1:1", "node", None),  # heard on its own machine alone
        ("tcp://[::1]:1", "10.0.0.2", None),
        ("tcp://0.0.0.0:1", "node", "tcp://node:1"),
        ("tcp://10.0.0.1:1", "node", "tcp://node:1"),  # its own name for itself need not lead there
        ("tcp://[::]:1", "fd00::2", "tcp://[fd00::2]:1"),
        ("ipc:///run/zmq", "127.0.0.1", "ipc:///run/zmq"),
        ("ipc:///run/zmq", "node", None),
        ("tcp://0.0.0.0", "node", None),
        ("tcp://0.0.0.0:99999", "node", None),
        ("tcp://0.0.0.0:x", "node", None),
        ("udp://0.0.0.0:1", "node", None),
        ("", "node", None),
    ],
)
def test_an_address_as_it_is_seen_from_here(address: str, host: str, seen: str | None) -> None:
    assert subscriptions([_Notifier("pubsequence", address)], host) == (((seen, "sequence"),) if seen else ())


@contextmanager
def listening(node: Bitcoind) -> Iterator[Notifications]:
    notifications = Notifications(Explorer(node.url).connection)
    notifications.keep_up()
    assert notifications.come
    yield notifications
    notifications._listen(())


def waited(notifications: Notifications, seconds: float) -> float:
    begun = time.monotonic()
    notifications.wait(seconds)
    return time.monotonic() - begun


@pytest.mark.parametrize("topic", ["sequence", "hashblock", "rawblock"])
def test_a_block_is_heard_of_at_once(start_bitcoind: StartBitcoind, topic: str) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    node = start_bitcoind(f"-zmqpub{topic}={address}")
    with listening(node) as notifications:
        waited(notifications, 1)  # until it is connected
        for _ in range(2):  # what was heard is over then
            assert waited(notifications, 0.3) > 0.25
            node.mine(3)
            assert waited(notifications, LONG) < LONG / 2
            waited(notifications, 0.5)


def test_a_node_that_starts_again_is_heard_again(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind(f"-zmqpubsequence=tcp://127.0.0.1:{free_port()}")
    with listening(node) as notifications:
        node.restart()
        waited(notifications, 1)
        node.mine(1)
        assert waited(notifications, LONG) < LONG / 2


def test_a_node_that_publishes_nothing_is_waited_for(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    notifications = Notifications(Explorer(node.url).connection)
    notifications.keep_up()
    assert not notifications.come
    node.mine(1)
    assert waited(notifications, 0.2) > 0.15


@pytest.mark.parametrize("answers", [{}, {"getzmqnotifications": "odd"}, {"getzmqnotifications": [{"type": "pub"}]}])
def test_a_node_that_does_not_tell_is_asked_once_in_a_while(answers: dict[str, Any]) -> None:
    with FakeNode(answers) as node:
        rpc = node.connect()
        notifications = Notifications(rpc)
        for _ in range(3):
            notifications.keep_up()
        assert not notifications.come
        assert rpc.round_trips == 1


def test_the_demo_chain_says_nothing() -> None:
    notifications = Notifications(DemoConnection())
    notifications.keep_up()
    assert not notifications.come
