"""What the workers of one machine share: a folder in memory (/dev/shm where there is one), a file for each value.

The process that starts the workers opens it before they fork, and removes it when it ends. Locks are of byte ranges of
one file, so that those of a process that dies are free at once, and nothing is left to clean up.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from explorer.cache.shared import DAY, PATIENCE
from explorer.deadline import left

PREFIX: Final = "bitcoin-explorer-"
LOCKS: Final = "locks"
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.01  # seconds between looks at a lock that somebody holds
BLOCK: Final = 4_096  # bytes
SWEEPS: Final = 16  # how often it is swept while it is filled once
SWEPT_TO: Final = 0.75  # of its size


class Shelf:
    """A `Shared` of at most about `max_bytes`, in the given folder. What was put there first goes first."""

    is_near = True

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = str(folder)  # of text a path is made in no time: pathlib takes longer than the file does
        self._max_bytes = max_bytes
        self._written = 0  # bytes, by this process, since it last swept
        self._sweeping = threading.Lock()
        self._locks = os.open(folder / LOCKS, os.O_RDWR | os.O_CREAT, 0o600)

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self._get(key) for key in keys]

    def _get(self, key: str) -> bytes | None:
        try:
            with open(self._path(key), "rb", buffering=0) as file:
                return file.readall()
        except OSError:
            return None

    def set(self, key: str, value: bytes, seconds: int = DAY) -> None:
        path = self._path(key)
        draft = f"{path}.{os.getpid()}-{threading.get_ident()}"
        try:
            _write(draft, value)
            os.replace(draft, path)
        except OSError as error:
            with suppress(OSError):
                os.unlink(draft)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):  # full, as a container's /dev/shm soon is
                self._sweep(is_full=True)
            return
        self._written += len(value) + BLOCK  # what a file takes is a multiple of it
        if self._written > self._max_bytes / SWEEPS:
            self._written = 0
            threading.Thread(target=self._sweep, name="sweep", daemon=True).start()  # a tenth of a second

    def _path(self, key: str) -> str:
        return f"{self._folder}/{_digest(key).hex()}"

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        place = int.from_bytes(_digest(key)[:7], "big")
        end = time.monotonic() + left(PATIENCE)
        pause = FIRST_PAUSE
        while not (is_ours := self._take(place)) and time.monotonic() < end:
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        try:
            yield
        finally:
            if is_ours:
                fcntl.lockf(self._locks, fcntl.LOCK_UN, 1, place)

    def _take(self, place: int) -> bool:
        try:
            fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            return False
        return True

    def clear(self) -> None:
        for entry in self._entries():
            with suppress(OSError):
                os.unlink(entry.path)

    def _entries(self) -> list[os.DirEntry[str]]:
        with suppress(OSError), os.scandir(self._folder) as found:
            return [entry for entry in found if entry.name != LOCKS]
        return []

    def _sweep(self, *, is_full: bool = False) -> None:
        """Makes room where there is more than there should be, or where there is no room for it."""
        if not self._sweeping.acquire(blocking=False):
            return
        try:
            files = []
            for entry in self._entries():
                with suppress(OSError):  # another process sweeps too
                    stat = entry.stat()
                    files.append((stat.st_mtime, stat.st_blocks * 512, entry.path))
            total = sum(size for _, size, _ in files)
            if total <= self._max_bytes and not is_full:
                return
            swept_to = min(total, self._max_bytes) * SWEPT_TO
            for _, size, path in sorted(files):
                with suppress(OSError):
                    os.unlink(path)
                total -= size
                if total <= swept_to:
                    break
        finally:
            self._sweeping.release()


_opened: Path | None = None  # by this process, or by the one that it was forked from


def open_folder() -> Path | None:
    """The folder that this process and those it forks share; None where nothing can be written. Leftovers of processes
    that are gone are removed."""
    global _opened
    if _opened is None:
        try:
            base = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir())  # noqa: S108
        except OSError:
            return None
        for old in base.glob(f"{PREFIX}*"):
            if not _is_alive(old.name.removeprefix(PREFIX).partition("-")[0]):
                shutil.rmtree(old, ignore_errors=True)
        with suppress(OSError):
            _opened = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))
    return _opened


def opened_folder() -> Path | None:
    return _opened


def close_folder() -> None:
    """Removes it."""
    global _opened
    if _opened is not None:
        shutil.rmtree(_opened, ignore_errors=True)
        _opened = None


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, PermissionError):  # somebody else's
        return True
    except OSError:
        return False
    return True


def _write(path: str, value: bytes) -> None:
    with open(path, "wb") as file:
        file.write(value)


def _digest(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=20).digest()
