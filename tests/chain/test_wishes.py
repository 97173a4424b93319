"""What to fetch next: the newest wish first, and never more than a few."""

from __future__ import annotations

import threading

from explorer.chain.wishes import MOST, Wishes


def test_the_newest_comes_first() -> None:
    wishes = Wishes()
    for wish in "ab":
        wishes.add(wish)
    assert [wishes.take(), wishes.take()] == ["b", "a"]


def test_a_wish_made_again_is_new_and_still_one() -> None:
    wishes = Wishes()
    for wish in "aba":
        wishes.add(wish)
    assert [wishes.take(), wishes.take()] == ["a", "b"]
    wishes.add("c")
    assert wishes.take() == "c"


def test_the_oldest_are_dropped() -> None:
    wishes = Wishes()
    for number in range(1_000):
        wishes.add(str(number))
    assert [wishes.take() for _ in range(MOST)] == [str(number) for number in range(999, 999 - MOST, -1)]
    wishes.add("new")
    assert wishes.take() == "new"


def test_who_takes_waits_for_a_wish() -> None:
    wishes = Wishes()
    taken: list[str] = []
    thread = threading.Thread(target=lambda: taken.append(wishes.take()), daemon=True)
    thread.start()
    thread.join(0.1)
    assert not taken
    wishes.add("a")
    thread.join(10)
    assert taken == ["a"]
