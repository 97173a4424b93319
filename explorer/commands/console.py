"""What all commands share: exit codes, how an error is said, which nodes are asked."""

from __future__ import annotations

import logging
from enum import IntEnum
from typing import Any, Final

import click

from config import ConfigError
from explorer.commands.speech import Group
from explorer.errors import ExplorerError, NodeBusy, NodeRefused, NodeUnavailable
from explorer.language import gettext as _
from explorer.messages import words


class Exit(IntEnum):
    """What a script can tell by. click's own mistakes in usage are 2 as well."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NO_NODE = 3
    NOT_READY = 4


EXIT_CODES: Final = """\b
Exit codes:
  0  it worked
  1  the node answered with an error
  2  the command or the settings are wrong
  3  the node cannot be reached, or does not let us in
  4  the node is starting or busy: try again later
"""


def exit_code(error: ExplorerError) -> Exit:
    match error:
        case NodeBusy():
            return Exit.NOT_READY
        case NodeUnavailable() | NodeRefused():
            return Exit.NO_NODE
        case _:
            return Exit.ERROR


def sentence(error: ExplorerError) -> str:
    """What happened and what to do, in a line."""
    said = words(error)
    return _("%(what)s %(advice)s", what=said.what, advice=said.advice)


def printable(text: str) -> str:
    """Text from elsewhere without what would steer a terminal. Lines stay lines."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def complain(text: str) -> None:
    click.echo(click.style(_("error:"), fg="red") + f" {printable(text)}", err=True)


class Program(Group):
    """Says every error of the family in a line on stderr, and ends with its code."""

    def invoke(self, ctx: click.Context) -> Any:
        # Errors end in such a line; a log beside it would say them twice.
        logging.getLogger().addHandler(logging.NullHandler())
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for problem in error.problems:
                complain(problem)
            ctx.exit(Exit.USAGE)
        except ExplorerError as error:
            complain(sentence(error))
            ctx.exit(exit_code(error))
