"""`rpc METHOD [ARGS…]`: any call, as bitcoin-cli makes it."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from explorer.commands import speech
from explorer.commands.arguments import parse, parse_named
from explorer.commands.console import EXIT_CODES, complain, exit_code
from explorer.commands.nodes import own_node
from explorer.errors import ExplorerError
from explorer.language import gettext as _
from explorer.node.rpc_errors import node_words


@speech.command(
    "rpc",
    epilog=EXIT_CODES,
    context_settings={"allow_interspersed_args": False},  # what follows the method is the node's: -1 is no option
    short_help="Ask the node anything.",
)
@speech.option("--wallet", metavar="NAME", help="Ask this wallet; needed where several are loaded.")
@speech.option("--named", is_flag=True, help="The arguments are name=value, in any order.")
@speech.option("--stdin", "from_stdin", is_flag=True, help="Read further arguments from standard input, one a line.")
@speech.option("--timeout", type=click.IntRange(1), metavar="SECONDS", help="How long to wait; else RPC_TIMEOUT.")
@speech.option("--json", "as_json", is_flag=True, help="Print the result as JSON on one line, strings in quotes.")
@click.argument("method")
@click.argument("args", nargs=-1)
def command(
    wallet: str | None,
    named: bool,
    from_stdin: bool,
    timeout: int | None,
    as_json: bool,
    method: str,
    args: tuple[str, ...],
) -> None:
    """Call METHOD of the node, the own one if there are several, and print its result.

    Each of ARGS is understood as JSON: numbers, true, false, null, arrays, objects, "quoted text". Whatever is not
    JSON is text, so ids and addresses need no quotes; text that looks like a number does: '"123"'. Amounts reach the
    node with the digits they were typed with.

    Strings are printed bare, null as nothing, everything else as indented JSON with the node's own digits. An error is
    printed to stderr as the node words it, with its code.

    \b
    Examples:
      python -m explorer rpc getblockchaininfo
      python -m explorer rpc getblockstats 170 '["totalfee","txs"]'
      python -m explorer rpc --named getblockstats hash_or_height=170 'stats=["totalfee","txs"]'
      python -m explorer rpc --wallet savings sendtoaddress bc1q… 0.001
      python -m explorer rpc help | less

    A secret does not belong on the command line, where others see it. Give it on standard input; with the passphrase
    in a file, and the 60 seconds after it:

    \b
      (cat passphrase; echo 60) | python -m explorer rpc --stdin --wallet savings walletpassphrase
    """
    typed = list(args)
    if from_stdin:
        typed += sys.stdin.read().splitlines()
    try:
        params: list[Any] = [parse_named(typed)] if named else [parse(text) for text in typed]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    node = own_node(timeout)
    asked = node.for_wallet(wallet) if wallet is not None else node
    # Raw: what the node wrote, to the last digit.
    (result,) = asked.batch([(method, *params)], into=msgspec.Raw)
    if isinstance(result, ExplorerError):
        _refuse(result)
    _show(bytes(result), as_json)


def _refuse(error: ExplorerError) -> None:
    said = node_words(error)
    if said is None:
        raise error
    code, message = said
    complain(_("%(message)s (code %(code)s)", message=message, code=code))
    click.get_current_context().exit(exit_code(error))


def _show(result: bytes, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(result, indent=-1))
    elif result.startswith(b'"'):
        click.echo(msgspec.json.decode(result, type=str))
    elif result != b"null":
        click.echo(msgspec.json.format(result, indent=2))
