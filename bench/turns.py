"""Measuring in turns: what a shared machine does to one, it does to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median

Measure = Callable[[], float]


def in_turns(turns: int, *measures: Measure) -> list[list[float]]:
    """A B A B …: for each of the measures, what it found in every turn."""
    found: list[list[float]] = [[] for _ in measures]
    for _ in range(turns):
        for measure, numbers in zip(measures, found, strict=True):
            numbers.append(measure())
    return found


def median_ms(seconds: Iterable[float]) -> float:
    """Milliseconds."""
    return median(seconds) * 1000


def percentile(numbers: Iterable[float], part: float) -> float:
    """The number that this part (0 to 1) of them does not exceed."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
