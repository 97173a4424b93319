"""How times are written, in the zone that the visitor prefers (explorer/web/preferences.py): filters of templates."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from explorer.durations import DAY, HOUR, MINUTE, MONTH, SECOND, YEAR, ago, count
from explorer.html import escaped, markup
from explorer.web.lifetime import holds_for
from explorer.web.preferences import UTC, current

LEAST = {YEAR: YEAR, MONTH: 2 * MONTH, DAY: DAY, HOUR: HOUR, MINUTE: MINUTE}  # from where on it is said in which unit


def duration(seconds: int) -> str:
    """The largest unit that fits, in words: 3 minutes, 16 years."""
    unit = next((unit for unit, least in LEAST.items() if seconds >= least), SECOND)
    return count(seconds // unit, unit)


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
    machine, person = _iso(value)
    return markup(
        f'<time datetime="{machine}" title="{person} {_offset(value)}">{escaped(ago(passed, duration))}</time>'
    )


def _until_it_changes(passed: int) -> int:
    """In how many seconds an age will be said otherwise."""
    unit = next((unit for unit in (YEAR, MONTH, DAY, HOUR) if passed >= unit), MINUTE)
    return unit - passed % unit


def clock(value: int) -> Markup:
    """2009-01-12 03:30:25, how far that is from UTC small beside it."""
    machine, person = _iso(value)
    return markup(f'<time datetime="{machine}">{person}</time> <small class="unit">{_offset(value)}</small>')
