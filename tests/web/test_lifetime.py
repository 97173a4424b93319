"""For how long a page holds: until the first of its ages has to be said otherwise."""

from __future__ import annotations

import pytest

from explorer.web import lifetime, times


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        (5, 55),
        (59, lifetime.LEAST),
        (61, 59),
        (3_605, 3_595),
        (30 * 60, 60),
        (10**8, lifetime.MOST),
        (-5, lifetime.LEAST),
    ],
)
def test_an_age_tells_how_long_it_holds(age: int, seconds: float) -> None:
    with lifetime.of_page() as life:
        times.age(1_700_000_000 - age, 1_700_000_000)
    assert life.seconds == seconds


def test_the_least_of_all_counts() -> None:
    with lifetime.of_page() as life:
        assert life.seconds == lifetime.MOST
        for seconds in (500.0, 45.0, 90.0):
            lifetime.holds_for(seconds)
        assert life.seconds == 45
        lifetime.holds_for(0.1)
        assert life.seconds == lifetime.LEAST
    lifetime.holds_for(1)  # outside of a page it is nobody's
