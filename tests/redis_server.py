"""A real Redis on a port of its own: `with RedisServer() as redis: redis.url`."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from redis import Redis
from redis.exceptions import ConnectionError as NotThere

from tests.bitcoind import free_port


class RedisServer:
    """Keeps its port from one start to the next, until `close()`."""

    def __init__(self, *args: str) -> None:
        self.args: Sequence[str] = args
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.process: subprocess.Popen[bytes] | None = None
        self.client: Redis = Redis(port=self.port)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *self.args]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                self.client.ping()
            except NotThere:
                time.sleep(0.05)
            else:
                return self
        raise RuntimeError("redis-server did not start")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def suspend(self) -> None:
        """From now on it accepts connections and never answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        self._end(signal.SIGKILL)
        self.client.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self._signal(how)
            self._signal(signal.SIGCONT)
            self.process.wait(20)


def is_installed() -> bool:
    return shutil.which("redis-server") is not None
