"""Visitors of the explorer: one with a kept connection, for latencies; and wrk, which is many, for throughput."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from bench.kept import Answer, Kept
from bench.report import Skipped

ENCODINGS = "gzip, deflate, br, zstd"  # what browsers say
IDLE_SECONDS = 60  # gunicorn.conf.py keeps connections for 65
SCRIPT = Path(__file__).with_name("wrk.lua")
GET_WRK = "wrk is not installed: sudo apt-get install wrk (Debian, Ubuntu), brew install wrk (macOS)"


class Refused(Exception):
    """The explorer answered with something other than the page."""


class Visitor(Kept):
    """Reads pages one after the other. `encodings` is what its Accept-Encoding says; without any it says nothing."""

    def __init__(self, port: int, encodings: str | None = ENCODINGS) -> None:
        super().__init__(port, IDLE_SECONDS)
        self.encodings = encodings

    def get(self, path: str) -> Answer:
        """Raises Refused unless the status is 200."""
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "User-Agent: bench"]
        if self.encodings is not None:
            lines.append(f"Accept-Encoding: {self.encodings}")
        answer = self.exchange("\r\n".join([*lines, "", ""]).encode())
        if answer.status != 200:
            raise Refused(f"{path} was answered with {answer.status}: {answer.body[:200]!r}")
        return answer

    def seconds(self, path: str) -> float:
        """How long the page takes, until its last byte."""
        return self.get(path).seconds


class Load(NamedTuple):
    """What wrk saw."""

    rate: float  # answers a second
    p50: float  # seconds
    p99: float
    failed: int  # answers other than 200 and connections that broke or took longer than 2 s


def load(url: str, connections: int, seconds: int, encodings: str | None = ENCODINGS) -> Load:
    """Loads a page over and over, on this many kept connections."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise Skipped(GET_WRK)
    headers = ["-H", f"Accept-Encoding: {encodings}"] if encodings is not None else []
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", *headers, "-s", str(SCRIPT), url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True)
    saw = json.loads(done.stdout.splitlines()[-1])
    return Load(saw["answers"] / saw["seconds"], saw["p50"], saw["p99"], saw["failed"])
