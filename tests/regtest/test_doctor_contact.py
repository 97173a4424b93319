"""What the doctor finds on its way to a node: whether there is somebody who speaks as a node does, and lets it in.

A test starts from a healthy node, breaks one thing, expects that verdict and no other.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from config import Secret
from explorer.node.diagnosis import machine, speech
from explorer.node.discovery import Cookie, Password
from explorer.node.methods import METHODS
from tests.bitcoind import Bitcoind, free_port
from tests.coins import ADDRESS
from tests.conftest import StartBitcoind
from tests.regtest.examination import EVERYTHING, LIMITED, endpoint, examined, prepare, the_trouble, troubles, zmq
from tests.server import ROOT


def test_a_name_is_looked_up(healthy: Bitcoind) -> None:
    findings = examined(endpoint(healthy, host="localhost"))
    assert troubles(findings) == {}
    assert findings[0].id == "name_resolves"
    assert "127.0.0.1" in str(findings[0].values["addresses"])


# --- is there somebody? ----------------------------------------------------------------------------------------------


def test_a_name_that_does_not_resolve(healthy: Bitcoind) -> None:
    trouble = the_trouble(examined(endpoint(healthy, host="no-such-host.invalid")), "name_unknown")
    assert "“no-such-host.invalid”" in trouble.words.what


def test_nothing_listens(healthy: Bitcoind) -> None:
    port = free_port()
    trouble = the_trouble(examined(endpoint(healthy, port=port)), "nothing_listens")
    assert f"127.0.0.1:{port}" in trouble.words.what
    assert "server=1" in trouble.words.advice


def test_a_node_that_is_not_running(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    by_cookie = endpoint(node, credentials=Cookie(node.cookie))
    for end in (node.stop, node.kill):
        if not node.is_running:
            node.start()
        end()
        trouble = the_trouble(examined(by_cookie), "node_not_running")
        assert str(node.chain_dir) in trouble.words.what
    # Found by BITCOIN_DATADIR as well, whoever is to log in.
    datadir = str(node.datadir)
    the_trouble(examined(endpoint(node, network="regtest"), {"BITCOIN_DATADIR": datadir}), "node_not_running")


def test_a_node_without_server(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-server=0", "-listen=0", wait=False)
    node.wait_until(lambda: "Done loading" in node.log_tail(200))
    trouble = the_trouble(examined(endpoint(node, credentials=Cookie(node.cookie))), "server_off")
    assert "server=1" in trouble.words.advice


def test_a_look_at_the_lock_takes_none(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    assert machine.is_running(node.chain_dir) is True
    node.stop()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            machine.is_running(node.chain_dir)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        node.start()
    finally:
        stop.set()
        looking.join()
    assert machine.is_running(node.chain_dir) is True


def test_a_filtered_port(healthy: Bitcoind) -> None:
    """A listener whose backlog is full: Linux drops what comes then, as a firewall does."""
    with socket.socket() as listener, ExitStack() as queue:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = queue.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        trouble = the_trouble(examined(endpoint(healthy, port=listener.getsockname()[1])), "filtered")
    assert "firewall" in trouble.words.advice


def test_a_node_that_accepts_and_says_nothing(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    node.suspend()
    try:
        trouble = the_trouble(examined(endpoint(node), timeout=1), "no_answer")
    finally:
        node.resume()
    assert "within 1 seconds" in trouble.words.what


def test_a_node_that_ends_meanwhile(start_bitcoind: StartBitcoind) -> None:
    """It is behind, for its blocks are old, so there is a second look; by then it is gone."""
    node = start_bitcoind(*EVERYTHING, "-mocktime=1700000000", zmq())
    node.mine(5, ADDRESS)
    node.restart([*EVERYTHING, zmq()])
    the_trouble(examined(endpoint(node), pause=lambda _: node.kill()), "contact_lost")


# --- does it speak as a node does? ------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [(), ("-v2transport=0",)], ids=["v2", "v1"])
@pytest.mark.parametrize("usual_port", [True, False])
def test_the_port_for_peers(
    start_bitcoind: StartBitcoind, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], usual_port: bool
) -> None:
    port = free_port()
    node = start_bitcoind("-listen=1", f"-bind=127.0.0.1:{port}", *more)
    if usual_port:
        monkeypatch.setitem(speech.PEER_PORTS, "regtest", port)
    trouble = the_trouble(examined(endpoint(node, port=port), timeout=2), "p2p_port")
    assert trouble.values["network"] == "regtest"


@contextmanager
def full_queue(node: Bitcoind, milliseconds: int) -> Iterator[None]:
    """Two wait, one after the other, for a block that does not come: the only thread is busy, and the queue is full.

    `milliseconds` is for each of them. The operator asks: the explorer's user may not.
    """
    login = base64.b64encode(node.cookie.read_bytes()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    waiting = []
    for _ in range(2):
        connection = HTTPConnection("127.0.0.1", node.rpcport, timeout=30)
        body = json.dumps({"method": "waitfornewblock", "params": [milliseconds], "id": 1})
        connection.request("POST", "/", body, headers)
        waiting.append(connection)
        time.sleep(0.1)
    try:
        yield
    finally:
        for connection in waiting:
            connection.close()


@pytest.fixture
def narrow_node(start_bitcoind: StartBitcoind) -> Bitcoind:
    """Healthy, with room for one question and one that waits."""
    node = start_bitcoind(*EVERYTHING, *LIMITED, "-rpcthreads=1", "-rpcworkqueue=1", zmq())
    prepare(node)
    return node


def test_a_full_work_queue(narrow_node: Bitcoind) -> None:
    with full_queue(narrow_node, 20_000):
        trouble = the_trouble(examined(endpoint(narrow_node)), "work_queue_full")
    assert "rpcworkqueue=" in trouble.words.advice


def test_a_work_queue_that_drains(narrow_node: Bitcoind) -> None:
    with full_queue(narrow_node, 1000):
        the_trouble(examined(endpoint(narrow_node), pause=lambda _: time.sleep(2.5)), "work_queue_busy")


# --- are we let in? ---------------------------------------------------------------------------------------------------


def test_a_wrong_password(healthy: Bitcoind) -> None:
    trouble = the_trouble(
        examined(endpoint(healthy, credentials=Password("explorer", Secret("s3cret-word")))), "password_wrong"
    )
    assert "“explorer”" in trouble.words.what
    assert "s3cret-word" not in repr(trouble) + "".join(trouble.words)


def test_no_password(healthy: Bitcoind) -> None:
    the_trouble(examined(endpoint(healthy, credentials=None)), "password_missing")


def test_a_stale_cookie(healthy: Bitcoind, tmp_path: Path) -> None:
    stale = tmp_path / ".cookie"
    stale.write_text("__cookie__:0123456789abcdef")
    trouble = the_trouble(examined(endpoint(healthy, credentials=Cookie(stale))), "cookie_stale")
    assert str(stale) in trouble.words.what
    assert "0123456789abcdef" not in repr(trouble) + "".join(trouble.words)


def test_a_missing_cookie(healthy: Bitcoind, tmp_path: Path) -> None:
    the_trouble(examined(endpoint(healthy, credentials=Cookie(tmp_path / ".cookie"))), "cookie_missing")


def test_an_unreadable_cookie(healthy: Bitcoind, tmp_path: Path) -> None:
    """A folder in its place: not even root can read that."""
    (tmp_path / ".cookie").mkdir()
    trouble = the_trouble(examined(endpoint(healthy, credentials=Cookie(tmp_path / ".cookie"))), "cookie_unreadable")
    assert "Is a directory" in trouble.words.what


IN_ITS_OWN_NETWORK = """
import sys
from tests.bitcoind import Bitcoind
from tests.regtest.examination import endpoint, examined, troubles

