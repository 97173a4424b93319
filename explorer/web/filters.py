"""How values are written: the filters of the templates. Pure, and fast enough for thousands of rows a page.

Numbers that the node cannot know come as None and read "not known". Amounts and times are written as the visitor
prefers (explorer/web/preferences.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from flask import Flask
from markupsafe import Markup

from explorer.bitcoin.amounts import COIN
from explorer.bitcoin.carried import carried
from explorer.bitcoin.coinbase import coinbase_text
from explorer.bitcoin.models import BlockStats, Input, MempoolEntry, Output, fee_rate
from explorer.chain.transactions import PER_PAGE
from explorer.html import escaped, markup
from explorer.language import gettext as _
from explorer.language import noop
from explorer.web import locks, pictures, times
from explorer.web.preferences import USUAL, applied, current

LONG_SCRIPT = 1_000  # hex characters, of a script or a whole witness; longer ones are linked to, not shown
END = 8  # characters of a shortened id that always show

NETWORKS = {
    "main": noop("Mainnet"),
    "test": noop("Testnet3"),
    "testnet4": noop("Testnet4"),
    "signet": noop("Signet"),
    "regtest": noop("Regtest"),
}
SCRIPTS = {  # the node's word: (label, what it stands for)
    "pubkey": ("P2PK", noop("Pay to public key")),
    "pubkeyhash": ("P2PKH", noop("Pay to public key hash")),
    "scripthash": ("P2SH", noop("Pay to script hash")),
    "multisig": (noop("Multisig"), noop("Bare multisig: public keys without an address")),
    "nulldata": ("OP_RETURN", noop("Carries data, can never be spent")),
    "witness_v0_keyhash": ("P2WPKH", noop("Pay to witness public key hash, segwit version 0")),
    "witness_v0_scripthash": ("P2WSH", noop("Pay to witness script hash, segwit version 0")),
    "witness_v1_taproot": ("Taproot", noop("P2TR: pay to taproot, segwit version 1")),
    "witness_unknown": (noop("Future segwit"), noop("A witness version without rules yet: anyone can spend it")),
    "anchor": (noop("Anchor"), noop("P2A: anyone may spend it to raise the fee")),
    "nonstandard": (noop("Nonstandard"), noop("None of the usual kinds of script")),
}
BYTES = ("B", "kB", "MB", "GB", "TB")
VBYTES = ("vB", "kvB", "MvB", "GvB")
WEIGHT_UNITS = ("WU", "kWU", "MWU")
POWERS = ("", "k", "M", "G", "T", "P", "E", "Z")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def not_known() -> Markup:
    return Markup('<span class="none">{}</span>').format(_("not known"))


# --- amounts ----------------------------------------------------------------------------------------------------------


def coins(satoshis: int | None) -> Markup:
    """Without the unit: satoshis, or bitcoins to eight decimals with the zeros at their end marked, to be dimmed."""
    return not_known() if satoshis is None else markup(_coins(satoshis))


def _coins(satoshis: int) -> str:
    sign = "−" if satoshis < 0 else ""
    if current().unit == "sat":
        return f"{sign}{abs(satoshis):,}"
    whole, rest = divmod(abs(satoshis), COIN)
    digits = f"{rest:08}"
    kept = digits.rstrip("0")
    zeros = digits[len(kept) :] if kept else f".{digits}"
    head = f"{sign}{whole:,}.{kept}" if kept else f"{sign}{whole:,}"
    return f'{head}<span class="zeros">{zeros}</span>' if zeros else head


def amount(satoshis: int | None) -> Markup:
    """Like `coins`, the unit beside it."""
    if satoshis is None:
        return not_known()
    return markup(f'{_coins(satoshis)} <small class="unit">{current().unit_name}</small>')


def whole_coins(satoshis: int) -> Markup:
    """In bitcoins whatever the visitor prefers, the unit beside it: for what is said of both."""
    with applied(USUAL):
        return amount(satoshis)


def plain_amount(satoshis: int) -> str:
    """An amount as plain text, without the zeros at the end: 0.5 BTC."""
    if current().unit == "sat":
        return f"{satoshis:,} sat"
    whole, rest = divmod(satoshis, COIN)
    return f"{whole:,}.{rest:08}".rstrip("0").rstrip(".") + " BTC"


def sats(satoshis: int) -> Markup:
    return markup(f'{satoshis:,} <small class="unit">sat</small>')


def rate_number(rate: Decimal | int) -> str:
    """sat/vB without the unit: three digits at most after what matters, none that say nothing."""
    places = 0 if rate >= 100 else 1 if rate >= 10 else 2
    text = f"{rate:,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def rate(value: Decimal | int | None) -> Markup:
    return not_known() if value is None else markup(f'{rate_number(value)} <small class="unit">sat/vB</small>')


def floored(value: int, stats: BlockStats) -> str:
    """A fee rate of a block's statistics, in which the node drops the digits after the point: < 1, 12."""
    return "< 1" if value == 0 and stats.total_fees else number(value)


