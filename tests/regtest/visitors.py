"""Visitors who browse a server: `with visitors.browsing(): …`, after which `visitors.visits` tells how it went."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.provider import KEY
from tests.regtest.pair import OTHER_PASSWORD, OWN_PASSWORD
from tests.server import LiveServer


class Visit(NamedTuple):
    begun: float
    ended: float
    path: str
    status: int
    answered_by: str


@dataclass
class Visitors:
    """Several people who load one page after the other, each page once it has arrived."""

    server: LiveServer
    paths: list[str]
    count: int = 6
    visits: list[Visit] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    secrets: tuple[str, ...] = (OWN_PASSWORD, OTHER_PASSWORD, KEY)
    going: bool = True

    def _visit(self, number: int) -> None:
        while self.going:
            path = self.paths[number % len(self.paths)]
            number += 1
            begun = time.monotonic()
            try:
                status, headers, body = load(self.server, path)
            except (OSError, HTTPException) as error:
                self.failures.append(f"{path}: {error}")
                continue
            ended = time.monotonic()
            if leaked := [secret for secret in self.secrets if secret in body or secret in headers]:
                self.failures.append(f"{path} tells {leaked}")
            found = re.search(r"Answered by\s*(?:<[^>]+>)*([^<]+)<", body)
            self.visits.append(Visit(begun, ended, path, status, found[1] if found else ""))
            time.sleep(0.05)

    @contextmanager
    def browsing(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._visit, args=(n * 3,)) for n in range(self.count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.going = False
            for thread in threads:
                thread.join()


def load(server: LiveServer, path: str) -> tuple[int, str, str]:
    try:
        answer = urlopen(server.url + path, timeout=60)
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, str(answer.headers), answer.read().decode()
