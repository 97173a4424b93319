"""The catalogues of translations/ are whole: every text, every value in it, and compiled."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import translating
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo

from explorer.language import DEFAULT, LANGUAGES, TAGS, gettext, ngettext, speaking
from explorer.web import times
from explorer.web.preferences import Preferences, applied
from tests.server import ROOT

TRANSLATED = [name for name in LANGUAGES if name != DEFAULT]


@pytest.fixture(params=TRANSLATED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_it_has_every_text(name: str) -> None:
    """`script/translate` would change nothing."""
    catalog = translating.updated(name)
    assert [message.id for message in translating.texts_of(catalog) if not translating.is_translated(message)] == []
    assert translating.path_of(name).read_bytes() == translating.written(catalog)


def test_it_has_what_its_texts_have(name: str) -> None:
    """Values, HTML and commands."""
    for message in translating.texts_of(translating.read(name)):
        assert translating.mistake(message) is None, message.id
        for form in translating.forms(message):
            assert '"' not in re.sub(r"<[^>]+>", "", form) or '"' in message.id  # it would end an attribute


def test_it_is_compiled(name: str) -> None:
    path = translating.path_of(name)
    with path.with_suffix(".mo").open("rb") as file:
        compiled = {_key(message): translating.forms(message) for message in translating.texts_of(read_mo(file))}
    catalog = translating.texts_of(translating.read(name))
    assert compiled == {_key(message): translating.forms(message) for message in catalog}


def _key(message: Message) -> tuple[object, ...]:
    context: object = message.context
    context = context.decode() if isinstance(context, bytes) else context  # as Babel reads it
    return (context, message.id if isinstance(message.id, str) else tuple(message.id))


def test_a_language_has_a_tag() -> None:
    assert set(TAGS) == set(LANGUAGES)


def test_chinese_is_written_as_chinese() -> None:
    """Full-width marks after Chinese characters, and a space between them and Latin letters or digits."""
    for message in translating.texts_of(translating.read("zh")):
        for form in translating.forms(message):
            plain = re.sub(r"`[^`]*`|<[^>]+>|%\(\w+\)s", "", form)
            assert not re.search(r"[\u4e00-\u9fff][,;?!](?:\s|$)", plain), form
            assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", plain), form


# --- what is spoken ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoken", "said"),
    [
        ("en", ["1 confirmation", "5 confirmations", "1,234 confirmations"]),
        ("zh", ["1 次确认", "5 次确认", "1,234 次确认"]),
    ],
)
def test_plurals(spoken: str, said: list[str]) -> None:
    with speaking(spoken).app_context():
        assert [ngettext("%(num)s confirmation", "%(num)s confirmations", n) for n in (1, 5, 1_234)] == said


@pytest.mark.parametrize(
    ("spoken", "said"),
    [
        ("en", ["just now", "1 minute ago", "5 hours ago", "in 5 minutes", "2023-11-14 22:13:20"]),
        ("zh", ["刚刚", "1 分钟前", "5 小时前", "5 分钟后", "2023-11-14 22:13:20"]),
    ],
)
def test_times(spoken: str, said: list[str]) -> None:
    now = 1_700_000_000
    with speaking(spoken).app_context(), applied(Preferences(spoken)):
        ages = [times.age(now - passed, now).striptags() for passed in (5, 60, 5 * 3_600, -300)]
        assert [*ages, times.moment(now)] == said


def test_nothing_is_said_for_nothing() -> None:
    """A catalogue keeps what it says of itself under the empty text."""
    with speaking("zh").app_context():
        assert gettext("") == ""


# --- where texts hide -------------------------------------------------------------------------------------------------

SOURCES = sorted((ROOT / "explorer").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "explorer")))
def test_no_text_is_where_it_would_not_be_found(path: Path) -> None:
    """Inside an f-string, or put together of several."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "gettext", "noop"):
            assert not isinstance(node.args[0], (ast.JoinedStr, ast.BinOp)), ast.unparse(node)
        if isinstance(node, ast.JoinedStr):
            inside = [
                call.func.id
                for call in ast.walk(node)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            ]
            assert not {"_", "gettext", "ngettext", "noop", "Phrase"} & set(inside), ast.unparse(node)