def floored_rate(value: int | None, stats: BlockStats | None) -> Markup:
    """Like `rate`."""
    if value is None or stats is None:
        return not_known()
    return Markup('{} <small class="unit">sat/vB</small>').format(floored(value, stats))


def package_rate(entry: MempoolEntry) -> Decimal:
    """sat/vB that a miner earns by taking a transaction together with its unconfirmed ancestors."""
    return fee_rate(entry.ancestor_fees, entry.ancestor_vsize * 4)


# --- other numbers ----------------------------------------------------------------------------------------------------


def number(value: int | None) -> str:
    """840,000"""
    return not_known() if value is None else f"{value:,}"


def _scaled(value: int | None, units: Sequence[str]) -> str:
    """Three digits, decimal units: 1.62 MB."""
    if value is None:
        return not_known()
    if value < 1_000:
        return f"{value} {units[0]}"
    scaled, power = float(value), 0
    while scaled >= 999.5 and power + 1 < len(units):
        scaled, power = scaled / 1_000, power + 1
    places = 0 if scaled >= 99.95 else 1 if scaled >= 9.995 else 2
    return f"{scaled:,.{places}f} {units[power]}"


def size(value: int | None) -> str:
    return _scaled(value, BYTES)


def vsize(value: int | None) -> str:
    return _scaled(value, VBYTES)


def weight(value: int | None) -> str:
    return _scaled(value, WEIGHT_UNITS)


def exact(value: int | None, unit: str) -> Markup:
    """To the last digit, the unit small beside it: 1,624,321 B."""
    return not_known() if value is None else Markup('{:,} <small class="unit">{}</small>').format(value, unit)


def percent(fraction: float | None) -> str:
    """One decimal; 100% only for the whole."""
    if fraction is None:
        return not_known()
    return "100%" if fraction >= 1 else f"{min(fraction * 100, 99.9):.1f}%"


def difficulty(value: Decimal) -> str:
    """109.78 T; below one, as regtest has it, 4.66 × 10⁻¹⁰."""
    if 0 < value < Decimal("0.01"):
        digits, exponent = f"{value:.2e}".split("e")
        return f"{digits} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    power = 0
    while value >= Decimal("999.995") and power + 1 < len(POWERS):
        value, power = value / 1_000, power + 1
    text = f"{value:,.2f}".removesuffix(".00")
    return f"{text} {POWERS[power]}".strip()


def hex32(value: int) -> str:
    """Eight hexadecimal digits: a version (signed in the node's answers), a sequence."""
    return f"0x{value & 0xFFFFFFFF:08x}"


# --- ids and scripts --------------------------------------------------------------------------------------------------


def short(text: str) -> Markup:
    """An id that gives way in its middle where there is no room; it is there whole, for eyes, selection and search."""
    return markup(_short(text))


def _short(text: str) -> str:
    return f'<span class="id"><span>{escaped(text[:-END])}</span>{escaped(text[-END:])}</span>'


