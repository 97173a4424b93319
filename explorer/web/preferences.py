"""How a visitor wants to read: the language, the unit of amounts, the time zone.

Each comes from a cookie that a switch sets, the language also from `?lang=` and from what the browser asks for. Pages
are rendered accordingly, and kept under the preferences that they were made for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from time import monotonic
from typing import Final
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment
from zoneinfo import ZoneInfo

from flask import has_request_context, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from explorer.language import DEFAULT, LANGUAGES, preferred

UNITS: Final = {"btc": "BTC", "sat": "sat"}
UTC: Final = "UTC"
VARY: Final = "Accept-Encoding, Accept-Language, Cookie"  # what a page depends on beside its address
MOST: Final = 4_096  # characters of a header that are looked at
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}")
MOST_USED: Final = 100  # that are remembered
GIVEN: Final = "explorer.preferences"  # in the environ: what they are known to be


@dataclass(frozen=True, slots=True)
class Preferences:
    """`zone` is a name of the IANA's, such as Asia/Shanghai."""

    language: str = DEFAULT
    unit: str = "btc"
    zone: str = UTC

    @property
    def key(self) -> str:
        """Names them in the key of a kept page."""
        return f"{self.language} {self.unit} {self.zone}"

    @property
    def unit_name(self) -> str:
        return UNITS[self.unit]


def of_request(environ: WSGIEnvironment) -> Preferences:
    """Read once for each request. Whatever is not understood counts as not said."""
    found: Preferences | None = environ.get(GIVEN)
    if found is None:
        query = environ.get("QUERY_STRING", "")[:MOST]
        found = environ[GIVEN] = _read(
            environ.get("HTTP_COOKIE", "")[:MOST],
            environ.get("HTTP_ACCEPT_LANGUAGE", "")[:MOST],
            dict(parse_qsl(query)).get("lang", "") if "lang=" in query else "",
        )
    return found


@lru_cache(maxsize=1024)  # the same few again and again
def _read(cookie: str, accepted: str, asked: str) -> Preferences:
    jar = _jar(cookie)
    languages = [asked, jar.get("language", "")]
    language = next((name for name in languages if name in LANGUAGES), None)
    unit, zone = jar.get("unit"), jar.get("zone")
    return Preferences(
        language or preferred([name for name, _ in parse_accept_header(accepted, LanguageAccept)]),
        unit if unit in UNITS else "btc",
        zone if zone and is_zone(zone) else UTC,
    )


def _jar(cookie: str) -> Mapping[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
    except CookieError:
        return {}


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether there is such a time zone."""
    if not _ZONE.fullmatch(name) or len(name) > 40:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


# --- of visitors lately -----------------------------------------------------------------------------------------------

_last_used: Final[dict[Preferences, float]] = {}  # monotonic seconds, the latest last


def note_use(preferences: Preferences) -> None:
    """Somebody reads like this. Safe for threads."""
    _last_used.pop(preferences, None)
    _last_used[preferences] = monotonic()
    if len(_last_used) > MOST_USED:
        with suppress(KeyError, RuntimeError):  # another thread was faster
            del _last_used[next(iter(_last_used))]


def in_use(seconds: float) -> list[Preferences]:
    """Those of the last so many seconds, the latest first."""
    since = monotonic() - seconds
    return [preferences for preferences, used in reversed(list(_last_used.items())) if used > since]


# --- of the page that is being made -----------------------------------------------------------------------------------

USUAL: Final = Preferences()
_applied: ContextVar[Preferences] = ContextVar("preferences", default=USUAL)


def current() -> Preferences:
    """Of the page whose template is being filled in."""
    return _applied.get()


@contextmanager
def applied(preferences: Preferences) -> Iterator[None]:
    token = _applied.set(preferences)
    try:
        yield
    finally:
        _applied.reset(token)


def language() -> str:
    """Of whoever is being answered."""
    return of_request(request.environ).language if has_request_context() else DEFAULT
