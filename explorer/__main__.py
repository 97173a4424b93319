"""Where the commands' parts meet: `python -m explorer COMMAND`."""

from __future__ import annotations

import click

from explorer.commands import doctor, rpc, status
from explorer.commands.console import EXIT_CODES, Program
from explorer.commands.speech import Option
from explorer.language import noop
from explorer.version import VERSION


def _no_colour(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value:
        context.color = False


@click.group(cls=Program, epilog=EXIT_CODES)
@click.version_option(
    VERSION,
    prog_name="bitcoin-explorer",
    message="%(prog)s %(version)s",
    cls=Option,
    help=noop("Show the version and exit."),
)
@click.option("--no-colour", envvar="NO_COLOR", hidden=True, expose_value=False, callback=_no_colour)
def main() -> None:
    """Ask the Bitcoin nodes that the explorer is set to talk to.

    The settings are those of the explorer, from the environment (README.md has them all). With none, the node of this
    machine is found by its bitcoin.conf or its cookie; where there is no node, the demo chain answers.

    \b
    Examples:
      python -m explorer status
      BITCOIN_RPC_URL=http://user:password@127.0.0.1:8332 python -m explorer status
      python -m explorer rpc getblockhash 0
      python -m explorer rpc --help

    Colours are used on a terminal only, and not where NO_COLOR is set.
    """


for command in (status.command, doctor.command, rpc.command):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m explorer")
