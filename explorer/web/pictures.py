"""Pictures as SVG that needs no style attribute: colours come by class, positions are percentages, so nothing distorts.

Fee rates have six steps of colour, the same everywhere; the number always stands beside the colour.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from math import log1p

from markupsafe import Markup, escape

from explorer.bitcoin.models import MAX_BLOCK_WEIGHT, WITNESS_SCALE, BlockStats, MempoolStatus, TransactionPart
from explorer.language import gettext as _

STEPS = (2, 5, 15, 50, 150)  # sat/vB: where the second to the sixth colour of a fee rate begins
LEAST_BAR, LEAST_VESSEL = 0.02, 0.04  # what a level shows at least, unless there is nothing
RULER_MARKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000)
RULER_GAP = 7.0  # percent of the width that a label needs

FLOW_WIDTH, FLOW_HEIGHT, FLOW_TRUNK = 1_000, 120, 60
FLOW_GAP = 20.0  # between bands, at most


def fee_step(rate: Decimal | int | None) -> int:
    """1 to 6 on the scale of fee rates; 0 where there is none."""
    return 0 if rate is None else bisect_right(STEPS, rate) + 1


def next_fullness(mempool: MempoolStatus) -> float:
    """How much of the next block the mempool could fill, 0 to 1."""
    return min(1.0, mempool.vsize * WITNESS_SCALE / MAX_BLOCK_WEIGHT)


def markup(svg: str) -> Markup:
    """Text that is safe as it stands: made here of numbers and words of ours, or escaped already."""
    return Markup(svg)


def bar(fraction: float | None) -> Markup:
    """A level, lying."""
    level = _of(_level(fraction, LEAST_BAR))
    return markup(f'<svg class="bar" aria-hidden="true"><rect width="{level}" height="100%"/></svg>')


def vessel(fraction: float | None, step: int = 0) -> Markup:
    """A level, standing, with a tick at each quarter."""
    level = _level(fraction, LEAST_VESSEL)
    return markup(
        f'<svg class="vessel fee-{step}" aria-hidden="true">'
        f'<rect y="{_of(1 - level)}" width="100%" height="{_of(level)}"/>'
        '<line x1="86%" x2="100%" y1="25%" y2="25%"/><line x1="78%" x2="100%" y1="50%" y2="50%"/>'
        '<line x1="86%" x2="100%" y1="75%" y2="75%"/></svg>'
    )


def _level(fraction: float | None, least: float) -> float:
    return min(max(fraction, least), 1.0) if fraction else 0.0


def _of(fraction: float) -> str:
    return f"{fraction * 100:.4g}%"


def fee_scale() -> Markup:
    """The key to the six colours: where each begins."""
    width = 100 / (len(STEPS) + 1)
    steps = "".join(
        f'<rect class="fee-{n + 1}" x="{n * width:.2f}%" width="{width:.2f}%" height="6"/>'
        for n in range(len(STEPS) + 1)
    )
    words = "".join(f'<text x="{(n + 1) * width:.2f}%" y="19">{step}</text>' for n, step in enumerate(STEPS))
    bounds = ", ".join(map(str, STEPS))
    label = escape(_("Colours change at %(bounds)s sat/vB", bounds=bounds))
    return markup(f'<svg class="scale" role="img" aria-label="{label}">{steps}{words}</svg>')


# --- fee rates of a block, as a ruler ---------------------------------------------------------------------------------


def fee_ruler(stats: BlockStats) -> Markup:
    """All fee rates of a block on a logarithmic ruler: a line from the lowest to the highest, bands for the middle
    80% and 50% of the weight, and a needle at the median."""
    p10, p25, p50, p75, p90 = stats.fee_rates
    top = next((mark for mark in RULER_MARKS[2:] if mark >= stats.highest_fee_rate), stats.highest_fee_rate)

    def x(rate: int) -> float:
        return 2 + 96 * log1p(max(rate, 0)) / log1p(top)

    def span(kind: str, low: int, high: int, y: int, height: int) -> str:
        width = max(x(high) - x(low), 0.4)
        return f'<rect class="{kind}" x="{x(low):.2f}%" width="{width:.2f}%" y="{y}" height="{height}"/>'

    marks = "".join(
        f'<line x1="{x(mark):.2f}%" x2="{x(mark):.2f}%" y1="46" y2="54"/>'
        f'<text x="{x(mark):.2f}%" y="70">{mark:,}</text>'
        for mark in _spread([mark for mark in RULER_MARKS if mark <= top], x)
    )
    needle = f"{x(p50):.2f}%"
    label = _(
        "Fee rates in sat/vB: lowest %(lowest)s, median %(median)s, highest %(highest)s",
        lowest=stats.lowest_fee_rate,
        median=p50,
        highest=stats.highest_fee_rate,
    )
    return markup(
        f'<svg class="ruler" role="img" aria-label="{escape(label)}">'
        + span("range", stats.lowest_fee_rate, stats.highest_fee_rate, 27, 2)
        + span("most", p10, p90, 18, 20)
        + span("half", p25, p75, 18, 20)
        + f'<line x1="2%" x2="98%" y1="46" y2="46"/>{marks}'
        + f'<line class="needle" x1="{needle}" x2="{needle}" y1="8" y2="46"/>'
        + f'<circle class="needle" cx="{needle}" cy="8" r="4"/></svg>'
    )


def _spread(marks: Sequence[int], x: Callable[[int], float]) -> Iterator[int]:
    """Those marks that have room for their label."""
    last = -RULER_GAP
    for mark in marks:
        if x(mark) - last >= RULER_GAP:
            last = x(mark)
            yield mark


# --- the money through a transaction ----------------------------------------------------------------------------------


def flow(tx: TransactionPart) -> Markup:
    """Inputs from the left, outputs and the fee to the right, each as thick as its amount. Nothing where the inputs'
    amounts are not known or nothing moves."""
    inputs, fee = ((tx.total_out,), 0) if tx.is_coinbase else (tx.bands_in, tx.fee or 0)
    total = sum(inputs)
    if not total or total != tx.total_out + fee:
        return markup("")
    left = _bands(inputs, total)
    right = _bands([*tx.bands_out, fee] if fee else tx.bands_out, total)
    middle, end = FLOW_WIDTH // 2, FLOW_WIDTH
    paths = [f'<path d="{_band(0, outer, middle, inner)}"/>' for outer, inner in left]
    for place, (outer, inner) in enumerate(right, 1):
        kind = ' class="fee"' if fee and place == len(right) else ""
        paths.append(f'<path{kind} d="{_band(middle, inner, end, outer)}"/>')
    return markup(
        f'<svg class="flow" viewBox="0 0 {FLOW_WIDTH} {FLOW_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<defs><linearGradient id="money" gradientUnits="userSpaceOnUse" x1="0" x2="{FLOW_WIDTH}">'
        '<stop class="from" offset="0.1"/><stop class="to" offset="0.9"/></linearGradient></defs>'
        f'<g fill="url(#money)">{"".join(paths)}</g></svg>'
    )


Span = tuple[float, float]  # from, to


def _bands(amounts: Sequence[int], total: int) -> list[tuple[Span, Span]]:
    """For each amount where its band is at the picture's edge, fanned out, and in its middle, side by side."""
    gap = min(FLOW_GAP, (FLOW_HEIGHT - FLOW_TRUNK) / max(len(amounts) - 1, 1))
    outer = (FLOW_HEIGHT - FLOW_TRUNK - gap * (len(amounts) - 1)) / 2
    inner = (FLOW_HEIGHT - FLOW_TRUNK) / 2
    bands = []
    for amount in amounts:
        height = FLOW_TRUNK * amount / total
        seen = max(height, 0.8)  # the smallest shows as a thread
        bands.append(((outer, outer + seen), (inner, inner + height)))
        outer, inner = outer + height + gap, inner + height
    return bands


def _band(x1: int, start: Span, x2: int, end: Span) -> str:
    middle = (x1 + x2) // 2
    (a, b), (c, d) = start, end
    return (
        f"M{x1} {a:.1f}C{middle} {a:.1f} {middle} {c:.1f} {x2} {c:.1f}"
        f"V{d:.1f}C{middle} {d:.1f} {middle} {b:.1f} {x1} {b:.1f}Z"
    )


ALL = (fee_step, next_fullness, bar, vessel, fee_ruler, flow)
