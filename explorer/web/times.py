"""How times are written, in the zone that the visitor prefers (explorer/web/preferences.py): filters of templates."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from explorer.language import gettext as _
from explorer.language import ngettext
from explorer.web.lifetime import holds_for
from explorer.web.pictures import markup
from explorer.web.preferences import UTC, current

MINUTE, HOUR, DAY = 60, 3_600, 86_400
MONTH, YEAR = 2_629_800, 31_557_600  # seconds, of a Julian year

_UNITS: Final[tuple[tuple[int, int, Callable[[int], str]], ...]] = (  # (seconds, from how many on, in words)
    (YEAR, 1, lambda n: ngettext("%(num)s year", "%(num)s years", n)),
    (MONTH, 2, lambda n: ngettext("%(num)s month", "%(num)s months", n)),  # days up to two months
    (DAY, 1, lambda n: ngettext("%(num)s day", "%(num)s days", n)),
    (HOUR, 1, lambda n: ngettext("%(num)s hour", "%(num)s hours", n)),
    (MINUTE, 1, lambda n: ngettext("%(num)s minute", "%(num)s minutes", n)),
    (1, 0, lambda n: ngettext("%(num)s second", "%(num)s seconds", n)),
)


def duration(seconds: int) -> str:
    """The largest unit that fits, in words: 3 minutes, 16 years."""
    unit, _least, words = next(row for row in _UNITS if seconds >= row[0] * row[1])
    return words(seconds // unit)


def _iso(value: int) -> tuple[str, str]:
    """(for machines, UTC; for people, in their zone)."""
    parts = time.gmtime(value)
    machine = time.strftime("%Y-%m-%dT%H:%M:%SZ", parts)
    if current().zone == UTC:
        return machine, time.strftime("%Y-%m-%d %H:%M:%S", parts)
    return machine, f"{_there(value):%Y-%m-%d %H:%M:%S}"


def _there(value: int) -> datetime:
    return datetime.fromtimestamp(value, ZoneInfo(current().zone))


def _offset(value: int) -> str:
    """How far the visitor's clock is from UTC at that time: UTC, UTC+8, UTC−3:30."""
    if current().zone == UTC:
        return UTC
    minutes = int((_there(value).utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}"


def moment(value: int) -> str:
    """2009-01-12 03:30:25, where a heading names the zone."""
    return _iso(value)[1]


def age(value: int, now: int) -> Markup:
    """How long ago, the time beneath it for machines and on hover. A block's time may lie ahead of the clock."""
    passed = now - value
    holds_for(_until_it_changes(passed))
    if abs(passed) < MINUTE:
        words = _("just now")
    else:
        words = _("%(time)s ago", time=duration(passed)) if passed > 0 else _("in %(time)s", time=duration(-passed))
    machine, person = _iso(value)
    return markup(f'<time datetime="{machine}" title="{person} {_offset(value)}">{escape(words)}</time>')


def _until_it_changes(passed: int) -> int:
    """In how many seconds an age will be said otherwise."""
    unit = next((unit for unit in (YEAR, MONTH, DAY, HOUR) if passed >= unit), MINUTE)
    return unit - passed % unit


def clock(value: int) -> Markup:
    """2009-01-12 03:30:25, how far that is from UTC small beside it."""
    machine, person = _iso(value)
    return markup(f'<time datetime="{machine}">{person}</time> <small class="unit">{_offset(value)}</small>')
