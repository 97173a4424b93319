"""Translations: finds the texts, keeps translations/LANGUAGE/LC_MESSAGES/messages.po in step with them, compiles it.

Texts are found where they are marked (`[tool.babel]` of pyproject.toml), in the catalogues of errors and findings, and
in what commands say of themselves.
"""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from explorer import messages  # noqa: E402
from explorer.__main__ import main as program  # noqa: E402
from explorer.commands.speech import Command  # noqa: E402
from explorer.findings.words import CATALOGUE as FINDINGS  # noqa: E402
from explorer.language import DEFAULT, FOLDER, LANGUAGES  # noqa: E402
from explorer.version import VERSION  # noqa: E402

KEYWORDS: Final = {**DEFAULT_KEYWORDS, "noop": None, "Phrase": None}
WIDTH: Final = 120
_NEEDLESS: Final = (b"Report-Msgid-Bugs-To", b"PO-Revision-Date", b"Last-Translator", b"Language-Team", b"Generated-By")
# What a translation must have as often as its text: %(name)s, %%, {name}, <b>, `command`.
_KEPT: Final = re.compile(r"%\(\w+\)s|%%|\{\w*(?:![rs])?\}|</?\w+[^>]*>|`[^`]+`")


def template() -> Catalog:
    """Every text, in English."""
    catalog = _empty()
    for mapping in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]:
        method, pattern = mapping.pop("method"), mapping.pop("pattern")
        found = extract_from_dir(ROOT, [(pattern, method)], {pattern: mapping}, keywords=KEYWORDS)
        for path, _line, text, comments, context in sorted(found, key=lambda one: one[:2]):
            catalog.add(text, locations=[(path, 0)], auto_comments=comments, context=context)
    for path, text in _declared():
        catalog.add(text, locations=[(path, 0)])
    return catalog


def _empty(language: str | None = None) -> Catalog:
    return Catalog(
        language,
        header_comment="",
        project="bitcoin-explorer",
        version=VERSION,
        charset="utf-8",
        fuzzy=False,
    )


def _declared() -> Iterator[tuple[str, str]]:
    """(path, text) of what is not marked where it stands."""
    for words in messages.CATALOGUE.values():
        yield from (("explorer/messages.py", text) for text in words)
    for entry in FINDINGS.values():
        yield from (("explorer/findings/words.py", text) for text in entry.words if text)
    for command in (program, *program.commands.values()):
        if isinstance(command, Command) and command.callback:
            path = Path(inspect.getfile(inspect.unwrap(command.callback))).relative_to(ROOT)
            yield from ((str(path), text) for text in command.texts())


def path_of(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """What there is; what is fuzzy or no longer a text counts too."""
    path = path_of(language)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, language)


def updated(language: str) -> Catalog:
    """With the texts of now, each translated if it was."""
    catalog, texts = read(language), template()
    texts.creation_date = catalog.creation_date
    catalog.update(texts, no_fuzzy_matching=True)
    return catalog


def written(catalog: Catalog) -> bytes:
    """As a .po. Without line numbers: they would change with every edit."""
    file = BytesIO()
    write_po(file, catalog, width=WIDTH, include_lineno=False, ignore_obsolete=True, sort_by_file=True)
    return re.sub(rb'"(?:%s):.*\n' % b"|".join(_NEEDLESS), b"", file.getvalue()).lstrip()


def compiled(catalog: Catalog) -> bytes:
    """As a .mo."""
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def texts_of(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def forms(message: Message) -> tuple[str, ...]:
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(string)


def is_translated(message: Message) -> bool:
    return all(forms(message)) and not message.fuzzy


def mistake(message: Message) -> str | None:
    """What a translation lacks of its text, or has beyond it."""
    many = message.id if isinstance(message.id, str) else message.id[1]
    for form in forms(message):
        ours, theirs = (sorted(_KEPT.findall(text)) for text in (many, form))
        if ours != theirs:
            return f"has {theirs}, not {ours}"
    return None


def main(languages: list[str]) -> int:
    for unknown in set(languages) - set(LANGUAGES):
        print(f"explorer/language.py does not know {unknown!r} yet: see docs/translating.md", file=sys.stderr)
        return 2
    status = 0
    for language in languages or [name for name in LANGUAGES if name != DEFAULT]:
        catalog = updated(language)
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(catalog))
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        missing = [message for message in texts_of(catalog) if not is_translated(message)]
        wrong = [message for message in texts_of(catalog) if is_translated(message) and mistake(message)]
        for message in missing:
            print(f"{path.relative_to(ROOT)}: not translated ({_places(message)}): {message.id!r}")
        for message in wrong:
            print(f"{path.relative_to(ROOT)}: {message.string!r} {mistake(message)}")
        print(f"{LANGUAGES[language]}: {len(catalog)} texts, {len(missing)} to translate, {len(wrong)} to mend")
        status |= bool(missing or wrong)
    return status


def _places(message: Message) -> str:
    return ", ".join(sorted({path for path, _line in message.locations}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
