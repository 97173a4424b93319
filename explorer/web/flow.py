"""The picture of a transaction: inputs from the left, outputs and the fee to the right, as thick as their amounts.

Every branch is a link and says what it is. Colours tell kinds of script, by class; the legend lists those that occur.
An output of nothing, which as a rule carries data, is a hairline: it is there, and takes nothing from the trunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from flask import Flask
from markupsafe import Markup

from explorer.bitcoin.models import Input, Output, Spend, TransactionPart
from explorer.html import escaped, markup
from explorer.language import gettext as _
from explorer.language import ngettext
from explorer.web.filters import output_anchor, plain_amount, script_name
from explorer.web.pictures import OTHER, SCRIPT_KINDS, script_kind

MOST = 20  # branches on either side; of more, the last one is all the rest
WIDTH, MIDDLE = 1_000, 500  # stretched to the page's; what is down is in pixels
TRUNK = 72  # pixels, of all the money
GAP, FAN = 26, 152  # between neighbours, and between all of them, at most
HAIR, THREAD = 1.5, 0.8  # the least that is seen, at the edges and in the trunk
TIP = 9  # how far an arrow is pointed, at most
MARGIN = 3  # above and below, for the outline of the branch in focus

NEW, FEE, REST = "new", "fee", "rest"  # kinds beside those of scripts
LEGEND = (NEW, *SCRIPT_KINDS.values(), OTHER, FEE, REST)  # in this order


class Branch(NamedTuple):
    """`name` is what it says to everybody, `detail` a further line for the mouse, `label` what the legend calls it."""

    amount: int
    kind: str
    label: str
    href: str
    name: str
    detail: str | None = None


class Place(NamedTuple):
    """Where a branch lies, down from the middle of the picture: at its edge, fanned out, and in the trunk."""

    top: float
    bottom: float
    trunk_top: float
    trunk_bottom: float


def flow(tx: TransactionPart, spends: Mapping[int, Spend], tx_url: str, fee_url: str, *, needs_block: bool) -> Markup:
    """Nothing where the inputs' amounts are not known, where nothing moves, and beside any page but the first.

    `needs_block`: links to transactions have to say in which block they are.
    """
    left = _inputs(tx, tx_url, needs_block=needs_block)
    right = _outputs(tx, spends, tx_url, needs_block=needs_block)
    if tx.fee:
        name = _("Fee: %(amount)s", amount=plain_amount(tx.fee))
        right.append(Branch(tx.fee, FEE, _("Fee"), fee_url, name))
    total = sum(branch.amount for branch in right)
    if tx.first or not total or total != sum(branch.amount for branch in left):
        return markup("")
    places_in, places_out = _places(left, total), _places(right, total)
    half = ceil(max(-places_in[0].top, -places_out[0].top)) + MARGIN
    branches = [_link(branch, _from_left(place)) for branch, place in zip(left, places_in, strict=True)]
    branches += [_link(branch, _to_right(place)) for branch, place in zip(right, places_out, strict=True)]
    kinds = {branch.kind for branch in (*left, *right)}
    gradients = [_gradient(kind) for kind in LEGEND if kind in kinds]
    return markup(
        '<figure class="flow">'
        f'<svg role="group" aria-label="{_sentence(tx, total)}" viewBox="0 {-half} {WIDTH} {2 * half}"'
        f' height="{2 * half}" preserveAspectRatio="none">'
        f"<defs>{''.join(gradients)}</defs>{''.join(branches)}</svg>"
        f"<figcaption><ul>{''.join(_legend((*left, *right)))}</ul></figcaption></figure>"
    )


def _sentence(tx: TransactionPart, total: int) -> str:
    outputs = ngettext("%(num)s output", "%(num)s outputs", tx.output_count)
    amount = plain_amount(total)
    if tx.is_coinbase:
        return _("%(amount)s of new coins and fees to %(outputs)s", amount=amount, outputs=outputs)
    inputs = ngettext("%(num)s input", "%(num)s inputs", tx.input_count)
    return _(
        "%(amount)s from %(inputs)s to %(outputs)s, with a fee of %(fee)s",
        amount=amount,
        inputs=inputs,
        outputs=outputs,
        fee=plain_amount(tx.fee or 0),
    )


# --- branches ---------------------------------------------------------------------------------------------------------


def _inputs(tx: TransactionPart, tx_url: str, *, needs_block: bool) -> list[Branch]:
    """Empty where amounts are not known."""
    if tx.is_coinbase:
        label = _("New coins and fees")
        return [Branch(tx.total_out, NEW, label, "#in-0", f"{label}: {plain_amount(tx.total_out)}")]
    branches = []
    for vin, source in enumerate(tx.inputs[: _seen(tx.input_count)]):
        if source.prevout is None or tx.total_in is None:
            return []
        href = f"{tx_url}{source.txid}{_anchor(source, needs_block=needs_block)}"
        branches.append(_of_output(_("Input %(number)s", number=vin), source.prevout, href))
    return branches + _rest(branches, tx.input_count, tx.total_in or 0, is_input=True)


def _anchor(source: Input, *, needs_block: bool) -> str:
    return output_anchor(source.vout or 0, source.prevout_height if needs_block else None)


def _outputs(tx: TransactionPart, spends: Mapping[int, Spend], tx_url: str, *, needs_block: bool) -> list[Branch]:
    branches = []
    for vout, output in enumerate(tx.outputs[: _seen(tx.output_count)]):
        spend = spends.get(vout)
        if spend and spend.txid:
            in_block = f"?block={spend.block_hash}" if needs_block and spend.block_hash else ""
            which = _("Output %(number)s, spent", number=vout)
            branches.append(_of_output(which, output, f"{tx_url}{spend.txid}{in_block}"))
        else:
            branches.append(_of_output(_("Output %(number)s", number=vout), output, f"#out-{vout}"))
    return branches + _rest(branches, tx.output_count, tx.total_out, is_input=False)


def _of_output(which: str, output: Output, href: str) -> Branch:
    label = script_name(output.script.type)
    name = f"{which}: {plain_amount(output.value)}, {label}"
    return Branch(output.value, script_kind(output.script.type), label, href, name, output.script.address)


def _rest(seen: Sequence[Branch], count: int, total: int, *, is_input: bool) -> list[Branch]:
    """All that have no branch of their own, as one."""
    if not (left := count - len(seen)):
        return []
    amount = total - sum(branch.amount for branch in seen)
    if is_input:
        href, label = "#inputs", ngettext("%(num)s more input", "%(num)s more inputs", left)
    else:
        href, label = "#outputs", ngettext("%(num)s more output", "%(num)s more outputs", left)
    return [Branch(amount, REST, label, href, f"{label}: {plain_amount(amount)}")]


def _seen(count: int) -> int:
    return count if count <= MOST else MOST - 1


# --- shapes -----------------------------------------------------------------------------------------------------------


def _places(branches: Sequence[Branch], total: int) -> list[Place]:
    shares = [TRUNK * branch.amount / total for branch in branches]
    gap = min(GAP, FAN / max(len(branches) - 1, 1))
    top = -(sum(max(share, HAIR) for share in shares) + gap * (len(branches) - 1)) / 2
    trunk = -TRUNK / 2
    places = []
    for share in shares:
        bottom = top + max(share, HAIR)
        places.append(Place(top, bottom, trunk, trunk + max(share, THREAD)))
        top, trunk = bottom + gap, trunk + share
    return places


def _from_left(place: Place) -> str:
    top, bottom, trunk_top, trunk_bottom = map(_number, place)
    bend, end = MIDDLE // 2, MIDDLE + 1  # over the others' edge: or the background would shimmer through
    notch, middle = _tip(place)
    return (
        f"M0 {top}C{bend} {top} {bend} {trunk_top} {end} {trunk_top}V{trunk_bottom}"
        f"C{bend} {trunk_bottom} {bend} {bottom} 0 {bottom}L{_number(notch)} {middle}Z"
    )


def _to_right(place: Place) -> str:
    top, bottom, trunk_top, trunk_bottom = map(_number, place)
    bend = MIDDLE + MIDDLE // 2
    tip, middle = _tip(place)
    end = _number(WIDTH - tip)
    return (
        f"M{MIDDLE} {trunk_top}C{bend} {trunk_top} {bend} {top} {end} {top}L{WIDTH} {middle} {end} {bottom}"
        f"C{bend} {bottom} {bend} {trunk_bottom} {MIDDLE} {trunk_bottom}Z"
    )


def _tip(place: Place) -> tuple[float, str]:
    """How long it is, and where, down."""
    return min(TIP, (place.bottom - place.top) / 2), _number((place.top + place.bottom) / 2)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _link(branch: Branch, path: str) -> str:
    title = f"{branch.name}\n{branch.detail}" if branch.detail else branch.name
    return (
        f'<a class="kind-{branch.kind}" href="{escaped(branch.href)}" aria-label="{escaped(branch.name)}">'
        f'<title>{escaped(title)}</title><path fill="url(#flow-{branch.kind})" d="{path}"/></a>'
    )


def _gradient(kind: str) -> str:
    """The kind's own colour at the edges, that of all money in the trunk."""
    return (
        f'<linearGradient id="flow-{kind}" class="kind-{kind}" gradientUnits="userSpaceOnUse" x2="{WIDTH}">'
        '<stop offset=".06"/><stop offset=".5"/><stop offset=".94"/></linearGradient>'
    )


def _legend(branches: Sequence[Branch]) -> Iterator[str]:
    for kind in LEGEND:
        if labels := dict.fromkeys(branch.label for branch in branches if branch.kind == kind):
            yield f'<li class="kind-{kind}">{escaped(", ".join(labels))}</li>'


def register(app: Flask) -> None:
    app.add_template_global(flow)
