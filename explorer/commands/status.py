"""`status`: every node that the explorer is set to talk to, at a glance."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import click

from explorer.chain.overview import get_overview
from explorer.commands import report, speech
from explorer.commands.console import EXIT_CODES, complain, exit_code, sentence
from explorer.commands.nodes import all_nodes
from explorer.commands.report import NodeReport
from explorer.errors import ExplorerError
from explorer.language import gettext as _
from explorer.node.rpc import Rpc
from explorer.wallet.status import WalletStatus, get_wallet


@speech.command("status", epilog=EXIT_CODES, short_help="How the nodes stand.")
@speech.option("--json", "as_json", is_flag=True, help="Print JSON: amounts in satoshis, times in Unix seconds.")
def command(as_json: bool) -> None:
    """Show how each node stands: its chain, its newest block, its mempool, and every wallet that it has loaded.

    The own node comes first, then the others of BITCOIN_RPC_URL. One that does not answer says why on stderr, and the
    first of these decides the exit code; the others are shown all the same. So does a wallet that refuses.

    \b
    Examples:
      python -m explorer status
      python -m explorer status --json | jq '.nodes[0].chain.height'
      until python -m explorer status >/dev/null; do sleep 5; done
    """
    nodes = all_nodes()
    with ThreadPoolExecutor(len(nodes)) as pool:  # a dead one does not hold up the others
        reports = list(pool.map(_ask, nodes))
    if as_json:
        click.echo(json.dumps({"nodes": [report.as_json(found) for found in reports]}, indent=2))
    failures = []
    for number, found in enumerate(reports):
        if not as_json:
            click.echo(("\n" if number else "") + report.as_text(found))
        refusals = {found.label: found.overview} | {_of_wallet(found, name): w for name, w in found.wallets.items()}
        for who, refusal in refusals.items():
            if isinstance(refusal, ExplorerError):
                complain(_("%(who)s: %(problem)s", who=who, problem=sentence(refusal)))
                failures.append(refusal)
    if failures:
        click.get_current_context().exit(exit_code(failures[0]))


def _ask(rpc: Rpc) -> NodeReport:
    try:
        overview = get_overview(rpc)
    except ExplorerError as error:
        return NodeReport(rpc.label, rpc.now(), error, {})
    return NodeReport(rpc.label, rpc.now(), overview, {name: _ask_wallet(rpc, name) for name in overview.wallets})


def _of_wallet(found: NodeReport, name: str) -> str:
    return _("%(node)s, wallet %(name)s", node=found.label, name=name)


def _ask_wallet(rpc: Rpc, name: str) -> WalletStatus | ExplorerError:
    try:
        return get_wallet(rpc, name)
    except ExplorerError as error:
        return error
