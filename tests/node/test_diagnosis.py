"""What the doctor finds where no real node would do: refusals, limits, odd answers and clocks. Each node is healthy but
for one thing, and that is the only verdict."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from config import Secret
from explorer.findings import LEVELS, amount, duration, worst
from explorer.findings.words import CATALOGUE
from explorer.node.discovery import Cookie, Password
from explorer.node.methods import METHODS, NEEDED, USEFUL
from explorer.node.rpcauth import make_user
from tests.fakenode import FakeNode, drips, hangs_up, is_no_http, nothing_wrong, says, says_json
from tests.node.examination import ANSWERS, INDEXES, NESTED, chain, examined, misses_parameters, node, the_trouble

__all__ = ["node"]  # a fixture

KEY = "key-00b204e9800998ecf8427e"


def test_nothing_is_wrong_with_a_healthy_node(node: FakeNode) -> None:
    assert {finding.level for finding in examined(node.endpoint())} == {"ok"}


def test_it_asks_nothing_that_would_change_a_node(node: FakeNode) -> None:
    examined(node.endpoint())
    asked = {request.body["method"] for request in node.requests}
    assert set(METHODS) <= asked
    assert all(method.startswith(("get", "list", "help", "uptime")) for method in asked)


# --- refused ----------------------------------------------------------------------------------------------------------


def test_an_address_that_is_not_allowed(node: FakeNode) -> None:
    """Never for loopback, by a real node. It looks at the address before the password, and at every path."""
    node.refuses_addresses = True
    trouble = the_trouble(node.endpoint(), "address_not_allowed")
    assert trouble.words.advice.startswith("Add rpcallowip=")
    assert not any("Authorization" in request.headers for request in node.requests)


@pytest.mark.parametrize("status", [401, 403])
def test_no_cookie_and_an_error_for_strangers(node: FakeNode, status: int, tmp_path: Path) -> None:
    """A refusal is one, in whatever words: nobody without a password is let in."""
    refusal = says(status, '{"result":null,"error":{"code":-32000,"message":"log in"},"id":1}', "application/json")
    node.faults.extend([refusal] * 2)
    finding_id = "cookie_missing" if status == 401 else "address_not_allowed"
    the_trouble(node.endpoint(credentials=Cookie(tmp_path / ".cookie")), finding_id)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused(node: FakeNode, status: int) -> None:
    node.faults.extend([says(status)] * 2)
    trouble = the_trouble(node.endpoint(credentials=None, target=Secret(f"/v1/{KEY}/")), "key_refused")
    assert KEY not in repr(trouble) + "".join(trouble.words)


def test_a_provider_that_is_well(node: FakeNode) -> None:
    """It asks for no password: its key is in the path. Its notifications and rights are not looked at."""
    endpoint = node.endpoint(credentials=None, target=Secret(f"/v1/{KEY}/"), is_own=False)
    node.faults.extend([says_json('{"result":7,"error":null,"id":1}')] * 2)
    node.faults.extend(says_json(_json(result)) for result in (chain(), ANSWERS["getnetworkinfo"], INDEXES))
    assert {finding.level for finding in examined(endpoint)} == {"ok"}
    assert {request.path for request in node.requests} == {f"/v1/{KEY}/"}
    assert not any("Authorization" in request.headers for request in node.requests)


def _json(result: Any) -> str:
    return json.dumps({"result": result, "error": None, "id": 1})


def test_a_provider_that_limits_its_rate(node: FakeNode) -> None:
    node.faults.append(says(429))
    the_trouble(node.endpoint(credentials=None, target=Secret(f"/v1/{KEY}/")), "rate_limited")


# --- not well ---------------------------------------------------------------------------------------------------------


def test_an_answer_that_makes_no_sense(node: FakeNode) -> None:
    node.answers["getblockchaininfo"] = misses_parameters
    trouble = the_trouble(node.endpoint(), "odd_answer")
    assert trouble.values["code"] == -1


@pytest.mark.parametrize("answer", [None, 7, "text", [], {}, {"chain": "regtest"}, chain(blocks="seven")])
def test_an_answer_of_another_shape(node: FakeNode, answer: Any) -> None:
    node.answers["getblockchaininfo"] = answer
    the_trouble(node.endpoint(), "odd_answer")


def test_a_node_that_turns_to_lists_in_lists(node: FakeNode) -> None:
    def turns(handler: Any) -> None:
        if json.loads(handler.body)["method"] == "getblockchaininfo" and "Authorization" in handler.headers:
            says_json(NESTED)(handler)
        else:
            handler.answer()

    node.faults.extend([turns] * 100)
    the_trouble(node.endpoint(), "odd_answer")


def test_a_node_that_slows_down(node: FakeNode) -> None:
    node.faults.extend([nothing_wrong] * 3)
    node.faults.append(drips)
    began = time.monotonic()
    the_trouble(node.endpoint(), "no_answer")
    assert time.monotonic() - began < 5  # it would drip for 20


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
        "Mon, 99 Jan 2024 99:99:99 GMT",
        "soon",
    ],
)
def test_a_date_that_is_none(node: FakeNode, date: str) -> None:
    """Then the clocks are not compared."""
    node.faults.append(says(401, Date=date))
    assert {finding.level for finding in examined(node.endpoint())} == {"ok"}


@pytest.mark.parametrize("method", ["getnetworkinfo", "getindexinfo", "getzmqnotifications"])
@pytest.mark.parametrize("answer", [None, 7, "text", [7], {"txindex": 7}, {"timeoffset": "soon"}])
def test_odd_answers_break_nothing(node: FakeNode, method: str, answer: Any) -> None:
    node.answers[method] = answer
    findings = examined(node.endpoint())
    assert findings[-1].id == "limited_user"
    assert {finding.id for finding in findings if finding.level != "ok"} <= {"zmq_off"}


@pytest.mark.parametrize(("offset", "finding_id"), [(3600, "clock_ahead_of_ours"), (-3600, "clock_behind_ours")])
def test_a_clock_that_differs_from_ours(node: FakeNode, offset: int, finding_id: str) -> None:
    """A real node cannot be given a wrong clock: -mocktime leaves HTTP's Date alone."""
    date = formatdate(time.time() + offset, usegmt=True)
    node.faults.append(says(401, Date=date))
    trouble = the_trouble(node.endpoint(), finding_id)
    assert trouble.values["off"] == "60 minutes"


