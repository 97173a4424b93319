"""Pictures as SVG that needs no style attribute: colours come by class, positions are percentages, so nothing distorts.

Fee rates have six steps of colour, the same everywhere; the number always stands beside the colour.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from math import log1p

from markupsafe import Markup

from explorer.bitcoin.models import MAX_BLOCK_WEIGHT, WITNESS_SCALE, BlockStats, MempoolStatus
from explorer.bitcoin.weights import BlockWeights
from explorer.html import escaped, markup
from explorer.language import gettext as _

STEPS = (2, 5, 15, 50, 150)  # sat/vB: where the second to the sixth colour of a fee rate begins
LEAST_BAR, LEAST_VESSEL = 0.02, 0.04
RULER_MARKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000)
RULER_GAP = 7.0  # percent of the width that a label needs

SCRIPT_KINDS = {  # the node's word: the class of its colour
    "pubkeyhash": "p2pkh",
    "scripthash": "p2sh",
    "witness_v0_keyhash": "p2wpkh",
    "witness_v0_scripthash": "p2wsh",
    "witness_v1_taproot": "p2tr",
}
OTHER = "other"  # the colour of all kinds that are rare


def fee_step(rate: Decimal | int | None) -> int:
    """1 to 6 on the scale of fee rates; 0 where there is none."""
    return 0 if rate is None else bisect_right(STEPS, rate) + 1


def next_fullness(mempool: MempoolStatus) -> float:
    """How much of the next block the mempool could fill, 0 to 1."""
    return min(1.0, mempool.vsize * WITNESS_SCALE / MAX_BLOCK_WEIGHT)


def bar(fraction: float | None, least: float = LEAST_BAR) -> Markup:
    """A level, lying. `least` is what it shows at least, unless there is nothing."""
    level = _of(_level(fraction, least))
    return markup(f'<svg class="bar" aria-hidden="true"><rect width="{level}" height="100%"/></svg>')


def vessel(fraction: float | None, step: int = 0) -> Markup:
    """A level, standing. Its ticks are the stylesheet's: there are many vessels on a page."""
    level = _level(fraction, LEAST_VESSEL)
    return markup(
        f'<svg class="vessel fee-{step}" aria-hidden="true">'
        f'<rect y="{_of(1 - level)}" width="100%" height="{_of(level)}"/></svg>'
    )


def script_kind(script_type: str) -> str:
    """The class of the colour that stands for a kind of script."""
    return SCRIPT_KINDS.get(script_type, OTHER)


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
    label = escaped(_("Colours change at %(bounds)s sat/vB", bounds=bounds))
    return markup(f'<svg class="scale" role="img" aria-label="{label}">{steps}{words}</svg>')


def weight_stack(weights: BlockWeights) -> Markup:
    """A block's weight, lying, in the order of the table beside it."""
    parts = [(script_kind(kind.type), kind.weight) for kind in weights.kinds]
    parts += [("inputs", weights.inputs), ("witnesses", weights.witnesses), ("frame", weights.frame)]
    rects, start = [], 0
    for kind, weight in parts:
        x, width = _of(start / weights.total), _of(weight / weights.total)
        rects.append(f'<rect class="kind-{kind}" x="{x}" width="{width}" height="100%"/>')
        start += weight
    outputs, inputs, witnesses = (
        f"{part / weights.total:.0%}" for part in (weights.outputs, weights.inputs, weights.witnesses)
    )
    words = _(
        "Outputs take %(outputs)s of the weight, inputs %(inputs)s, witnesses %(witnesses)s",
        outputs=outputs,
        inputs=inputs,
        witnesses=witnesses,
    )
    return markup(f'<svg class="stack" role="img" aria-label="{escaped(words)}">{"".join(rects)}</svg>')


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
        f'<svg class="ruler" role="img" aria-label="{escaped(label)}">'
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


ALL = (fee_step, next_fullness, bar, vessel, fee_ruler, script_kind, weight_stack)
