"""What `status` says of a node: as text for people, as JSON for machines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from explorer.bitcoin.amounts import COIN
from explorer.bitcoin.models import ChainStatus
from explorer.chain.overview import Overview
from explorer.commands.console import printable, sentence
from explorer.errors import ExplorerError
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
    lines = [click.style(printable(report.label), bold=True)]
    if isinstance(report.overview, ExplorerError):
        return "\n".join([*lines, f"  {_bad('no answer')}"])
    lines += [_line(*line) for line in _node(report.overview, report.now)]
    for name, wallet in report.wallets.items():
        lines.append(click.style(f"  Wallet {printable(name) or '(the one without a name)'}", bold=True))
        lines += [_line(f"  {label}", value) for label, value in _wallet(wallet)]
    return "\n".join(lines)


def _line(name: str, value: str) -> str:
    return f"  {name:<{NAME_WIDTH}}{value}"


def _node(overview: Overview, now: int) -> Iterator[Line]:
    chain, node, mempool = overview.status.chain, overview.status.node, overview.status.mempool
    yield "Chain", chain.network
    yield "Height", f"{chain.height:,} of {chain.headers:,} headers"
    yield "Progress", _progress(chain)
    yield "On disk", gigabytes(chain.size_on_disk)
    yield "Pruned", f"yes, blocks from {chain.prune_height:,} on are there" if chain.prune_height is not None else "no"
    yield "Version", printable(node.version)
    yield "Connections", f"{node.connections} ({node.connections_in} in, {node.connections_out} out)"
    for warning in chain.warnings:
        yield "Warning", click.style(printable(warning), fg="yellow")
    yield "Newest block", chain.best_hash
    yield "  Time", f"{_utc(chain.time)} ({_age(now - chain.time)})"
    yield "  Transactions", "not known" if overview.tip_transactions is None else f"{overview.tip_transactions:,}"
    yield "  Difficulty", f"{chain.difficulty:,}".lower()
    yield "Mempool", f"{mempool.count:,} transaction{'' if mempool.count == 1 else 's'}, {mempool.vsize:,} vB"


def _progress(chain: ChainStatus) -> str:
    """A bar while the node is catching up."""
    if not chain.catching_up:
        return click.style("synced", fg="green")
    progress = min(chain.progress, 0.9999)  # not whole before it is
    filled = int(progress * BAR_WIDTH)
    percent = f"{progress * 100:.2f} %"
    return click.style(f"[{'#' * filled:-<{BAR_WIDTH}}] {percent}, catching up", fg="yellow")


def _wallet(wallet: WalletStatus | ExplorerError) -> Iterator[Line]:
    if isinstance(wallet, ExplorerError):
        yield "Refused", _bad(printable(sentence(wallet)))
        return
    yield "Balance", btc(wallet.balance)
    if wallet.pending:
        yield "Pending", btc(wallet.pending)
    if wallet.immature:
        yield "Immature", btc(wallet.immature)
    yield "Transactions", f"{wallet.transactions:,}"
    yield "UTXOs", f"{wallet.coins:,}"
    if wallet.is_locked:
        yield "Locked", "yes: spending needs the passphrase"


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


def _age(seconds: int) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if abs(seconds) >= size:
            count = abs(seconds) // size
            words = f"{count:,} {unit}{'' if count == 1 else 's'}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now"


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
