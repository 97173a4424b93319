"""A real Redis: what is shared through it, and that nobody misses it when it is away, silent or full."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from config import Secret
from explorer.cache import redis as redis_module
from explorer.cache.redis import RedisShared
from explorer.deadline import deadline
from tests.bitcoind import Bitcoind
from tests.coins import mine
from tests.pages import Explorer
from tests.redis_server import RedisServer, is_installed

QUICK = 2.0  # seconds: TIMEOUT for each of a few questions until it is left alone


@pytest.fixture
def shared(redis_url: str) -> RedisShared:
    return RedisShared(Secret(redis_url))


@pytest.fixture
def own_redis(redis_url: str) -> Iterator[RedisServer]:
    """One that the test may stop."""
    assert is_installed()
    with RedisServer("--maxmemory", "2mb", "--maxmemory-policy", "noeviction") as server:
        yield server


def test_what_one_puts_there_another_finds(shared: RedisShared, redis_url: str) -> None:
    shared.set("a", b"1")
    assert RedisShared(Secret(redis_url)).get_many(["a", "b"]) == [b"1", None]


def test_it_is_there_for_so_long(shared: RedisShared, redis_server: RedisServer) -> None:
    shared.set("a", b"1", 30)
    shared.set("b", b"1", 0)
    assert 0 < redis_server.client.ttl("explorer:a") <= 30
    assert redis_server.client.ttl("explorer:b") <= 1


def test_values_are_kept_as_they_are(shared: RedisShared, redis_server: RedisServer) -> None:
    """Never pickled: who can write to Redis must not be able to run anything here."""
    redis_server.client.set("explorer:a", b"cos\nsystem\n(S'true'\ntR.")
    assert shared.get_many(["a"]) == [b"cos\nsystem\n(S'true'\ntR."]


def test_only_its_own_keys_are_cleared(shared: RedisShared, redis_server: RedisServer) -> None:
    redis_server.client.set("somebody else's", b"1")
    shared.set("a", b"1")
    shared.clear()
    assert redis_server.client.keys() == [b"somebody else's"]


def test_one_at_a_time_holds_a_lock(redis_url: str) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with RedisShared(Secret(redis_url)).lock("a"):
            inside += 1
            most = max(most, inside)
            time.sleep(0.05)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_lock_is_waited_for_no_longer_than_the_deadline(shared: RedisShared, redis_url: str) -> None:
    with shared.lock("a"):
        begun = time.monotonic()
        with deadline(0.2), RedisShared(Secret(redis_url)).lock("a"):
            assert 0.1 < time.monotonic() - begun < QUICK


@pytest.mark.parametrize("trouble", ["stop", "suspend"])
def test_while_it_is_away_everybody_works_alone(
    own_redis: RedisServer, trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(redis_module, "REST", 0.3)
    shared = RedisShared(Secret(own_redis.url))
    shared.set("a", b"1")
    getattr(own_redis, trouble)()
    begun = time.monotonic()
    with shared.lock("a"):
        for _ in range(20):
            assert shared.get_many(["a"]) == [None]
            shared.set("b", b"1")
    assert time.monotonic() - begun < 2 * QUICK
    own_redis.start() if trouble == "stop" else own_redis.resume()
    time.sleep(0.4)
    shared.set("c", b"1")
    assert shared.get_many(["c"]) == [b"1"]
    said = [record.message for record in caplog.records if record.name == redis_module.__name__]
    assert said == ["Redis does not take part for now: ConnectionError", "Redis takes part again"] or (
        trouble == "suspend" and said == ["Redis does not take part for now: TimeoutError", "Redis takes part again"]
    )


def test_a_full_one_still_gives_what_it_has(own_redis: RedisServer) -> None:
    shared = RedisShared(Secret(own_redis.url))
    shared.set("a", b"1")
    for number in range(60):
        shared.set(f"big {number}", bytes(100_000))
    assert shared.get_many(["a"]) == [b"1"]
    with shared.lock("b"):
        pass


def test_a_wrong_password_is_no_more_than_an_absence(own_redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    own_redis.client.config_set("requirepass", "right")
    shared = RedisShared(Secret(f"redis://:wr0ng-secret@127.0.0.1:{own_redis.port}/0"))
    caplog.set_level(logging.DEBUG)
    shared.set("a", b"1")
    with shared.lock("a"):
        assert shared.get_many(["a"]) == [None]
    assert "wr0ng-secret" not in caplog.text + repr(shared)


def server(node: Bitcoind, redis: str, megabytes: int) -> Explorer:
    """A server of its own: with another setting it has another connection, and its memory is its app's."""
    return Explorer(node.url, CACHE_TYPE="RedisCache", CACHE_REDIS_URL=redis, CACHE_MB=str(megabytes))


class TestPages:
    """Two servers before one node."""

    def test_one_fetches_and_the_other_finds(self, regtest: Bitcoind, redis_url: str) -> None:
        block = mine(regtest, [])
        first, second = server(regtest, redis_url, 21), server(regtest, redis_url, 22)
        assert first.count(f"/block/{block}") > 0
        assert second.count(f"/block/{block}") == 0
        assert second.get(f"/block/{block}").body == first.get(f"/block/{block}").body

    def test_facts_are_found_when_the_tip_has_moved(self, regtest: Bitcoind, redis_url: str) -> None:
        block = mine(regtest, [])
        first, second = server(regtest, redis_url, 23), server(regtest, redis_url, 24)
        first.get(f"/block/{block}")
        mine(regtest, [])
        assert second.count(f"/block/{block}") == 1  # where it stands now

    @pytest.mark.parametrize("trouble", ["stop", "suspend"])
    def test_pages_come_without_it(self, regtest: Bitcoind, own_redis: RedisServer, trouble: str) -> None:
        explorer = server(regtest, own_redis.url, 25 + len(trouble))
        before = explorer.get("/")
        getattr(own_redis, trouble)()
        block = mine(regtest, [])
        begun = time.monotonic()
        assert block in explorer.get("/").body
        assert explorer.get(f"/block/{block}").status == 200
        assert time.monotonic() - begun < 3 * QUICK
        assert block not in before.body
