"""A language in which every text of ours is marked: ⟦Block ⟧840,000. What is not marked is not translated."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from babel.support import NullTranslations

_FILLED: Final = re.compile(r"(%\(\w+\)s|%%|\{\w*(?:![rs])?\}|<[^>]+>)")  # stays as it is: values and HTML
_MARKED: Final = re.compile(r"⟦[^⟦⟧]*⟧")
_WORD: Final = re.compile(r"[A-Za-z](?:['’-]?[A-Za-z])+")
# A whole or shortened id; an address; a part that a script fills in.
_NO_WORD: Final = re.compile(r"\b(?=\w*\d)\w{20,}\b|\w{8}…\w{8}|\bbcrt1\w+|\{height\}")

SPOKEN: Final = (
    "aria-label",
    "title",
    "alt",
    "placeholder",
    "data-copy",
    "data-copied",
    "data-not-copied",
    "data-reorg",
)
SPOKEN_PREFIXES: Final = ("data-notify",)
VOID: Final = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


def marked(text: str) -> str:
    return "".join(part if _FILLED.fullmatch(part) or not part.strip() else f"⟦{part}⟧" for part in _FILLED.split(text))


class Marking(NullTranslations):
    """In place of a catalogue."""

    def gettext(self, message: str) -> str:
        return marked(message)

    def ngettext(self, singular: str, plural: str, num: int) -> str:
        return marked(singular if num == 1 else plural)

    def pgettext(self, context: str, message: str) -> str:
        return marked(message)


def unmarked(text: str) -> list[str]:
    """The words in it that no translation was asked for."""
    return _WORD.findall(_NO_WORD.sub(" ", _MARKED.sub(" ", text)))


class Words(HTMLParser):
    """Everything on a page that is read or spoken, but what is the same in every language: code, ids, and the words of
    others, which stand in <bdi>."""

    UNREAD: Final = ("script", "style", "code", "pre", "bdi", "kbd")
    UNREAD_CLASSES: Final = ("id", "chunks", "code")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[bool] = []  # of each open element, whether it is read
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        is_unread = tag in self.UNREAD or (tag != "html" and "lang" in found)
        is_unread |= bool({*self.UNREAD_CLASSES} & {*(found.get("class") or "").split()})
        if tag not in VOID:
            self._open.append(not is_unread and all(self._open[-1:]))
        for name, value in attrs:
            if name in SPOKEN or name.startswith(SPOKEN_PREFIXES):
                self.found.append(value or "")
        if tag == "meta" and found.get("name") == "description":
            self.found.append(found.get("content") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if all(self._open[-1:]):
            self.found.append(data)