def party(output: Output, address_url: str) -> Markup:
    """Who has an output, or had it, and how much: a whole row of a card at once, since a page has hundreds of them."""
    address = output.script.address
    who = f'<a href="{address_url}{escaped(address)}">{_short(address)}</a>' if address else bare(output.script.type)
    return markup(f'{who}<span class="amount">{_coins(output.value)}</span>')


def bare(kind: str) -> Markup:
    """The kind of a script where there is no address."""
    return _bare(kind, current().language)


@lru_cache(maxsize=256)
def _bare(kind: str, language: str) -> Markup:
    return Markup('<span class="bare">{}</span>').format(_script(kind, language))


def chunks(text: str) -> Markup:
    """An address in fours, to be compared by eye; the gaps are not part of the text."""
    parts = (escaped(text[i : i + 4]) for i in range(0, len(text), 4))
    return Markup('<span class="chunks">{}</span>').format(
        Markup("").join(Markup("<b>{}</b>").format(p) for p in parts)
    )


def script(kind: str) -> Markup:
    """The kind of a script by its usual name; what it stands for on hover."""
    return _script(kind, current().language)


@lru_cache(maxsize=256)
def _script(kind: str, language: str) -> Markup:
    """`language` is the one that is spoken."""
    label, meaning = SCRIPTS.get(kind, (None, noop("A kind that this explorer does not know by name")))
    return Markup('<abbr class="kind" title="{}">{}</abbr>').format(_(meaning), _(label) if label else kind)


def script_name(kind: str) -> str:
    """The usual name alone."""
    return _(SCRIPTS[kind][0]) if kind in SCRIPTS else kind


def network_name(network: str) -> str:
    return _(NETWORKS[network]) if network in NETWORKS else network


def is_long_script(script_hex: str | None) -> bool:
    return len(script_hex or "") > LONG_SCRIPT


def has_long_witness(source: Input) -> bool:
    return sum(map(len, source.witness)) > LONG_SCRIPT


def user_agent(text: str) -> str:
    """What a node calls itself, without the signs of its protocol: Satoshi 29.0.0."""
    return text.strip("/").replace("/", " ").replace(":", " ")


# --- lists ------------------------------------------------------------------------------------------------------------


def page_numbers(page: int, pages: int) -> list[int | None]:
    """The pages worth a link: the first, the last, this one and its neighbours. None stands for a gap."""
    near = sorted({1, pages, *range(max(page - 1, 1), min(page + 1, pages) + 1)})
    numbers: list[int | None] = []
    for before, here in zip([0, *near], near, strict=False):
        if here - before == 2:
            numbers.append(here - 1)  # a gap of one is no shorter than the page itself
        elif here - before > 2:
            numbers.append(None)
        numbers.append(here)
    return numbers


def output_anchor(vout: int, height: int | None = None) -> str:
    """What leads from a transaction's address to one of its outputs: a page if need be, an anchor.

    `height` is that of its block, for a node that finds transactions only where it is told to look.
    """
    page = vout // PER_PAGE + 1
    query = [f"block={height}"] if height is not None else []
    if page > 1:
        query.append(f"page={page}")
    return f"{'?' if query else ''}{'&'.join(query)}#out-{vout}"


def register(app: Flask) -> None:
    """Gives the templates their filters, tests and pictures."""
    app.add_template_test(is_long_script, "long_script")
    app.add_template_test(has_long_witness, "long_witness")
    plain = (
        coins, amount, whole_coins, sats, rate_number, rate, floored, floored_rate, package_rate,
        number, exact, size, vsize, weight, percent, difficulty, hex32,
        times.duration, times.moment, times.age, times.clock, short, chunks, script,
        network_name, user_agent, party, page_numbers, output_anchor, carried, coinbase_text,
        locks.lock_time, locks.relative_lock,
    )  # fmt: skip
    for function in (*plain, *pictures.ALL):
        app.add_template_filter(function)
    app.add_template_global(pictures.fee_scale)
