"""Arguments of a call, as they are typed: JSON where they are JSON, otherwise text. Numbers stay exact."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NoReturn

from explorer.language import gettext as _
from explorer.node.rpc import Named

LARGEST = 2**63  # beyond it, numbers are kept as Decimal: our JSON encoder takes no larger int


def parse(typed: str) -> Any:
    """A number, true, false, null, a quoted string, an array or an object; anything else is the text itself."""
    try:
        return json.loads(typed, parse_float=Decimal, parse_int=_whole, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return typed


def parse_named(typed: Iterable[str]) -> Named:
    """`name=value` each. Raises ValueError for one that is not, or that is there twice, without saying its value."""
    named = Named()
    for position, text in enumerate(typed, 1):
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ValueError(_("With --named, argument %(position)s is not name=value.", position=position))
        if name in named:
            raise ValueError(_("With --named, %(name)s is given twice.", name=name))
        named[name] = parse(value)
    return named


def _whole(digits: str) -> int | Decimal:
    number = Decimal(digits)
    return int(number) if abs(number) < LARGEST else number


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity are no JSON, though Python takes them."""
    raise ValueError(constant)
