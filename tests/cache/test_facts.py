"""Facts are kept compactly, in the own memory and where others find them, and fetched by one visitor at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

import config
from explorer import cache
from explorer.cache.layers import Layers
from explorer.cache.memory import Memory
from explorer.cache.shelf import Shelf
from explorer.errors import NodeUnavailable


@dataclass(frozen=True)
class Fact:
    name: str
    number: int | None = None


@pytest.fixture
def app() -> Flask:
    app = Flask("test")
    cache.init_app(app, config.load({"CACHE_MB": "1"}))
    return app


@pytest.fixture
def in_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


class Source:
    """Makes facts, and remembers for which keys it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def make(self, keys: Sequence[str]) -> dict[str, Fact]:
        self.asked.append(list(keys))
        return {key: Fact(key, len(key)) for key in keys}


@pytest.mark.usefixtures("in_app")
class TestFetch:
    def test_what_is_kept_is_not_made_again(self) -> None:
        source = Source()
        assert cache.fetch(["a", "bb"], Fact, source.make) == {"a": Fact("a", 1), "bb": Fact("bb", 2)}
        assert cache.fetch(["bb", "a", "ccc"], Fact, source.make)["ccc"] == Fact("ccc", 3)
        assert source.asked == [["a", "bb"], ["ccc"]]
        assert cache.look_up("a", Fact) == Fact("a", 1)

    def test_what_is_incomplete_is_not_kept(self) -> None:
        source = Source()
        for _ in range(2):
            found = cache.fetch(["a", "bb"], Fact, source.make, complete=lambda fact: fact.number == 1)
            assert set(found) == {"a", "bb"}
        assert source.asked == [["a", "bb"], ["bb"]]

    def test_a_key_means_another_thing_for_another_kind(self) -> None:
        @dataclass(frozen=True)
        class Other:
            name: str

        cache.keep("a", Fact("a"))
        assert cache.look_up("a", Other) is None
        assert cache.look_up("a", Fact) == Fact("a")

    def test_a_failure_is_not_kept(self) -> None:
        def fail(_: Sequence[str]) -> dict[str, Fact]:
            raise NodeUnavailable

        source = Source()
        with pytest.raises(NodeUnavailable):
            cache.fetch(["a"], Fact, fail)
        assert cache.fetch(["a"], Fact, source.make) == {"a": Fact("a", 1)}

    def test_more_may_be_made_than_was_asked_for(self) -> None:
        assert "b" in cache.fetch(["a"], Fact, lambda _: {"a": Fact("a"), "b": Fact("b")})
        assert cache.look_up("b", Fact) == Fact("b")

    def test_it_forgets(self) -> None:
        cache.keep("a", Fact("a"))
        cache.clear()
        assert cache.look_up("a", Fact) is None


def test_without_an_app_nothing_is_kept() -> None:
    source = Source()
    for _ in range(2):
        assert cache.fetch(["a"], Fact, source.make) == {"a": Fact("a", 1)}
    cache.keep("a", Fact("a"))
    assert cache.look_up("a", Fact) is None
    assert len(source.asked) == 2


def test_two_apps_keep_apart(app: Flask) -> None:
    other = Flask("other")
    cache.init_app(other, config.load({}))
    with app.app_context():
        cache.keep("a", Fact("a"))
    with other.app_context():
        assert cache.look_up("a", Fact) is None


def test_one_fetches_and_the_others_wait_for_its_answer(app: Flask) -> None:
    source = Source()
    together = threading.Barrier(8)

    def make(keys: Sequence[str]) -> dict[str, Fact]:
        time.sleep(0.05)
        return source.make(keys)

    def visit(_: int) -> Fact:
        with app.app_context():
            together.wait()
            return cache.fetch(["a"], Fact, make)["a"]

    with ThreadPoolExecutor(8) as visitors:
        assert set(visitors.map(visit, range(8))) == {Fact("a", 1)}
    assert source.asked == [["a"]]


def test_who_asks_for_something_else_does_not_wait(app: Flask) -> None:
    slow_began, slow_may_end = threading.Event(), threading.Event()

    def slow(keys: Sequence[str]) -> dict[str, Fact]:
        slow_began.set()
        assert slow_may_end.wait(10)
        return {key: Fact(key) for key in keys}

    def visit() -> dict[str, Fact]:
        with app.app_context():
            return cache.fetch(["slow"], Fact, slow)

    with ThreadPoolExecutor(1) as visitors, app.app_context():
        visitor = visitors.submit(visit)
        assert slow_began.wait(10)
        assert cache.fetch(["quick"], Fact, Source().make) == {"quick": Fact("quick", 5)}
        slow_may_end.set()
        assert visitor.result(10) == {"slow": Fact("slow")}


def test_two_processes_share_what_either_found(tmp_path: Path) -> None:
    one, other = (sharing(tmp_path) for _ in range(2))
    source = Source()
    with one.app_context():
        cache.fetch(["a"], Fact, source.make)
    with other.app_context():
        assert cache.fetch(["a", "bb"], Fact, source.make)["a"] == Fact("a", 1)
    assert source.asked == [["a"], ["bb"]]
    with one.app_context():
        assert cache.look_up("bb", Fact) == Fact("bb", 2)


def test_what_others_found_comes_into_the_own_memory(tmp_path: Path) -> None:
    one, other = (sharing(tmp_path) for _ in range(2))
    with one.app_context():
        cache.keep("a", Fact("a"))
    with other.app_context():
        end = time.monotonic() + 10
        while cache.look_up("a", Fact) is None and time.monotonic() < end:
            time.sleep(0.01)  # nobody waits for the others to have it
        assert cache.look_up("a", Fact) == Fact("a")
        cache.layers().shared.clear()
        assert cache.look_up("a", Fact) == Fact("a")


def test_forgetting_is_for_all(tmp_path: Path) -> None:
    app = sharing(tmp_path)
    with app.app_context():
        cache.fetch(["a"], Fact, lambda _: {"a": Fact("a")})
        cache.clear()
        assert cache.layers().memory.bytes == 0
        assert cache.look_up("a", Fact) is None


def test_nothing_is_kept_where_that_is_set() -> None:
    app = Flask("null")
    cache.init_app(app, config.load({"CACHE_TYPE": "NullCache"}))
    source = Source()
    with app.app_context():
        for _ in range(2):
            assert cache.fetch(["a"], Fact, source.make) == {"a": Fact("a", 1)}
    assert source.asked == [["a"], ["a"]]


def sharing(folder: Path) -> Flask:
    """An app as another process on this machine would have it."""
    app = Flask("sharing")
    cache.init_app(app, config.load({}))
    app.extensions["cache"][cache._facts] = Layers(Memory(1_000_000), Shelf(folder, 1_000_000))
    return app
