"""What an examination of a node may find: an id and values, whose words are in `words.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from explorer.durations import DAY, HOUR, MINUTE, SECOND, count
from explorer.errors import Value
from explorer.findings.words import CATALOGUE, Level
from explorer.messages import Words, fill

LEVELS: Final[tuple[Level, ...]] = ("ok", "note", "warning", "bad")  # from good to bad

GB: Final = 1_000_000_000
MB: Final = 1_000_000


class Finding:
    """`finding_id` is a key of `CATALOGUE`, `values` fill its placeholders. Never a secret among them."""

    def __init__(self, finding_id: str, /, **values: Value) -> None:
        self.id = finding_id
        self.values = values

    @property
    def level(self) -> Level:
        """`ok`; `note`: a choice to know of; `warning`: trouble to come; `bad`: nothing works with it."""
        return CATALOGUE[self.id].level

    @property
    def words(self) -> Words:
        """Its values filled in (plain text, not escaped). An ok has no advice."""
        return fill(CATALOGUE[self.id].words, self.values)

    def __repr__(self) -> str:
        return f"<{self.level}: {self.id} {self.values}>"


def worst(levels: Iterable[Level]) -> Level:
    return max(levels, key=LEVELS.index, default="ok")


def duration(seconds: float) -> str:
    """About as long, in the largest unit that fits."""
    unit = next((unit for unit in (DAY, HOUR, MINUTE) if seconds >= 2 * unit), SECOND)
    return count(max(1, round(seconds / unit)), unit)


def amount(size: int) -> str:
    """Of bytes."""
    return f"{size / GB:.1f} GB" if size >= GB else f"{size / MB:.0f} MB"
