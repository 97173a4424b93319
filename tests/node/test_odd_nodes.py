"""Nodes that answer what no node should, come back without what they had, or are ill but not down."""

from __future__ import annotations

import time

import msgspec
import pytest

from explorer.errors import NodeBusy, NodeUnavailable, NotFound
from explorer.node.health import LONGEST_WAIT, Health
from explorer.node.member import Own
from tests.fakenode import FakeNode, hangs_up, says
from tests.node.conftest import Start
from tests.node.members import asked, chain_answers, join, refuse, survey_done, wait_until

ODD = {
    "no UTF-8": '{"result": "\xff"}',
    "nested without end": '{"result": ' + "[" * 100_000,
    "a number beyond all bounds": '{"result": 1e99999999999999999999}',
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_odd_answer_is_one_of_the_family(body: str) -> None:
    def fault(handler: object) -> None:
        handler.reply(200, body.encode("latin-1"), "application/json", {})  # type: ignore[attr-defined]

    with FakeNode({}) as node:
        node.faults.extend([fault] * 2)
        rpc = node.connect()
        with pytest.raises(NodeUnavailable) as caught:
            rpc.call("getblockcount")
        assert caught.value.message_id == "node_unexpected_answer"
        with pytest.raises(NodeUnavailable):
            rpc.batch([("getblockcount",)])


def test_null_is_an_answer_to_whoever_wants_it_raw() -> None:
    with FakeNode({"walletlock": None}) as node:
        for batch_size in (1, 10):
            (answer,) = node.connect(batch_size=batch_size).batch([("walletlock",)], into=msgspec.Raw)
            assert bytes(answer) == b"null"


def test_a_trial_ends_whatever_happens(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(self: Own) -> None:
        raise ZeroDivisionError

    own = Own(start().connect(), 3)
    own.failed(NodeUnavailable())
    wait_until(own.health.take_trial)
    monkeypatch.setattr(Own, "look", look)
    own.examine()
    assert own.state.state == "open"  # and not half open for ever


def test_our_own_limits_are_no_illness_of_the_node(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(self: Own) -> None:
        raise NodeBusy("node_connections_busy", limit=4)

    own = Own(start().connect(), 3)
    monkeypatch.setattr(Own, "look", look)
    own.examine()
    assert own.state.state == "closed"


@pytest.mark.parametrize("fault", [says(503), says(429)])
def test_a_transaction_stays_with_an_own_node_that_is_only_busy(start: Start, fault: object) -> None:
    own, other = start(sendrawtransaction="own"), start(sendrawtransaction="other")
    rpc = join(own, other)
    assert rpc.call("getblockcount") == 20
    own.faults.extend([fault] * 100)  # type: ignore[list-item]
    with pytest.raises(NodeBusy):
        rpc.call("sendrawtransaction", "00")
    assert not asked(other, "sendrawtransaction")


def test_it_is_offered_to_the_own_node_first_also_while_that_is_ill(start: Start) -> None:
    own, other = start(sendrawtransaction="own"), start(sendrawtransaction="other")
    rpc = join(own, other)
    own.faults.extend([hangs_up] * 2)
    rpc.call("getblockcount")
    own.faults.clear()
    assert rpc.call("sendrawtransaction", "00") == "own"


def test_a_node_that_is_behind_does_not_say_that_there_is_no_transaction(start: Start) -> None:
    own = start(22)
    other = start(20, getrawtransaction=refuse(-5), getindexinfo={"txindex": {"synced": True, "best_block_height": 20}})
    other.answers["help"] = "getrawtransaction"
    rpc = join(own, other)
    rpc.call("getblockcount")
    survey_done(rpc)
    own.faults.extend([hangs_up] * 1000)
    with pytest.raises(NodeBusy) as caught:
        rpc.call("getrawtransaction", "ab" * 32, 1)
    assert caught.value.message_id == "fallback_does_not_know_yet"


def test_a_node_that_comes_back_without_its_last_blocks_is_left_to_recover(start: Start) -> None:
    node = start(30)
    own = Own(node.connect(), 3)
    own.examine()
    assert own.state.height == 30
    node.answers.update(chain_answers(10))
    own.examine()
    assert (own.state.state, own.state.height) == ("open", 30)
    assert own.health.last_error is not None
    assert own.health.last_error.message_id == "node_recovers"
    own._seen_at = time.monotonic() - 3600  # after an hour it is the truth
    wait_until(own.health.take_trial)
    own.examine()
    assert (own.state.state, own.state.height) == ("closed", 10)


def test_a_node_that_can_be_held_against_nothing_does_not_answer(start: Start) -> None:
    own, other = start(), start()
    own.faults.extend([hangs_up] * 1000)
    rpc = join(own, other, network=None)
    with pytest.raises(NodeUnavailable):
        rpc.call("getblockcount")
    refused = rpc.members[1].refused
    assert refused is not None
    assert refused.message_id == "fallback_unknown_network"


def test_nobody_rests_for_hours() -> None:
    now = 0.0
    health = Health(first_wait=1, growth=2, clock=lambda: now)
    health.rest(NodeBusy("node_limit", retry_after=9_999))
    assert health.rest_left <= LONGEST_WAIT


def test_not_found_is_still_an_answer(start: Start) -> None:
    own = start(getblockheader=refuse(-5))
    rpc = join(own, start(getblockheader={"hash": "x"}))
    with pytest.raises(NotFound):
        rpc.call("getblockheader", "ab" * 32)
