"""The languages that the explorer speaks: English, in which its texts are written, and what translations/ holds.

`gettext` and `ngettext` speak the language of whoever is being answered: of a request, or of a command's environment.
Outside of both they are English.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Final

import flask_babel
from babel.core import negotiate_locale
from flask import Flask, g
from markupsafe import Markup

from explorer.html import escaped, markup

DEFAULT: Final = "en"
LANGUAGES: Final = {"en": "English", "zh": "中文"}  # each by its own name
TAGS: Final = {"en": "en", "zh": "zh-Hans"}  # as HTML and browsers write them
FOLDER: Final = Path(__file__).parents[1] / "translations"


# Of the request that is being answered: Flask-Babel finds them anew for each text, which takes 20 µs, of a hundred.
_held: ContextVar[NullTranslations | None] = ContextVar("translations", default=None)


def _translations() -> NullTranslations:
    found = _held.get()
    return flask_babel.get_domain().get_translations() if found is None else found


def gettext(text: str, **values: object) -> str:
    """The text in the language that is spoken, its `%(name)s` filled in."""
    found = _translations().gettext(text) if text else ""  # a catalogue says of itself what it has under ""
    return found % values if values else found


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """The form for that number, which stands in it as `%(num)s`: 1,234."""
    return _translations().ngettext(one, many, num) % {"num": f"{num:,}", **values}


def _gettext_in_templates(text: str, **values: object) -> Markup:
    """Like `gettext`; the values are escaped, the text may be HTML, and its percent signs are doubled."""
    if not values:
        return _as_it_stands(_translations(), text)
    return _filled(_translations().gettext(text), values)


@lru_cache(maxsize=4096)
def _as_it_stands(translations: NullTranslations, text: str) -> Markup:
    return Markup(translations.gettext(text)) % {}  # noqa: S704  the same


def _ngettext_in_templates(one: str, many: str, num: int, **values: object) -> Markup:
    return _filled(_translations().ngettext(one, many, num), {"num": f"{num:,}", **values})


def _filled(text: str, values: Mapping[str, object]) -> Markup:
    return markup(text % {name: escaped(value) for name, value in values.items()})


def _pgettext_in_templates(context: str, text: str) -> Markup:
    """For a text that means several things: `context` says which."""
    return Markup(_translations().pgettext(context, text)) % {}  # noqa: S704  the same


def noop(text: str) -> str:
    """Marks a text that is spoken elsewhere."""
    return text


def register(app: Flask, choose: Callable[[], str]) -> None:
    """Lets an app's pages speak; `choose` tells the language of the one being made."""
    flask_babel.Babel(app, default_translation_directories=str(FOLDER), locale_selector=choose)
    app.jinja_env.globals.update(
        _=_gettext_in_templates,
        gettext=_gettext_in_templates,
        ngettext=_ngettext_in_templates,
        pgettext=_pgettext_in_templates,
    )

    known: dict[str, NullTranslations] = {}

    @app.before_request
    def hold() -> None:
        if (language := choose()) not in known:
            known[language] = flask_babel.get_domain().get_translations()
        g.held = _held.set(known[language])

    @app.teardown_request
    def let_go(_: BaseException | None) -> None:
        if held := g.pop("held", None):
            _held.reset(held)


@contextmanager
def spoken(app: Flask, language: str) -> Iterator[None]:
    """Inside, texts are in that language of the app's, whoever is being answered."""
    with app.app_context(), flask_babel.force_locale(language):
        token = _held.set(flask_babel.get_domain().get_translations())
        try:
            yield
        finally:
            _held.reset(token)


def speaking(language: str) -> Flask:
    """An app without pages, in whose context texts are in that language: for commands."""
    app = Flask(__name__)
    register(app, lambda: language)
    return app


def preferred(wanted: list[str]) -> str:
    """The first of the languages wanted, best first, that there is; zh_CN and zh-Hans-CN are zh. DEFAULT if none."""
    plain = [name.replace("-", "_") for name in wanted]
    found = negotiate_locale([part for name in plain for part in (name, name.partition("_")[0])], list(LANGUAGES))
    return found or DEFAULT
