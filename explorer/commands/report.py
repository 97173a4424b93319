"""What `status` says of a node: as text for people, as JSON for machines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from explorer.bitcoin.amounts import COIN
from explorer.bitcoin.models import ChainStatus, MempoolStatus
from explorer.chain.overview import Overview
from explorer.commands.console import printable, sentence
from explorer.commands.layout import pad
from explorer.durations import DAY, HOUR, MINUTE, ago, count
from explorer.errors import ExplorerError
from explorer.language import gettext as _
from explorer.language import ngettext
from explorer.messages import said
from explorer.wallet.status import WalletStatus

NAME_WIDTH, BAR_WIDTH = 16, 30  # characters
Line = tuple[str, str]  # name and value


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What one node says of itself; or why it does not, in place of it. So for each wallet, by its name."""

    label: str
    now: int  # the time by which its ages are told
    overview: Overview | ExplorerError
    wallets: dict[str, WalletStatus | ExplorerError]


# --- for people -------------------------------------------------------------------------------------------------------


def as_text(report: NodeReport) -> str:
    lines = [click.style(printable(said(report.label)), bold=True)]
    if isinstance(report.overview, ExplorerError):
        return "\n".join([*lines, "  " + _bad(_("no answer"))])
    lines += [_line(*line) for line in _node(report.overview, report.now)]
    for name, wallet in report.wallets.items():
        heading = _("Wallet %(name)s", name=printable(name)) if name else _("Wallet (the one without a name)")
        lines.append(click.style(f"  {heading}", bold=True))
        lines += [_line(f"  {label}", value) for label, value in _wallet(wallet)]
    return "\n".join(lines)


def _line(name: str, value: str) -> str:
    return f"  {pad(name, NAME_WIDTH)}{value}"


def _node(overview: Overview, now: int) -> Iterator[Line]:
    chain, node, mempool = overview.status.chain, overview.status.node, overview.status.mempool
    yield _("Chain"), chain.network
    yield _("Height"), _("%(height)s of %(headers)s headers", height=f"{chain.height:,}", headers=f"{chain.headers:,}")
    yield _("Progress"), _progress(chain)
    yield _("On disk"), gigabytes(chain.size_on_disk)
    if chain.prune_height is None:
        yield _("Pruned"), _("no")
    else:
        yield _("Pruned"), _("yes, blocks from %(height)s on are there", height=f"{chain.prune_height:,}")
    yield _("Version"), printable(node.version)
    inbound, outbound = node.connections_in, node.connections_out
    ways = _("%(count)s (%(inbound)s in, %(outbound)s out)", count=node.connections, inbound=inbound, outbound=outbound)
    yield _("Connections"), ways
    for warning in chain.warnings:
        yield _("Warning"), click.style(printable(warning), fg="yellow")
    yield _("Newest block"), chain.best_hash
    count = overview.tip_transactions
    yield "  " + _("Time"), _("%(time)s (%(ago)s)", time=_utc(chain.time), ago=ago(now - chain.time, _in_days))
    yield "  " + _("Transactions"), _("not known") if count is None else f"{count:,}"
    yield "  " + _("Difficulty"), f"{chain.difficulty:,}".lower()
    yield _("Mempool"), _mempool(mempool)


def _mempool(mempool: MempoolStatus) -> str:
    size = f"{mempool.vsize:,}"
    return ngettext("%(num)s transaction, %(size)s vB", "%(num)s transactions, %(size)s vB", mempool.count, size=size)


def _progress(chain: ChainStatus) -> str:
    """A bar while the node is catching up."""
    if not chain.catching_up:
        return click.style(_("synced"), fg="green")
    progress = min(chain.progress, 0.9999)  # not whole before it is
    filled = int(progress * BAR_WIDTH)
    percent = f"{progress * 100:.2f} %"
    bar = f"[{'#' * filled:-<{BAR_WIDTH}}]"
    return click.style(_("%(bar)s %(percent)s, catching up", bar=bar, percent=percent), fg="yellow")


def _wallet(wallet: WalletStatus | ExplorerError) -> Iterator[Line]:
    if isinstance(wallet, ExplorerError):
        yield _("Refused"), _bad(printable(sentence(wallet)))
        return
    yield _("Balance"), btc(wallet.balance)
    if wallet.pending:
        yield _("Pending"), btc(wallet.pending)
    if wallet.immature:
        yield _("Immature"), btc(wallet.immature)
    yield _("Transactions"), f"{wallet.transactions:,}"
    yield _("UTXOs"), f"{wallet.coins:,}"
    if wallet.is_locked:
        yield _("Locked"), _("yes: spending needs the passphrase")


def _bad(text: str) -> str:
    return click.style(text, fg="red")


def btc(satoshis: int) -> str:
    """To the satoshi: 1,234.50000000 BTC."""
    whole, rest = divmod(abs(satoshis), COIN)
    return f"{'-' if satoshis < 0 else ''}{whole:,}.{rest:08} BTC"


def gigabytes(size: int) -> str:
    """Three digits at least that say something, whatever the size: 698.12 GB, 0.000132 GB."""
    places = 2
    while places < 9 and size * 10**places < 100 * 10**9:
        places += 1
    return f"{size / 10**9:,.{places}f} GB"


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _in_days(seconds: int) -> str:
    """In the largest unit up to days."""
    unit = next(unit for unit in (DAY, HOUR, MINUTE) if seconds >= unit)
    return count(seconds // unit, unit)


# --- for machines -----------------------------------------------------------------------------------------------------


def as_json(report: NodeReport) -> dict[str, Any]:
    """Sizes in bytes, amounts in satoshis, times in Unix seconds. The difficulty is text: it has more digits than a
    float."""
    if isinstance(report.overview, ExplorerError):
        return {"label": report.label, "error": _error(report.overview)}
    status = report.overview.status
    chain, node, mempool = status.chain, status.node, status.mempool
    return {
        "label": report.label,
        "chain": {
            "network": chain.network,
            "height": chain.height,
            "headers": chain.headers,
            "progress": chain.progress,
            "catching_up": chain.catching_up,
            "size_on_disk": chain.size_on_disk,
            "pruned": chain.pruned,
            "prune_height": chain.prune_height,
            "warnings": list(chain.warnings),
        },
        "node": {
            "version": node.version,
            "connections": node.connections,
            "connections_in": node.connections_in,
            "connections_out": node.connections_out,
        },
        "newest_block": {
            "hash": chain.best_hash,
            "time": chain.time,
            "transactions": report.overview.tip_transactions,
            "difficulty": str(chain.difficulty).lower(),
        },
        "mempool": {"transactions": mempool.count, "vsize": mempool.vsize},
        "wallets": [{"name": name} | _wallet_json(wallet) for name, wallet in report.wallets.items()],
    }


def _wallet_json(wallet: WalletStatus | ExplorerError) -> dict[str, Any]:
    if isinstance(wallet, ExplorerError):
        return {"error": _error(wallet)}
    return {
        "balance_sat": wallet.balance,
        "pending_sat": wallet.pending,
        "immature_sat": wallet.immature,
        "transactions": wallet.transactions,
        "utxos": wallet.coins,
        "locked": wallet.is_locked,
    }


def _error(error: ExplorerError) -> dict[str, str]:
    return {"id": error.message_id, "what": sentence(error)}
