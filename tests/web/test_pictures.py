"""Pictures: right in their proportions, whole for every amount, without anything that a strict policy forbids."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.bitcoin.models import BlockStats, MempoolStatus
from explorer.bitcoin.weights import BlockWeights, OutputKind
from explorer.web import pictures


def stats(*rates: int) -> BlockStats:
    lowest, p10, p25, p50, p75, p90, highest = rates
    return BlockStats(0, 1, (p10, p25, p50, p75, p90), lowest, highest, 0, 1, 1)


def parse(svg: str) -> ElementTree.Element:
    assert "nan" not in svg
    assert "style=" not in svg
    return ElementTree.fromstring(svg)  # noqa: S314 - made here


def percent(element: ElementTree.Element, name: str) -> float:
    return float(element.attrib[name].removesuffix("%"))


@pytest.mark.parametrize(
    ("rate", "step"),
    [(None, 0), (0, 1), ("1.99", 1), (2, 2), ("4.99", 2), (5, 3), (15, 4), (50, 5), (149, 5), (150, 6), (9_999, 6)],
)
def test_fee_rates_have_six_steps(rate: str | int | None, step: int) -> None:
    assert pictures.fee_step(None if rate is None else Decimal(rate)) == step


def test_a_bar_is_as_long_as_the_fraction() -> None:
    lengths = [percent(parse(pictures.bar(part))[0], "width") for part in (None, 0, 0.001, 0.5, 1, 1.5)]
    assert lengths == [0, 0, 2, 50, 100, 100]  # the least is seen


def test_a_vessel_fills_from_below() -> None:
    level = parse(pictures.vessel(0.75, 3))[0]
    assert (percent(level, "y"), percent(level, "height")) == (25, 75)
    assert "fee-3" in pictures.vessel(0.75, 3)


def test_the_next_block_is_never_more_than_full() -> None:
    assert pictures.next_fullness(MempoolStatus(1, 250_000, Decimal(1))) == 0.25
    assert pictures.next_fullness(MempoolStatus(1, 9_000_000, Decimal(1))) == 1


def test_the_key_names_where_each_colour_begins() -> None:
    assert [text.text for text in parse(pictures.fee_scale()).iter("text")] == [str(step) for step in pictures.STEPS]


def test_the_ruler_puts_the_needle_at_the_median_within_its_bands() -> None:
    svg = parse(pictures.fee_ruler(stats(1, 2, 4, 5, 7, 9, 23)))
    rects = {rect.attrib["class"]: rect for rect in svg.iter("rect")}
    needle = percent(svg.findall("circle")[0], "cx")
    for band in ("half", "most", "range"):
        start, width = percent(rects[band], "x"), percent(rects[band], "width")
        assert start < needle < start + width
    assert percent(rects["half"], "width") < percent(rects["most"], "width") < percent(rects["range"], "width")
    assert next(text for text in svg.iter("text") if text.text == "5").attrib["x"] == f"{needle:.2f}%"


@given(st.lists(st.integers(0, 10**9), min_size=7, max_size=7).map(sorted))
def test_the_ruler_holds_every_rate(rates: list[int]) -> None:
    svg = parse(pictures.fee_ruler(stats(*rates)))
    places = [percent(text, "x") for text in svg.iter("text")]
    assert places == sorted(places)
    assert all(after - before >= pictures.RULER_GAP - 0.01 for before, after in pairwise(places))
    for rect in svg.iter("rect"):
        assert 0 <= percent(rect, "x") <= percent(rect, "x") + percent(rect, "width") <= 100


def test_a_stack_is_divided_as_the_weight_is() -> None:
    kinds = (OutputKind("witness_v1_taproot", 3, 1, 500), OutputKind("nulldata", 1, 0, 100))
    svg = parse(pictures.weight_stack(BlockWeights(kinds, 250, 110, 40)))
    rects = svg.findall("rect")
    assert [rect.attrib["class"] for rect in rects] == [
        f"kind-{kind}" for kind in ("p2tr", "other", "inputs", "witnesses", "frame")
    ]
    assert [percent(rect, "width") for rect in rects] == [50, 10, 25, 11, 4]
    assert [percent(rect, "x") for rect in rects] == [0, 50, 60, 85, 96]
    assert svg.attrib["aria-label"] == "Outputs take 60% of the weight, inputs 25%, witnesses 11%"
