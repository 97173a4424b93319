"""/live as the app answers it, before the demo chain; tests/regtest/test_live.py listens as visitors really do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from explorer.node.connection import get_rpc_connection
from explorer.web import live
from explorer.web.listener import Listener
from explorer.web.news import News
from tests.events import Event, read
from tests.pages import Explorer

HASH = "ab" * 32
HOSTILE = [
    "",
    ":",
    "1",
    f"1:{HASH[:-1]}",
    f"-1:{HASH}",
    f"99999999999:{HASH}",
    f"4294967296:{HASH}",
    f"1:{HASH}:{HASH}",
    "1:" + "g" * 64,
    f"²:{HASH}",
    "1:\x00",
    "1:' OR 1=1 --",
    "{}%0d%0aevent: tip",
    "A" * 3_000,
]


@pytest.fixture
def explorer() -> Explorer:
    return Explorer("demo", WEB_THREADS="2")  # of which one may listen


class Open:
    """A stream that is read piece by piece."""

    def __init__(self, explorer: Explorer, path: str = "/live", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer: TestResponse = explorer.client.get(path, headers=named)
        self._parts = self.answer.iter_encoded()

    def read(self) -> str:
        return next(self._parts).decode()

    def events(self) -> list[Event]:
        """The first that come."""
        assert self.read() == "retry: 1000\n: here\n\n"
        return read(self.read())


@pytest.fixture
def opened(explorer: Explorer) -> Iterator[Open]:
    stream = Open(explorer)
    yield stream
    stream.answer.close()


def test_what_it_is(explorer: Explorer) -> None:
    stream = Open(explorer, Accept_Encoding="gzip, deflate, br, zstd")
    headers = stream.answer.headers
    assert stream.answer.status_code == 200
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"
    assert "Content-Security-Policy" in headers
    assert not {"Content-Encoding", "Content-Length", "ETag", "Set-Cookie"} & set(headers.keys())
    stream.answer.close()


def test_it_begins_with_how_everything_stands(opened: Open) -> None:
    node, tip, mempool = opened.events()
    assert (node.kind, node.data) == ("node", {"up": True})
    assert tip.id == mempool.id == f"{tip.data['height']}:{tip.data['hash']}"
    assert mempool.data["count"] >= 0


def test_it_goes_on_from_where_the_page_stands(explorer: Explorer) -> None:
    with explorer.watched():
        stream = Open(explorer)
        present = stream.events()[1].data["height"]
        stream.answer.close()
        rpc = get_rpc_connection(explorer.settings)
        hashes = {height: rpc.call("getblockhash", height) for height in (present - 2, present - 3)}
        for path, last_event_id, missed in [
            (f"/live?since={present - 2}:{hashes[present - 2]}", "", 2),
            ("/live", f"{present - 2}:{hashes[present - 2]}", 2),
            (f"/live?since={present - 3}:{hashes[present - 3]}", f"{present - 2}:{hashes[present - 2]}", 2),
            (f"/live?since={present - 3}:{hashes[present - 3]}", "nonsense", 1),
        ]:
            stream = Open(explorer, path, Last_Event_ID=last_event_id)
            tips = [event.data["height"] for event in stream.events() if event.kind == "tip"]
            assert tips == list(range(present - missed + 1, present + 1))
            stream.answer.close()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nonsense_gets_the_present_tip(explorer: Explorer, hostile: str) -> None:
    answer = explorer.client.get("/live", query_string={"since": hostile})
    parts = answer.iter_encoded()
    next(parts)
    assert [event.kind for event in read(next(parts).decode())] == ["node", "tip", "mempool"]
    answer.close()


def test_head_ends(explorer: Explorer) -> None:
    for _ in range(3):  # and takes no place
        with explorer.client.head("/live") as answer:
            assert (answer.status_code, answer.get_data()) == (200, b"")
            assert answer.mimetype == "text/event-stream"


def test_nobody_can_post(explorer: Explorer) -> None:
    assert explorer.client.post("/live").status_code == 405


class TestPlaces:
    def test_who_finds_none_is_told_to_come_back(self, explorer: Explorer, opened: Open) -> None:
        for _ in range(3):
            with explorer.client.get("/live") as refused:
                assert refused.status_code == 503
                assert int(refused.headers["Retry-After"]) > 0
                assert refused.headers["Cache-Control"] == "no-store"
                assert len(refused.get_data()) < 100
        assert explorer.get("/").status == 200

    @pytest.mark.parametrize("read_before", [0, 1, 2])
    def test_who_leaves_gives_it_back(self, explorer: Explorer, read_before: int) -> None:
        for _ in range(4):
            stream = Open(explorer)
            assert stream.answer.status_code == 200
            for _ in range(read_before):
                stream.read()
            stream.answer.close()
            stream.answer.close()  # once, however often

    def test_who_takes_nothing_is_dropped(self, explorer: Explorer) -> None:
        class Stuck(Listener):
            is_dropped = False

            def has_room(self, *_: Any) -> bool:
                return False

            def drop(self) -> None:
                self.is_dropped = True

        stuck, rpc = Stuck(None), get_rpc_connection(explorer.settings)
        assert list(live.Stream(live.Streams(1), stuck, rpc, News(rpc, None))) == [live.OPENING]
        assert stuck.is_dropped

    def test_with_one_thread_there_is_none(self) -> None:
        with Explorer("demo", WEB_THREADS="1").client.get("/live") as answer:
            assert answer.status_code == 503


class TestEnd:
    def test_when_the_server_stops(self, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        opened.events()
        monkeypatch.setattr(live, "_goes_on", lambda: False)
        began = time.monotonic()
        with pytest.raises(StopIteration):
            opened.read()
        assert time.monotonic() - began < 1

    def test_who_comes_then_is_sent_on_at_once(self, explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(live, "_goes_on", lambda: False)
        with explorer.client.get("/live") as answer:
            assert (answer.status_code, answer.get_data()) == (200, live.OPENING)

    def test_after_a_while(self, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        opened.events()
        monkeypatch.setattr(live, "monotonic", lambda: time.monotonic() + live.LASTS)
        with pytest.raises(StopIteration):
            opened.read()


def test_a_quiet_stream_gives_signs_of_life(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "QUIET_FOR", 0.3)
    with explorer.watched():
        stream = Open(explorer)
        stream.events()
        assert stream.read() == stream.read() == ": still here\n\n"
        stream.answer.close()
