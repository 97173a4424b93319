"""TLS to a node: which certificates are trusted, and what happens to the others."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from config import load
from explorer.errors import NodeUnavailable
from explorer.node.client import NodeConnection
from explorer.node.connection import connect_to_each
from tests.conftest import lacking
from tests.fakenode import FakeNode
from tests.node.failures import failure


def test_a_trusted_certificate(tls_node: FakeNode, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    rpc = tls_node.connect()
    assert [rpc.call("getblockcount"), rpc.call("getblockcount")] == [7, 7]
    assert len(tls_node.connections) == 1


def test_a_certificate_that_nobody_vouches_for(tls_node: FakeNode) -> None:
    error = failure(tls_node.connect())
    assert isinstance(error, NodeUnavailable)
    assert str(error.values["reason"]).startswith("its certificate cannot be trusted")
    assert not tls_node.requests


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority of one's own; beside its certificate lies one of 127.0.0.1 that it has signed, with its key."""
    if shutil.which("openssl") is None:
        lacking("openssl", "Install the package openssl.")
    folder = tmp_path_factory.mktemp("authority")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    new_key = "-newkey rsa:2048 -nodes"
    for command in (
        f"req -x509 {new_key} -days 2 -subj /CN=authority -keyout authority.key -out authority",
        f"req {new_key} -subj /CN=node -keyout key -out request",
        "x509 -req -in request -CA authority -CAkey authority.key -set_serial 2 -extfile names -out certificate",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder / "authority"


def test_an_authority_of_ones_own(authority: Path) -> None:
    """BITCOIN_RPC_CA_FILE: for a node behind a TLS proxy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.with_name("certificate"), authority.with_name("key"))
    with FakeNode(tls=context) as node:
        environ = {"BITCOIN_RPC_URL": f"https://{node.login}@127.0.0.1:{node.port}/v1/KEY/?k=KEY"}
        (trusting,) = connect_to_each(load(environ | {"BITCOIN_RPC_CA_FILE": str(authority)}))
        assert trusting.call("getblockcount") == 7
        assert node.requests[0].path == "/v1/KEY/?k=KEY"
        (doubting,) = connect_to_each(load(environ))
        error = failure(doubting)
        assert str(error.values["reason"]).startswith("its certificate cannot be trusted")
        wrong_name = NodeConnection(node.endpoint(host="localhost", ca_file=authority))
        assert str(failure(wrong_name).values["reason"]).startswith("its certificate cannot be trusted")
        assert len(node.requests) == 1


def test_tls_where_there_is_none(node: FakeNode) -> None:
    assert isinstance(failure(NodeConnection(node.endpoint(scheme="https"))), NodeUnavailable)