with Bitcoind(sys.argv[1], ["-rpcbind=192.0.2.1", "-rpcallowip=198.51.100.0/24"]) as node:
    print(*troubles(examined(endpoint(node, host="192.0.2.1"))))
"""


def test_an_address_that_is_not_allowed(bitcoind_path: str) -> None:
    """A node always allows loopback, so this needs another address. tests/node has the same before a node by hand."""
    network = ["unshare", "--map-root-user", "--net", "sh", "-c"]
    address = "ip link set lo up && ip address add 192.0.2.1/32 dev lo"
    if shutil.which("unshare") is None or subprocess.run([*network, address], capture_output=True).returncode:
        pytest.skip("this machine gives its users no network of their own")
    python = [sys.executable, "-W", "error", "-c", IN_ITS_OWN_NETWORK, bitcoind_path]
    ran = subprocess.run([*network, f'{address} && exec "$@"', "sh", *python], cwd=ROOT, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("address_not_allowed\n", "")


def test_a_method_outside_the_whitelist(start_bitcoind: StartBitcoind) -> None:
    rest = ",".join(method for method in METHODS if method not in ("getblock", "gettxout"))
    node = start_bitcoind("-rpcwhitelistdefault=0", f"-rpcwhitelist=explorer:{rest}")
    trouble = the_trouble(examined(endpoint(node)), "methods_not_allowed")
    assert trouble.values["methods"] == "getblock, gettxout"


def test_a_useful_method_outside_the_whitelist(start_bitcoind: StartBitcoind) -> None:
    rest = ",".join(method for method in METHODS if method != "getzmqnotifications")
    node = start_bitcoind(*EVERYTHING, zmq(), "-rpcwhitelistdefault=0", f"-rpcwhitelist=explorer:{rest}")
    prepare(node)
    trouble = the_trouble(examined(endpoint(node)), "some_methods_not_allowed")
    assert trouble.values["methods"] == "getzmqnotifications"


def test_a_whitelist_of_somebody_else(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-rpcwhitelist=somebody:getblockcount", wait=False)
    node.wait_until(lambda: "Done loading" in node.log_tail(200))
    trouble = the_trouble(examined(endpoint(node)), "no_method_allowed")
    assert "rpcwhitelistdefault=0" in trouble.words.advice
