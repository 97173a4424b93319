"""What was found: figures beside their yardsticks, as a table for people and as JSON for later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal, NamedTuple

Unit = Literal["/s", "ms", "s", "kB", "MB", "calls"]
WIDTHS = (24, 14, 14, 12, 20)  # columns of the table; the verdict comes last
HEADINGS = ("", "measured", "yardstick", "", "goal", "")


class Skipped(Exception):
    """A row cannot be measured here; the message says why."""


class Goal(NamedTuple):
    """How a figure has to stand to its yardstick."""

    kind: Literal["at least times", "at most times", "at most more", "at most"]
    limit: float  # times the yardstick, more in the figure's unit, or in that unit by itself

    def compare(self, measured: float, yardstick: float) -> float:
        """As the goal looks at it: their ratio, or their difference."""
        if self.kind in ("at least times", "at most times"):
            return measured / yardstick if yardstick else float("inf") if measured else 1.0
        return measured - yardstick

    def is_met(self, measured: float, yardstick: float) -> bool:
        compared = self.compare(measured, yardstick)
        match self.kind:
            case "at least times":
                return compared >= self.limit
            case "at most":
                return measured <= self.limit
            case _:
                return compared <= self.limit

    def words(self, unit: Unit) -> str:
        match self.kind:
            case "at least times":
                return f"at least {self.limit:g} x"
            case "at most times":
                return f"at most {self.limit:g} x"
            case "at most more":
                return f"at most + {amount(self.limit, unit)}"
            case "at most":
                return f"at most {amount(self.limit, unit)}"


@dataclass(frozen=True)
class Figure:
    """`measured` and `against`, its yardstick, hold a number for every turn, in `unit`; medians of them count.

    `also` are conditions beside the goal, each with whether it holds; `notes` are printed below the figure.
    """

    name: str
    what: str
    yardstick: str
    unit: Unit
    measured: Sequence[float]
    against: Sequence[float]
    goal: Goal
    also: dict[str, bool] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def is_met(self) -> bool:
        return self.goal.is_met(median(self.measured), median(self.against)) and all(self.also.values())

    def line(self) -> str:
        measured, yardstick = median(self.measured), median(self.against)
        compared = self.goal.compare(measured, yardstick)
        if self.goal.kind == "at most more":
            comparison = f"{compared:+,.1f} {self.unit}"
        else:
            comparison = "" if self.goal.kind == "at most" else f"{compared:.2f} x"
        cells = (
            self.name,
            amount(measured, self.unit),
            "" if self.goal.kind == "at most" else amount(yardstick, self.unit),
            comparison,
            self.goal.words(self.unit),
            "met" if self.is_met else "NOT MET",
        )
        return _row(cells)

    def details(self) -> list[str]:
        """What is printed below the line."""
        conditions = [f"{words}: {'yes' if holds else 'NO'}" for words, holds in self.also.items()]
        heading = self.what if self.goal.kind == "at most" else f"{self.what} / {self.yardstick}"
        return [f"    {line}" for line in (heading, *conditions, *self.notes)]

    def as_json(self) -> dict[str, Any]:
        measured, yardstick = median(self.measured), median(self.against)
        return {
            "name": self.name,
            "what": self.what,
            "yardstick_is": self.yardstick,
            "unit": self.unit,
            "measured": measured,
            "yardstick": yardstick,
            "compared": self.goal.compare(measured, yardstick),
            "goal": self.goal.words(self.unit),
            "also": self.also,
            "met": self.is_met,
            "turns": {"measured": list(self.measured), "yardstick": list(self.against)},
            "notes": list(self.notes),
        }


def amount(number: float, unit: Unit) -> str:
    """A number with its unit, with as many digits as one can trust."""
    digits = 0 if unit in ("calls", "/s") or abs(number) >= 1000 else 1 if unit in ("kB", "MB") else 2
    return f"{number:,.{digits}f}{'' if unit == '/s' else ' '}{unit}"


def spread(numbers: Sequence[float], unit: Unit) -> str:
    """From the lowest to the highest."""
    return f"{amount(min(numbers), unit)} to {amount(max(numbers), unit)}"


def heading() -> str:
    return _row(HEADINGS)


def _row(cells: Sequence[str]) -> str:
    name, *others, verdict = cells
    columns = [name.ljust(WIDTHS[0]), *(cell.rjust(width) for cell, width in zip(others, WIDTHS[1:], strict=True))]
    return f"{''.join(columns)}  {verdict}".rstrip()


def write(path: Path, facts: dict[str, Any], figures: Sequence[Figure], lost: dict[str, str]) -> None:
    """`lost` says of rows that brought no figures why."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": facts, "figures": [figure.as_json() for figure in figures], "lost": lost}
    path.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
