"""Until when something is locked, in words: filters of templates."""

from __future__ import annotations

from datetime import timedelta

from markupsafe import Markup

from explorer.bitcoin import locktime
from explorer.bitcoin.models import TransactionPart
from explorer.durations import DAY
from explorer.html import markup
from explorer.language import gettext as _
from explorer.language import ngettext
from explorer.web.times import clock


def lock_time(tx: TransactionPart) -> Markup:
    lock = locktime.absolute_lock(tx.locktime)
    if lock is None:
        return markup(_("none"))
    if lock.seconds is not None:
        time = clock(lock.seconds)
        if tx.is_final:
            return markup(_("not before %(time)s, switched off by final sequences", time=time))
        return markup(_("not before %(time)s", time=time))
    height = f"{lock.blocks:,}"
    if tx.is_final:
        return markup(_("not before block %(height)s, switched off by final sequences", height=height))
    return markup(_("not before block %(height)s", height=height))


def relative_lock(sequence: int, version: int) -> str | None:
    """The relative lock of an input (BIP 68); None where it has none."""
    lock = locktime.relative_lock(sequence, version)
    if lock is None:
        return None
    if lock.seconds is not None:
        return _("%(time)s after the output was confirmed", time=_span(lock.seconds))
    blocks = lock.blocks or 0
    return ngettext(
        "%(num)s block after the output was confirmed", "%(num)s blocks after the output was confirmed", blocks
    )


def _span(seconds: int) -> str:
    """To the second: 0:08:32; 2 days, 1:30:00."""
    days, rest = divmod(seconds, DAY)
    time = str(timedelta(seconds=rest))
    return ngettext("%(num)s day, %(time)s", "%(num)s days, %(time)s", days, time=time) if days else time
