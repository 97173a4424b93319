"""The languages that the explorer speaks: English, in which its texts are written, and what translations/ holds.

`gettext` and `ngettext` speak the language of whoever is being answered: of a request, or of a command's environment.
Outside of both they are English.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import flask_babel
from babel.core import negotiate_locale
from flask import Flask
from markupsafe import Markup

DEFAULT: Final = "en"
LANGUAGES: Final = {"en": "English", "zh": "中文"}  # each by its own name
TAGS: Final = {"en": "en", "zh": "zh-Hans"}  # as HTML and browsers write them
FOLDER: Final = Path(__file__).parents[1] / "translations"


def gettext(text: str, **values: object) -> str:
    """The text in the language that is spoken, its `%(name)s` filled in."""
    return str(flask_babel.gettext(text, **values)) if text else ""  # a catalogue says of itself what it has under ""


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """The form for that number, which stands in it as `%(num)s`: 1,234."""
    return _form(one, many, num) % {"num": f"{num:,}", **values}


def _form(one: str, many: str, num: int) -> str:
    return str(flask_babel.get_domain().get_translations().ungettext(one, many, num))


def _ngettext_in_templates(one: str, many: str, num: int, **values: object) -> Markup:
    """Like `ngettext`; the values are escaped, the text may be HTML."""
    return Markup(_form(one, many, num)) % {"num": f"{num:,}", **values}  # noqa: S704  the translation is ours


def noop(text: str) -> str:
    """Marks a text that is spoken elsewhere."""
    return text


def register(app: Flask, choose: Callable[[], str]) -> None:
    """Lets an app's pages speak; `choose` tells the language of the one being made."""
    flask_babel.Babel(app, default_translation_directories=str(FOLDER), locale_selector=choose)
    app.jinja_env.globals["ngettext"] = _ngettext_in_templates


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
