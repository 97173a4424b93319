"""A block by REST from a node that hands out its bytes, and not its figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from explorer.chain.block_pages import block_page
from explorer.errors import Unsupported
from tests.chain.nodes import COINBASE, FakeChain, hash_of
from tests.fakenode import FakeNode, RpcError
from tests.pages import Explorer

HEIGHT = 5
BLOCK = hash_of("a", HEIGHT)
BYTES = bytes(80) + b"\x01" + bytes.fromhex(COINBASE)
NOTHING_SPENT = b"\x01\x00"


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with FakeNode(FakeChain(HEIGHT).answers) as node:
        node.rest = {f"/rest/block/{BLOCK}.bin": BYTES, f"/rest/spenttxouts/{BLOCK}.bin": NOTHING_SPENT}
        yield node


def test_with_its_figures(node: FakeNode) -> None:
    with block_page(node.connect(), BLOCK, 1) as found:
        assert (found.count, found.missing) == (1, None)
        assert found.block.header.size == len(BYTES)
        assert found.block.stats
        assert [card.total_out for card in found.cards] == [5_000_000_000]


def test_without_them(node: FakeNode) -> None:
    def refuse(_: Any) -> None:
        raise RpcError(-32601, "Method not found")

    node.answers["getblockstats"] = refuse
    with block_page(node.connect(), BLOCK, 1) as found:
        assert isinstance(found.missing, Unsupported)
        assert found.block.stats is None
        assert found.block.header.weight == node.answers["getblock"](BLOCK, 1)["weight"]
    page = Explorer(f"http://{node.login}@127.0.0.1:{node.port}").get(f"/block/{BLOCK}")
    assert page.status == 200
    assert page.facts["Fees"] == "not known"
