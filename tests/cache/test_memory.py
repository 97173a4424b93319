"""The process's own memory never grows beyond its bytes, and forgets what was used least."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from explorer.cache.memory import OVERHEAD, Memory


def test_it_stays_within_its_bytes() -> None:
    memory = Memory(max_bytes=10_000)
    for n in range(1_000):
        memory.set(n, f"value {n}", 100)
        assert memory.bytes <= 10_000
    kept = [n for n in range(1_000) if memory.get(n)]
    assert memory.bytes == len(kept) * (100 + OVERHEAD)
    assert kept[-1] == 999


def test_the_least_used_goes_first() -> None:
    memory = Memory(max_bytes=3 * (100 + OVERHEAD))
    for key in "abc":
        memory.set(key, key, 100)
    memory.get("a")
    memory.set("d", "d", 100)
    assert [key for key in "abcd" if memory.get(key)] == ["a", "c", "d"]


def test_what_is_larger_than_all_of_it_is_not_kept() -> None:
    memory = Memory(max_bytes=1_000)
    memory.set("a", "a", 2_000)
    assert memory.get("a") is None
    assert memory.bytes == 0


def test_setting_again_replaces() -> None:
    memory = Memory(max_bytes=10_000)
    for size in (10, 20):
        memory.set("a", size, size)
    assert memory.get("a") == 20
    assert memory.bytes == 20 + OVERHEAD
    assert memory.delete("a")
    assert not memory.delete("a")
    assert memory.bytes == 0


def test_it_may_hold_nothing() -> None:
    memory = Memory(max_bytes=0)
    memory.set("a", "a", 1)
    assert memory.get("a") is None


def test_threads_may_share_it() -> None:
    memory = Memory(max_bytes=20_000)

    def use(number: int) -> None:
        for n in range(500):
            memory.set((number * n) % 97, n, n % 300)
            memory.get(n % 97)

    with ThreadPoolExecutor(8) as users:
        list(users.map(use, range(8)))
    assert 0 < memory.bytes <= 20_000
    memory.clear()
    assert memory.bytes == 0
