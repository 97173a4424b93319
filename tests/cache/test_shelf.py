"""What the workers of a machine share: found by all, bounded, locked across processes, and never in anybody's way."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from explorer.cache import shelf
from explorer.cache.shelf import LOCKS, PREFIX, SWEEPS, Shelf, _write
from explorer.deadline import deadline
from tests.server import ROOT

PAGE = 4096  # bytes that the least file takes
MB = 1_000_000

# Another process with the same shelf: it takes the lock "key" when told to, says so, and holds it until it is told.
HOLDER = """
import sys
from pathlib import Path
from explorer.cache.shelf import Shelf
shelf = Shelf(Path(sys.argv[1]), 1_000_000)
print("ready", flush=True)
sys.stdin.readline()
with shelf.lock("key"):
    shelf.set("held", b"1")
    print("held", flush=True)
    sys.stdin.readline()
    print("done", flush=True)
"""


class Holder:
    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.hear("ready")

    def say(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def hear(self, word: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == f"{word}\n"

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Holder]:
    holder = Holder(tmp_path)
    yield holder
    holder.close()


def size_of(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.iterdir())


def wait_for_sweeps() -> None:
    for thread in threading.enumerate():
        if thread.name == "sweep":
            thread.join()


def refuse(*_: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


# --- values -----------------------------------------------------------------------------------------------------------


def test_what_one_puts_there_another_finds(tmp_path: Path) -> None:
    one, other = Shelf(tmp_path, MB), Shelf(tmp_path, MB)
    one.set("a", b"1")
    one.set("../b", b"\x00")
    assert other.get_many(["a", "c", "../b"]) == [b"1", None, b"\x00"]
    one.set("a", b"2")
    assert other.get_many(["a"]) == [b"2"]
    other.clear()
    assert one.get_many(["a", "../b"]) == [None, None]
    assert [file.name for file in tmp_path.iterdir()] == [LOCKS]


@pytest.mark.parametrize("size", [1, 100, 5_000, 200_000])
def test_it_is_bounded_in_bytes(tmp_path: Path, size: int) -> None:
    """Of the disk, or the memory, that they take: a small value takes a page."""
    bound, shelf = MB, Shelf(tmp_path, MB)
    largest = 0
    count = 3 * bound // max(size, PAGE)
    for n in range(count):
        shelf.set(str(n), b"x" * size)
        wait_for_sweeps()
        if n % 50 == 0 or size > 50_000:
            largest = max(largest, size_of(tmp_path))
    assert bound / 4 < largest <= bound * (1 + 1 / SWEEPS) + 2 * max(size, PAGE)
    assert shelf.get_many([str(count - 1)]) != [None]
    assert shelf.get_many(["0"]) == [None]


def test_a_full_disk_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path, MB)
    shelf.set("a", b"1")
    with monkeypatch.context() as full:
        full.setattr("explorer.cache.shelf._write", refuse)
        shelf.set("a", b"2")
        shelf.set("b", b"2")
    old, new = shelf.get_many(["a", "b"])
    assert old in (b"1", None)  # it may have had to make room
    assert new is None
    with monkeypatch.context() as full:
        full.setattr(os, "replace", refuse)
        shelf.set("b", b"2")
    assert not list(tmp_path.glob("*.*"))  # no draft stays behind
    shelf.set("b", b"2")
    assert shelf.get_many(["b"]) == [b"2"]


def test_a_disk_that_is_smaller_than_the_bound_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container's /dev/shm of 64 MB is, whatever CACHE_SHARED_MB says: the newest can be found all the same."""
    write = _write

    def write_if_there_is_room(path: str, value: bytes) -> None:
        if size_of(tmp_path) + PAGE > MB / 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, value)

    monkeypatch.setattr("explorer.cache.shelf._write", write_if_there_is_room)
    shelf, found = Shelf(tmp_path, 1_000 * MB), 0
    for n in range(200):
        shelf.set(str(n), b"1")
        found += shelf.get_many([str(n)]) == [b"1"]
    assert found > 180
    assert shelf.get_many(["0"]) == [None]


def test_a_folder_that_is_gone_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    shelf = Shelf(tmp_path / "gone", MB)
    (tmp_path / "gone" / LOCKS).unlink()
    (tmp_path / "gone").rmdir()
    shelf.set("a", b"1")
    assert shelf.get_many(["a"]) == [None]
    with shelf.lock("a"):
        shelf.clear()


# --- locks ------------------------------------------------------------------------------------------------------------


def test_a_lock_keeps_other_processes_out(tmp_path: Path, holder: Holder) -> None:
    shelf = Shelf(tmp_path, MB)
    with shelf.lock("key"):
        holder.say()
        time.sleep(0.2)
        assert shelf.get_many(["held"]) == [None]
    holder.hear("held")
    assert shelf.get_many(["held"]) == [b"1"]


def test_another_key_is_free_meanwhile(tmp_path: Path, holder: Holder) -> None:
    holder.say()
    holder.hear("held")
    begun = time.monotonic()
    with Shelf(tmp_path, MB).lock("another key"):
        assert time.monotonic() - begun < 0.5


def test_the_lock_of_a_process_that_is_killed_is_free(tmp_path: Path, holder: Holder) -> None:
    holder.say()
    holder.hear("held")
    holder.process.send_signal(signal.SIGKILL)
    begun = time.monotonic()
    with Shelf(tmp_path, MB).lock("key"):
        assert time.monotonic() - begun < 5


def test_a_deadline_bounds_the_wait_and_then_one_does_without(tmp_path: Path, holder: Holder) -> None:
    holder.say()
    holder.hear("held")
    begun, entered = time.monotonic(), False
    with deadline(0.3), Shelf(tmp_path, MB).lock("key"):
        entered = True
    assert entered
    assert 0.25 < time.monotonic() - begun < 1
    holder.say()
    holder.hear("done")  # whose lock was not taken away


def test_an_error_inside_frees_the_lock(tmp_path: Path, holder: Holder) -> None:
    with pytest.raises(LookupError), Shelf(tmp_path, MB).lock("key"):
        raise LookupError
    holder.say()
    holder.hear("held")


# --- the folder -------------------------------------------------------------------------------------------------------


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where folders are made, instead of /dev/shm."""
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(shelf, "_opened", None)
    yield tmp_path
    shelf.close_folder()


def test_leftovers_of_dead_processes_are_removed(base: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    names = [f"{PREFIX}{dead.stdout.strip()}-x", f"{PREFIX}{os.getppid()}-x", f"{PREFIX}notes", "somebody-elses"]
    for name in names:
        (base / name).mkdir()
        (base / name / "file").write_bytes(b"1")
    mine = shelf.open_folder()
    assert mine
    assert sorted(file.name for file in base.iterdir()) == sorted([*names[1:], mine.name])


def test_it_is_opened_once_for_nobody_else_and_removed_at_the_end(base: Path) -> None:
    folder = shelf.open_folder()
    assert folder
    assert shelf.open_folder() == shelf.opened_folder() == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    Shelf(folder, MB).set("a", b"1")
    shelf.close_folder()
    assert not list(base.iterdir())
    assert shelf.opened_folder() is None
