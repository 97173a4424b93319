"""Commands that speak the language of the shell.

What a command says of itself is written in English where it is declared, and said otherwise when somebody reads it.
"""

from __future__ import annotations

import gettext as system
import inspect
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import click

import config
from explorer.commands.layout import VERBATIM, Formatter
from explorer.language import DEFAULT, FOLDER, gettext, noop, preferred, speaking

_TO_SAY: Final = re.compile(r"^((?:  \d  )?)(\S.*)$")  # of a verbatim line: what is indented otherwise is an example

SHOW_HELP: Final = noop("Show this message and exit.")
OF_CLICK: Final = (  # where a command is typed wrongly: its own gettext finds them among our texts
    noop("Usage:"),
    noop("Options"),
    noop("Commands"),
    noop("Error: {message}"),
    noop("Try '{command} {option}' for help."),
    noop("No such command {name!r}."),
    noop("No such option {name!r}."),
    noop("Missing command."),
    noop("Missing argument"),
    noop("Invalid value for {param_hint}: {message}"),
    noop("{value} is not in the range {range}."),
    noop("{value!r} is not a valid {number_type}."),
    noop("Option {name!r} does not take a value."),
)


class _Said:
    """An attribute that is set in English, and read in the language that is spoken."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, command: Any, owner: type | None = None) -> str | None:
        text: str | None = command.__dict__.get(self._name)
        return text and "\n\n".join(_paragraphs(text, gettext))

    def __set__(self, command: Any, text: str | None) -> None:
        command.__dict__[self._name] = text


class Option(click.Option):
    help = _Said()


class _Context(click.Context):
    formatter_class = Formatter


class Command(click.Command):
    help = _Said()
    short_help = _Said()
    epilog = _Said()
    context_class = _Context

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = gettext(SHOW_HELP)  # click keeps it as it first was
        return option

    def texts(self) -> Iterator[str]:
        """All that it says of itself, in English."""
        for text in (self.__dict__.get(name) for name in ("help", "short_help", "epilog")):
            yield from _texts(text)
        for parameter in self.params:
            yield from _texts(parameter.__dict__.get("help"))


class Group(Command, click.Group):
    """Commands, which find out here what language the shell is in."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        language = preferred(config.languages())
        if language != DEFAULT:
            system.bindtextdomain("messages", str(FOLDER))
        with speaking(language).app_context():
            return super().main(*args, **kwargs)


command = partial(click.command, cls=Command)
option = partial(click.option, cls=Option)


def _paragraphs(text: str, of: Callable[[str], str]) -> Iterator[str]:
    """With each text in it as `of` says it: a paragraph as one, but one that is verbatim line by line."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith(VERBATIM):
            lines = paragraph.splitlines()
            yield "\n".join([lines[0], *(_TO_SAY.sub(lambda line: line[1] + of(line[2]), line) for line in lines[1:])])
        else:
            yield of(" ".join(paragraph.split()))


def _texts(text: str | None) -> list[str]:
    found: list[str] = []

    def note(part: str) -> str:
        found.append(part)
        return part

    list(_paragraphs(text or "", note))
    return [part for part in found if part]
