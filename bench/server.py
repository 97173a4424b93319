"""The explorer as in production, with the empty view beside it, and its workers told apart."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from bench import empty
from bench.visitor import Visitor
from explorer.background import QUIET
from tests.server import ROOT, LiveServer, is_setting

WORKERS = 2
CLOSING_SECONDS = 12  # more than graceful_timeout in gunicorn.conf.py
SETTLING_SECONDS = 30  # after which it is measured all the same
LOOK_SECONDS, IDLE_SHARE = 0.4, 0.13  # workers are idle who use less than that share of a core for so long
SHARED = Path("/dev/shm")  # noqa: S108 - where workers share memory as files


class Server(LiveServer):
    """gunicorn with two workers, under the given settings and no others of the environment."""

    def __init__(self, node_url: str, settings: dict[str, str] | None = None) -> None:
        super().__init__({"BITCOIN_RPC_URL": node_url, "WEB_WORKERS": str(WORKERS), **(settings or {})})

    def start(self, timeout: float = 20) -> Self:
        """Returns once every worker answers."""
        environment = {name: value for name, value in os.environ.items() if not is_setting(name)}
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "bench.wsgi:app"],
                cwd=ROOT,
                env={**environment, "HOME": str(self.home), **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        end = time.monotonic() + timeout
        while not self._is_whole():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"The server did not start:\n{self.log}")
            time.sleep(0.02)
        return self

    def _is_whole(self) -> bool:
        if len(self.workers) < WORKERS or not self._answers():
            return False
        try:
            visitors = self.one_visitor_each()
        except (OSError, TimeoutError):
            return False
        for visitor in visitors:
            visitor.close()
        return True

    @property
    def workers(self) -> list[int]:
        """Their process ids."""
        assert self.process is not None
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def one_visitor_each(self, encodings: str | None = None) -> list[Visitor]:
        """A visitor of each worker, in the order of their process ids. The kernel deals connections out by chance, so
        it is tried again until everybody has one."""
        found: dict[int, Visitor] = {}
        for _ in range(200):
            visitor = Visitor(self.port) if encodings is None else Visitor(self.port, encodings)
            visitor.get("/healthz")
            worker = self._worker_of(visitor.own_port)
            if worker is None or worker in found:
                visitor.close()
            else:
                found[worker] = visitor
            if len(found) == WORKERS:
                return [found[worker] for worker in sorted(found)]
        raise TimeoutError(f"only {len(found)} of {WORKERS} workers took a visitor")

    def _worker_of(self, visitor_port: int) -> int | None:
        """The worker that has the other end of the visitor's connection."""
        ends = f":{self.port:04X}", f":{visitor_port:04X}"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(ends[0]) and fields[2].endswith(ends[1]):
                inode = f"socket:[{fields[9]}]"
                return next((worker for worker in self.workers if inode in _open_files(worker)), None)
        return None

    def warm_up(self, *shares: Sequence[str]) -> None:
        """Has each worker make pages of its own: what is measured next is a cold page, not a cold process."""
        for visitor, paths in zip(self.one_visitor_each(), shares, strict=True):
            with visitor:
                for path in paths:
                    visitor.get(path)
        time.sleep(QUIET + LOOK_SECONDS)  # then the further pages of those blocks are begun
        self.settle()

    def keep(self, path: str) -> None:
        """Has every worker keep this page."""
        for visitor in self.one_visitor_each():
            with visitor:
                visitor.get(path)
                visitor.get(path)
        self.settle()

    def settle(self) -> None:
        """Waits until nothing is left of what went before: requests of visitors who have gone by then, and whatever
        the workers prepare in the background."""
        end = time.monotonic() + SETTLING_SECONDS
        for visitor in self.one_visitor_each():
            with visitor:
                visitor.get(empty.PATH)  # after those that wait in line
        while time.monotonic() < end:
            before = self._cpu_seconds()
            time.sleep(LOOK_SECONDS)
            if self._cpu_seconds() - before < IDLE_SHARE * LOOK_SECONDS:
                break

    def _cpu_seconds(self) -> float:
        """Of all workers, since they started."""
        ticks = 0
        for worker in self.workers:
            fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # in user and in system mode
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> list[int]:
        """Bytes of each worker: its own, and its share of what it shares."""
        return [_proportional_bytes(worker) for worker in sorted(self.workers)]

    def shared_bytes(self) -> int:
        """What the workers share as files in memory: folders named *explorer* in which they have a file open, or all
        such folders if they have none open."""
        files = {Path(file) for worker in self.workers for file in _open_files(worker)}
        folders = {folder for folder in SHARED.glob("*explorer*") if folder.is_dir()}
        own = {folder for folder in folders if any(folder in file.parents for file in files)}
        return sum(map(_bytes_below, own or folders))

    def close(self) -> None:
        """Ends it as an operator would, so that it can clear up; at once if that takes long."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(CLOSING_SECONDS)
        super().close()


def _open_files(pid: int) -> set[str]:
    files = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            files.add(os.readlink(link))
        except FileNotFoundError:  # closed meanwhile
            continue
    return files


def _proportional_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no Pss in smaps_rollup")


def _bytes_below(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # gone meanwhile
            total += file.stat().st_blocks * 512 if file.is_file() else 0
    return total
