"""The picture of a transaction: thick as the amounts, whole for every amount, each branch a link that says itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.bitcoin.models import Output, Script, Spend, TransactionPart
from explorer.web import flow
from explorer.web.flow import MOST, TRUNK
from tests.parts import transaction

AMOUNTS = st.lists(st.integers(0, 21_000_000 * 100_000_000), min_size=1, max_size=60)
CENT = 1_000_000
COST = 0.004  # seconds for a picture of all branches, on any machine that runs tests
SIZE = 700  # bytes for a branch, addresses included


def draw(tx: TransactionPart, spends: Mapping[int, Spend] | None = None, *, needs_block: bool = False) -> str:
    return flow.flow(tx, spends or {}, "/tx/", "/block/b", needs_block=needs_block)


def parse(svg: str) -> ElementTree.Element:
    assert "nan" not in svg
    assert "style=" not in svg
    return ElementTree.fromstring(svg)  # noqa: S314 - made here


def branches(svg: str) -> list[dict[str, Any]]:
    """What each says and where it leads; how thick it is in the trunk, and where it lies at its edge."""
    found = []
    for link in parse(svg).iter("a"):
        path, title = link.find("path"), link.find("title")
        assert path is not None
        assert title is not None
        d = path.attrib["d"]
        numbers = [float(number) for number in re.findall(r"-?[0-9.]+", d)]
        if d.startswith("M0 "):  # M0 top C… trunk_top V trunk_bottom C… bottom L…
            top, trunk_top, trunk_bottom, bottom = numbers[1], numbers[7], numbers[8], numbers[14]
        else:  # M500 trunk_top C… top L… bottom C… trunk_bottom
            trunk_top, top, bottom, trunk_bottom = numbers[1], numbers[7], numbers[11], numbers[17]
        found.append(
            {
                "kind": link.attrib["class"],
                "href": link.attrib["href"],
                "name": link.attrib["aria-label"],
                "title": title.text,
                "trunk": trunk_bottom - trunk_top,
                "edge": (top, bottom),
            }
        )
    return found


def legend(svg: str) -> list[str | None]:
    return [item.text for item in parse(svg).iter("li")]


def with_kinds(tx: TransactionPart, *kinds: str) -> TransactionPart:
    outputs = [
        Output(output.value, Script(kind, "00", "", None)) for output, kind in zip(tx.outputs, kinds, strict=True)
    ]
    return replace(tx, outputs=tuple(outputs))


def test_it_is_as_thick_as_the_amounts() -> None:
    one, three, out, fee = branches(draw(transaction([100, 300], [360])))
    for branch, share in ((one, 0.25), (three, 0.75), (out, 0.9), (fee, 0.1)):
        assert branch["trunk"] == pytest.approx(TRUNK * share, abs=0.11)
        top, bottom = branch["edge"]
        assert bottom - top == pytest.approx(TRUNK * share, abs=0.11)


@settings(deadline=None)
@given(AMOUNTS, st.data())
def test_it_stays_in_its_picture(inputs: list[int], data: st.DataObject) -> None:
    total, outputs = sum(inputs), []
    for _ in range(data.draw(st.integers(1, 60))):
        outputs.append(data.draw(st.integers(0, total)))
        total -= outputs[-1]
    svg = draw(transaction(inputs, outputs))
    if not sum(inputs):
        assert svg == ""
        return
    (picture,) = parse(svg).findall("svg")
    _, top, _, height = map(float, picture.attrib["viewBox"].split())
    assert picture.attrib["height"] == f"{height:.0f}"
    found = branches(svg)
    assert len(found) <= 2 * MOST + 1
    assert all(top <= edge <= top + height for branch in found for edge in branch["edge"])
    for name in ("Input", "Output"):  # none covers its neighbour
        edges = [edge for branch in found if branch["name"].startswith(name) for edge in branch["edge"]]
        assert edges == sorted(edges)


def test_every_branch_says_what_it_is_and_leads_there() -> None:
    tx = with_kinds(transaction([CENT, 50 * CENT], [40 * CENT, 0, CENT]), "witness_v1_taproot", "nulldata", "odd")
    spends = {0: Spend("spent", "cc" * 32, "dd" * 32), 1: Spend("unspendable"), 2: Spend("unspent")}
    found = branches(draw(tx, spends))
    assert [(branch["name"], branch["kind"], branch["href"]) for branch in found] == [
        ("Input 0: 0.01 BTC, P2WPKH", "kind-p2wpkh", f"/tx/{'bb' * 32}#out-0"),
        ("Input 1: 0.5 BTC, P2WPKH", "kind-p2wpkh", f"/tx/{'bb' * 32}#out-1"),
        ("Output 0, spent: 0.4 BTC, Taproot", "kind-p2tr", f"/tx/{'cc' * 32}"),
        ("Output 1: 0 BTC, OP_RETURN", "kind-other", "#out-1"),
        ("Output 2: 0.01 BTC, odd", "kind-other", "#out-2"),
        ("Fee: 0.1 BTC", "kind-fee", "/block/b"),
    ]
    assert found[0]["title"] == "Input 0: 0.01 BTC, P2WPKH\nbc1q"
    assert found[3]["trunk"] == pytest.approx(flow.THREAD)
    assert found[3]["edge"][1] - found[3]["edge"][0] == pytest.approx(flow.HAIR, abs=0.11)  # and it is there


def test_links_say_the_block_where_the_node_needs_it() -> None:
    tx = transaction([CENT], [CENT - 1])
    tx = replace(tx, inputs=(replace(tx.inputs[0], vout=60, prevout_height=7),))
    found = branches(draw(tx, {0: Spend("spent", "cc" * 32, "dd" * 32)}, needs_block=True))
    assert [branch["href"] for branch in found[:2]] == [
        f"/tx/{'bb' * 32}?block=7&page=2#out-60",
        f"/tx/{'cc' * 32}?block={'dd' * 32}",
    ]
    (waiting,) = branches(draw(tx, {0: Spend("spent", "cc" * 32)}, needs_block=True))[1:2]
    assert waiting["href"] == f"/tx/{'cc' * 32}"  # in the mempool


def test_it_says_the_whole_in_a_sentence() -> None:
    (svg,) = parse(draw(transaction([CENT, CENT], [CENT]))).findall("svg")
    assert svg.attrib["role"] == "group"
    assert svg.attrib["aria-label"] == "0.02 BTC from 2 inputs to 1 output, with a fee of 0.01 BTC"


def test_of_many_the_last_branch_is_the_rest() -> None:
    tx = transaction([CENT] * 50, [2 * CENT] * 50, input_count=2_000, output_count=900, total_out=1_900 * CENT)
    tx = replace(tx, fee=100 * CENT)
    svg = draw(tx)
    found = branches(svg)
    assert len(found) == 2 * MOST + 1
    rest_in, rest_out = (branch for branch in found if branch["kind"] == "kind-rest")
    assert (rest_in["name"], rest_in["href"]) == ("1,981 more inputs: 19.81 BTC", "#inputs")
    assert (rest_out["name"], rest_out["href"]) == ("881 more outputs: 18.62 BTC", "#outputs")
    assert legend(svg)[-1] == "1,981 more inputs, 881 more outputs"


@pytest.mark.parametrize("count", [MOST, MOST + 1])
def test_as_many_as_it_shows_have_a_branch_each(count: int) -> None:
    found = branches(draw(transaction([CENT] * count, [CENT])))
    gathered = [branch["name"] for branch in found if branch["kind"] == "kind-rest"]
    assert gathered == ([] if count == MOST else ["2 more inputs: 0.02 BTC"])


def test_the_legend_lists_the_kinds_that_occur() -> None:
    tx = with_kinds(transaction([CENT], [1, 2, 3, 4]), "anchor", "pubkeyhash", "nulldata", "anchor")
    assert legend(draw(tx)) == ["P2PKH", "P2WPKH", "Anchor, OP_RETURN", "Fee"]
    assert legend(draw(transaction([CENT], [CENT]))) == ["P2WPKH"]


def test_there_is_none_where_an_input_is_not_known() -> None:
    assert draw(transaction([100, None], [90])) == ""
    assert draw(transaction([100, None], [90], fee=10)) == ""  # the node says the fee alone


def test_there_is_none_where_amounts_contradict_each_other() -> None:
    assert draw(transaction([100], [90], fee=20)) == ""


def test_there_is_none_beside_a_further_page() -> None:
    assert draw(transaction([100], [90], first=50)) == ""


def test_of_a_coinbase_it_is_what_that_pays_out() -> None:
    svg = draw(transaction([], [300, 100]))
    new, out, more = branches(svg)
    assert (new["name"], new["kind"], new["href"]) == ("New coins and fees: 0.000004 BTC", "kind-new", "#in-0")
    assert [branch["trunk"] for branch in (new, out, more)] == pytest.approx([TRUNK, TRUNK * 0.75, TRUNK / 4], abs=0.11)
    assert legend(svg) == ["New coins and fees", "P2WPKH"]
    assert "0.000004 BTC of new coins and fees to 2 outputs" in svg


def test_what_a_node_says_is_escaped() -> None:
    tx = with_kinds(transaction([CENT], [CENT]), '"><b>')
    assert '"><b>' not in draw(tx)
    assert branches(draw(tx))[1]["name"] == 'Output 0: 0.01 BTC, "><b>'


def test_it_costs_little() -> None:
    tx = transaction([CENT + n for n in range(50)], [CENT - n for n in range(50)])
    svg = draw(tx)
    assert len(svg) < SIZE * len(branches(svg))
    times = []
    for _ in range(10):
        start = perf_counter()
        draw(tx)
        times.append(perf_counter() - start)
    assert min(times) < COST
