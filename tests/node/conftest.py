"""What tests of nodes share: some to talk to, an address where nobody answers, and a home where one may be found."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import lacking
from tests.fakenode import FakeNode
from tests.node.members import chain_answers

Start = Callable[..., FakeNode]


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with FakeNode() as node:
        yield node


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts nodes that follow one chain: `start(height=…)`, with answers of their own."""
    with ExitStack() as stack:

        def start(height: int = 20, branch: str = "main", **answers: Any) -> FakeNode:
            return stack.enter_context(FakeNode(chain_answers(height, branch) | answers))

        yield start


@pytest.fixture
def deaf() -> Iterator[tuple[str, int]]:
    """An address where something listens and never accepts."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:  # fill the backlog
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield server.getsockname()
        for one in waiting:
            one.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, signed by itself, with its key."""
    if shutil.which("openssl") is None:
        lacking("openssl", "Install the package openssl.")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=node -addext subjectAltName=IP:127.0.0.1"
    command += " -keyout key -out certificate"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder / "certificate"


@pytest.fixture
def tls_node(certificate: Path) -> Iterator[FakeNode]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key"))
    with FakeNode(tls=context) as node:
        yield node


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with Bitcoin's folder in it, empty."""
    (tmp_path / ".bitcoin").mkdir()
    return tmp_path
