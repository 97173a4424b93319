"""The explorer as it is really served: `with LiveServer({"BITCOIN_RPC_URL": node.url}) as server: get(server.url)`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

import config
from tests.bitcoind import free_port

ROOT = Path(__file__).parents[1]


def is_setting(name: str) -> bool:
    """Whether the explorer would read this environment variable, or complain about it."""
    return name.startswith("BITCOIN_") or any(setting.name == name for setting in config.SETTINGS)


class LiveServer:
    """gunicorn with its workers, on a free port of 127.0.0.1, under the given settings and no others."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="explorer-"))
        self.port = free_port()
        self.settings = {"HOST": "127.0.0.1", "PORT": str(self.port), **(settings or {})}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the start page, BASE_PATH included, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}{self.settings.get('BASE_PATH', '').rstrip('/')}"

    @property
    def log(self) -> str:
        """Everything that it has printed and logged."""
        return self._output.read_text(errors="replace")

    @property
    def _output(self) -> Path:
        return self.home / "output.log"

    def start(self, timeout: float = 20) -> Self:
        """Returns once a worker answers; raises RuntimeError with its log when none does."""
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "app:app"],
                cwd=ROOT,
                env={**os.environ, "HOME": str(self.home), **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        end = time.monotonic() + timeout
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"The server did not start:\n{self.log}")
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError):
            return False

    def stop(self) -> None:
        """Ends it as `docker stop` does: answers under way are finished."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(15)

    def close(self) -> None:
        """Ends it at once and removes its folder, and the log with it."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # the workers too
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
