"""Lists of blocks while the chain moves, and on versions of the node that are not at hand."""

from __future__ import annotations

import pytest

from explorer.chain import tip
from explorer.chain.blocks import get_home, hash_at, list_blocks
from explorer.errors import NodeBusy, NotFound
from tests.chain.nodes import FakeChain, hash_of
from tests.fakenode import FakeNode, RpcError


def test_the_latest_ten(node: FakeNode) -> None:
    home = get_home(node.connect())
    assert [block.height for block in home.blocks] == list(range(25, 15, -1))
    assert [block.hash for block in home.blocks] == [hash_of("a", height) for height in range(25, 15, -1)]


def test_a_short_chain_shows_what_it_has(node: FakeNode, chain: FakeChain) -> None:
    chain.height = 0
    assert [block.height for block in get_home(node.connect()).blocks] == [0]
    found = list_blocks(node.connect(), None)
    assert (found.newer, found.older) == (None, None)


def test_it_takes_five_round_trips_and_follows_the_chain(node: FakeNode, chain: FakeChain) -> None:
    rpc = node.connect()
    get_home(rpc)
    first = rpc.round_trips
    chain.height += 3
    assert [block.height for block in get_home(rpc).blocks] == list(range(28, 18, -1))
    assert (first, rpc.round_trips - first) == (5, 5)  # the state, hashes, headers, figures at the same time, coinbases
    chain.height -= 8  # it may have become lower, too
    assert [block.height for block in get_home(rpc).blocks] == list(range(20, 10, -1))
    chain.height += 500  # or be far away
    assert [block.height for block in get_home(rpc).blocks] == list(range(520, 510, -1))


def test_a_list_that_a_reorganisation_tears_apart_is_asked_for_again(node: FakeNode, chain: FakeChain) -> None:
    chain.branches = ["ab", "b"]
    found = list_blocks(node.connect(), None)
    assert [block.hash for block in found.blocks] == [hash_of("b", height) for height in range(25, 15, -1)]


def test_one_that_stays_torn_is_not_shown(node: FakeNode, chain: FakeChain) -> None:
    chain.branches = ["ab"]
    with pytest.raises(NodeBusy) as caught:
        list_blocks(node.connect(), None)
    assert caught.value.message_id == "chain_moving"
    assert caught.value.retry_after == 1


def test_a_tip_that_vanishes_meanwhile(node: FakeNode, chain: FakeChain) -> None:
    node.answers["getblockhash"] = lambda height: refuse_height() if height > 20 else hash_of("a", height)
    with pytest.raises(NodeBusy):
        get_home(node.connect())


def refuse_height() -> None:
    raise RpcError(-8, "Block height out of range")


@pytest.mark.parametrize(
    ("before", "heights", "newer", "older"),
    [
        (None, range(25, 15, -1), None, 16),
        (26, range(25, 15, -1), None, 16),
        (1_000, range(25, 15, -1), None, 16),
        (16, range(15, 5, -1), 26, 6),
        (6, range(5, -1, -1), 16, None),
        (1, range(0, -1, -1), 11, None),
        (20, range(19, 9, -1), 26, 10),
    ],
)
def test_the_neighbours_of_a_list(
    node: FakeNode, before: int | None, heights: range, newer: int | None, older: int | None
) -> None:
    found = list_blocks(node.connect(), before)
    assert [block.height for block in found.blocks] == list(heights)
    assert (found.newer, found.older) == (newer, older)


def test_the_hash_at_a_height(node: FakeNode) -> None:
    assert hash_at(node.connect(), 7) == hash_of("a", 7)
    for height in (26, 2**31, 9_999_999_999):
        with pytest.raises(NotFound) as caught:
            hash_at(node.connect(), height)
        assert caught.value.values == {"height": f"{height:,}", "tip": "25"}


def test_core_31_sends_the_coinbase_along(node: FakeNode, chain: FakeChain) -> None:
    block = node.answers["getblock"]
    signed = {"coinbase_tx": {"coinbase": "04" + b"/Ours/".hex()}}
    node.answers["getblock"] = lambda *asked: {**block(*asked), **signed}
    rpc = node.connect()
    home = get_home(rpc)
    assert rpc.round_trips == 4  # none for the coinbases
    assert home.blocks[0].miner_tag == "Ours"


@pytest.mark.parametrize(
    ("warnings", "read"),
    [("", ()), ("Take care", ("Take care",)), ([], ()), (["One", "Two"], ("One", "Two"))],
)
def test_warnings_of_all_versions(warnings: str | list[str], read: tuple[str, ...]) -> None:
    with FakeNode(FakeChain(5, warnings=warnings).answers) as node:
        assert tip.look(node.connect()).chain.warnings == read


@pytest.mark.parametrize(
    ("fields", "catching_up"),
    [({}, False), ({"headers": 6}, True), ({"initialblockdownload": True}, True)],
)
def test_catching_up(fields: dict[str, object], catching_up: bool) -> None:
    with FakeNode(FakeChain(5, **fields).answers) as node:
        assert tip.look(node.connect()).chain.catching_up == catching_up


def test_a_list_of_another_branch_than_its_tip_is_not_shown(node: FakeNode, chain: FakeChain) -> None:
    chain.fields["bestblockhash"] = hash_of("z", 25)
    for ask in (get_home, lambda rpc: list_blocks(rpc, None)):
        with pytest.raises(NodeBusy):
            ask(node.connect())


def test_a_height_that_the_node_has_heard_of_but_not_reached(node: FakeNode, chain: FakeChain) -> None:
    chain.fields["headers"] = 30
    for height, message_id in ((30, "height_not_reached"), (31, "height_not_found")):
        with pytest.raises(NotFound) as caught:
            hash_at(node.connect(), height)
        assert caught.value.message_id == message_id