@pytest.mark.parametrize(
    ("index", "finding_id"),
    [
        ("txindex", "txindex_building"),
        ("basic block filter index", "block_filters_building"),
        ("coinstatsindex", "coin_stats_building"),
    ],
)
def test_an_index_that_is_being_built(node: FakeNode, index: str, finding_id: str) -> None:
    """A real one of a short chain is ready before one looks."""
    node.answers["getindexinfo"] = {**INDEXES, index: {"synced": False, "best_block_height": 3}}
    trouble = the_trouble(node.endpoint(), finding_id)
    assert (trouble.values["height"], trouble.values["tip"], trouble.values["percent"]) == (3, 7, 42)


def test_an_estimate_by_the_work_that_is_left(node: FakeNode) -> None:
    """Progress tells more than blocks: late blocks are larger."""
    looks = iter(
        [
            chain(blocks=100, headers=1000, verificationprogress=0.50, initialblockdownload=True),
            chain(blocks=101, headers=1000, verificationprogress=0.50001, initialblockdownload=True),
        ]
    )
    told = next(looks)

    def look_again(_: float) -> None:
        nonlocal told
        told = next(looks)
        time.sleep(0.2)

    node.answers["getblockchaininfo"] = lambda: told
    findings = examined(node.endpoint(), pause=look_again)
    (trouble,) = [finding for finding in findings if finding.level != "ok"]
    assert trouble.id == "catching_up"
    assert trouble.values["left"] in {f"{n} hours" for n in (2, 3, 4, 5)}  # 49,999 times what was done in 0.2 s or more


# --- no secrets, words, rights ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [nothing_wrong, hangs_up, is_no_http, says(401), says(403), says(500), says(503)])
def test_no_finding_tells_a_secret(node: FakeNode, fault: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    node.login = "alice:pass-d41d8cd98f"
    node.faults.extend([fault] * 3)
    endpoint = node.endpoint(
        credentials=Password("alice", Secret("pass-d41d8cd98f")), target=Secret(f"/v1/{KEY}/?token={KEY}")
    )
    findings = examined(endpoint)
    shown = "".join([*map(repr, findings), *("".join(finding.words) for finding in findings), caplog.text])
    assert shown
    assert "pass-d41d8cd98f" not in shown
    assert KEY not in shown


def test_every_finding_has_its_words() -> None:
    for finding_id, entry in CATALOGUE.items():
        assert entry.level in LEVELS
        assert entry.title
        assert entry.what.endswith((".", "}"))
        assert (entry.advice == "") == (entry.level == "ok"), finding_id


def test_the_worst_of_several() -> None:
    assert worst(["ok", "warning", "note"]) == "warning"
    assert worst([]) == "ok"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 second"), (90, "90 seconds"), (120, "2 minutes"), (7200, "2 hours"), (200_000, "2 days")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_amounts() -> None:
    assert amount(100_000_000) == "100 MB"
    assert amount(12_340_000_000) == "12.3 GB"


def test_a_user_is_made_anew_each_time() -> None:
    first, second = make_user("explorer"), make_user("explorer")
    assert first.password != second.password
    assert len(first.password.reveal()) >= 40
    assert first.password.reveal() not in repr(first)
    assert first.lines[1] == f"rpcwhitelist=explorer:{','.join(METHODS)}"
    for name in ("", "a:b", "a b", "a,b", "a$b", "ä", "x" * 65):
        with pytest.raises(ValueError, match="letters, digits"):
            make_user(name)


def test_what_is_needed_and_what_is_useful_do_not_overlap() -> None:
    assert not NEEDED & USEFUL
