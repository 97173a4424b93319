"""Two real nodes, of which one answers when the other does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bitcoind import Bitcoind, free_port
from tests.coins import ADDRESS

THREADS, QUEUE = 4, 16  # rpcthreads and rpcworkqueue of the own node
OWN_PASSWORD, OTHER_PASSWORD = "own-9d1f04c7b2", "other-55e0a8f3d6"


class Pair:
    """Two nodes that know each other, at the same height, with a few transactions in their blocks."""

    def __init__(self, binary: str) -> None:
        own_port, other_port = free_port(), free_port()
        self.own = Bitcoind(
            binary, [*peering(own_port, other_port), f"-rpcthreads={THREADS}", f"-rpcworkqueue={QUEUE}"]
        )
        self.other = Bitcoind(binary, peering(other_port, own_port))
        self.own.password, self.other.password = OWN_PASSWORD, OTHER_PASSWORD
        self._other_peer = f"127.0.0.1:{other_port}"

    def start(self) -> None:
        self.own.start()
        self.other.start()
        self.own.mine(130, ADDRESS)
        self.agree()

    def agree(self) -> None:
        """Wait until both have the same tip."""

        def agrees() -> bool:
            if not self.own.rpc("getpeerinfo"):
                self.own.rpc("addnode", self._other_peer, "onetry")
            return bool(self.own.rpc("getbestblockhash") == self.other.rpc("getbestblockhash"))

        self.own.wait_until(agrees)
        self.own.wait_for_indexes()
        self.other.wait_for_indexes()

    def part(self) -> None:
        """From now on they do not hear of each other."""
        self.own.rpc("setnetworkactive", False)
        self.own.wait_until(lambda: not self.own.rpc("getpeerinfo"))

    def join(self) -> None:
        self.own.rpc("setnetworkactive", True)
        self.agree()

    def close(self) -> None:
        self.own.close()
        self.other.close()


def peering(port: int, peer: int) -> list[str]:
    return [
        "-listen=1",
        f"-bind=127.0.0.1:{port}",
        f"-addnode=127.0.0.1:{peer}",
        "-listenonion=0",
        "-i2pacceptincoming=0",
    ]


@pytest.fixture
def pair(bitcoind_path: str) -> Iterator[Pair]:
    pair = Pair(bitcoind_path)
    try:
        pair.start()
        yield pair
    finally:
        pair.close()
