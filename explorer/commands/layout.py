"""Words laid out by the room that they take in a terminal, where a Chinese character is two columns wide."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable
from typing import Final

import click

VERBATIM: Final = "\b\n"  # begins a paragraph whose lines click leaves as they are
_PIECES: Final = re.compile(  # what is not to be broken: spaces, a word, a character; each with its marks
    r"\s+|[“‘（《「【]*(?:[^\s⺀-\uffef“‘”’]+|[⺀-\uffef])?[”’、。，．：；！？）》」】]*"
)


def width(text: str) -> int:
    """Columns."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, columns: int) -> str:
    """With spaces after it, so that it takes that many."""
    return text + " " * (columns - width(text))


def wrap(text: str, columns: int, indent: str = "") -> list[str]:
    """Lines, all but the first indented."""
    wrapper = textwrap.TextWrapper if width(text) == len(text) else _Wrapper
    return wrapper(columns, subsequent_indent=indent, break_long_words=False).wrap(text)


class _Piece(str):
    """As long as it is wide."""

    def __len__(self) -> int:
        return width(str(self))


class _Wrapper(textwrap.TextWrapper):
    def _split(self, text: str) -> list[str]:
        return [_Piece(piece) for piece in _PIECES.findall(text) if piece]


class Formatter(click.HelpFormatter):
    """click's, which takes every character for one column: it is given lines of ours where that is wrong."""

    def write_text(self, text: str) -> None:
        super().write_text(_laid_out(text, self.width - self.current_indent))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        rows = list(rows)
        first = min(max(width(name) for name, _ in rows), col_max) + col_spacing
        room = self.width - first - 2
        super().write_dl([(name, _laid_out(text, room)) for name, text in rows], col_max, col_spacing)


def _laid_out(text: str, columns: int) -> str:
    if width(text) == len(text):
        return text
    parts = text.split("\n\n")
    return "\n\n".join(p if p.startswith(VERBATIM) else VERBATIM + "\n".join(wrap(p, columns)) for p in parts)
