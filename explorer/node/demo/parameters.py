"""Parameters checked as a node checks them, with its codes and words (those of Bitcoin Core 29)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

MISC, TYPE, NOT_FOUND, INVALID = -1, -3, -5, -8
METHOD_NOT_FOUND: Final = -32601
HASH_DIGITS: Final = 64
HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")
ANY: Final = "any"


class NodeError(Exception):
    """What a node answers instead of a result."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{message} ({code})")


@dataclass(frozen=True)
class Parameter:
    """`kind` is JSON's name of the type, or ANY."""

    name: str
    kind: str
    required: bool = True


def in_order(expected: Sequence[Parameter], named: Mapping[str, Any]) -> list[Any]:
    """Named parameters by their positions, null where one is left out before another."""
    names = [parameter.name for parameter in expected]
    for name in named:
        if name not in names:
            raise NodeError(INVALID, f"Unknown named parameter {name}")
    last = max((names.index(name) + 1 for name in named), default=0)
    return [named.get(name) for name in names[:last]]


def check(usage: str, expected: Sequence[Parameter], params: Sequence[Any]) -> None:
    """Raises what a node answers to too many, too few or parameters of another type."""
    needed = sum(parameter.required for parameter in expected)
    if not needed <= len(params) <= len(expected):
        raise NodeError(MISC, usage)
    wrong = [
        f'    "Position {position} ({parameter.name})": "{_wrong_type(value, parameter.kind)}"'
        for position, (parameter, value) in enumerate(zip(expected, params, strict=False), 1)
        if not _fits(parameter, value)
    ]
    if wrong:
        raise NodeError(TYPE, "Wrong type passed:\n{\n" + ",\n".join(wrong) + "\n}")


def _fits(parameter: Parameter, value: Any) -> bool:
    if value is None and not parameter.required:
        return True
    return parameter.kind in (ANY, kind_of(value))


def kind_of(value: Any) -> str:
    """JSON's name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float() | Decimal():
            return "number"
        case str():
            return "string"
        case dict():
            return "object"
        case _:
            return "array"


def _wrong_type(value: Any, expected: str) -> str:
    return f"JSON value of type {kind_of(value)} is not of expected type {expected}"


def integer(value: Any, *, lowest: int = -(2**31), highest: int = 2**31 - 1) -> int:
    """A whole number that fits: 32 bits, as nearly everywhere."""
    if kind_of(value) != "number":
        raise NodeError(TYPE, _wrong_type(value, "number"))
    if not isinstance(value, int) or not lowest <= value <= highest:
        raise NodeError(MISC, "JSON integer out of range")
    return value


def verbosity(value: Any, default: int) -> int:
    """A number, or a truth value as older callers give it."""
    if value is None:
        return default
    return int(value) if isinstance(value, bool) else integer(value)


def hash_of(value: Any, name: str) -> str:
    """64 hexadecimal digits, in lower case."""
    if kind_of(value) != "string":
        raise NodeError(TYPE, _wrong_type(value, "string"))
    length = len(value.encode(errors="surrogatepass"))  # the node counts bytes
    if length != HASH_DIGITS:
        raise NodeError(INVALID, f"{name} must be of length {HASH_DIGITS} (not {length}, for '{value}')")
    if not HEXADECIMAL.issuperset(value):
        raise NodeError(INVALID, f"{name} must be hexadecimal string (not '{value}')")
    return str(value).lower()
