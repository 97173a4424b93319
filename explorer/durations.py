"""How long something takes, and how long ago it was, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from explorer.language import gettext as _
from explorer.language import ngettext

SECOND, MINUTE, HOUR, DAY = 1, 60, 3_600, 86_400
MONTH, YEAR = 2_629_800, 31_557_600  # seconds, of a Julian year

_WORDS: Final[dict[int, Callable[[int], str]]] = {
    YEAR: lambda n: ngettext("%(num)s year", "%(num)s years", n),
    MONTH: lambda n: ngettext("%(num)s month", "%(num)s months", n),
    DAY: lambda n: ngettext("%(num)s day", "%(num)s days", n),
    HOUR: lambda n: ngettext("%(num)s hour", "%(num)s hours", n),
    MINUTE: lambda n: ngettext("%(num)s minute", "%(num)s minutes", n),
    SECOND: lambda n: ngettext("%(num)s second", "%(num)s seconds", n),
}


def count(number: int, unit: int) -> str:
    """3 minutes. `unit` is one of the above, in seconds."""
    return _WORDS[unit](number)


def ago(passed: int, words: Callable[[int], str]) -> str:
    """3 minutes ago, in 2 hours, just now. `words` says how long so many seconds are."""
    if abs(passed) < MINUTE:
        return _("just now")
    time = words(abs(passed))
    return _("%(time)s ago", time=time) if passed > 0 else _("in %(time)s", time=time)
