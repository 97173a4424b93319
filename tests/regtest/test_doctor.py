"""What the doctor finds: a test starts from a healthy node, breaks one thing, expects that verdict and no other."""

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
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

import config
from config import Secret
from explorer.findings import Finding
from explorer.node import discovery
from explorer.node.diagnosis import diagnose, machine, speech
from explorer.node.discovery import Cookie, Endpoint, Password, find_endpoint
from explorer.node.methods import METHODS
from tests.bitcoind import Bitcoind, free_port
from tests.coins import ADDRESS
from tests.conftest import StartBitcoind
from tests.server import ROOT

EVERYTHING = ("-blockfilterindex=1", "-coinstatsindex=1", "-disablewallet=1")
LIMITED = ("-rpcwhitelistdefault=0", f"-rpcwhitelist=explorer:{','.join(METHODS)}")


def zmq() -> str:
    return f"-zmqpubhashblock=tcp://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def healthy(bitcoind_path: str) -> Iterator[Bitcoind]:
    """A node that nothing is wrong with. Tests that change it start their own by `args_of_health`."""
    with Bitcoind(bitcoind_path, [*EVERYTHING, *LIMITED, zmq()]) as node:
        prepare(node)
        yield node


def prepare(node: Bitcoind, blocks: int = 5) -> None:
    """Some blocks, by the cookie's user: the explorer's may not mine."""
    ask_as_operator(node, "generatetoaddress", blocks, ADDRESS)
    node.wait_until(lambda: all(index["synced"] for index in ask_as_operator(node, "getindexinfo").values()))


def ask_as_operator(node: Bitcoind, method: str, *params: Any) -> Any:
    name, _, password = node.cookie.read_text().partition(":")
    user, secret = node.user, node.password
    node.user, node.password = name, password
    try:
        return node.rpc(method, *params)
    finally:
        node.user, node.password = user, secret


def endpoint(node: Bitcoind, **changes: Any) -> Endpoint:
    login = Password(node.user, Secret(node.password))
    return replace(Endpoint("127.0.0.1", node.rpcport, login, "a test"), **changes)


def examined(
    endpoint: Endpoint, settings: dict[str, str] | None = None, *, pause: Any = time.sleep, timeout: int = 5
) -> list[Finding]:
    return list(diagnose(endpoint, config.load(settings or {}), pause=pause, timeout=timeout))


def troubles(findings: list[Finding]) -> dict[str, Finding]:
    """Whatever is not ok."""
    return {finding.id: finding for finding in findings if finding.level != "ok"}


def the_trouble(findings: list[Finding], finding_id: str) -> Finding:
    """That one, and no other."""
    found = troubles(findings)
    assert list(found) == [finding_id], findings
    trouble = found[finding_id]
    for text in trouble.words:
        assert text
        assert "—" not in text, f"a value is missing: {text}"
    return trouble


def test_nothing_is_wrong_with_a_healthy_node(healthy: Bitcoind) -> None:
    findings = examined(endpoint(healthy, credentials=Password("explorer", Secret(healthy.password))))
    assert troubles(findings) == {}
    assert [finding.id for finding in findings] == [
        "port_open",
        "speaks_rpc",
        "let_in",
        "methods_allowed",
        "network",
        "in_step",
        "clocks_agree",
        "txindex",
        "block_filters",
        "coin_stats",
        "every_block",
        "zmq_on",
        "limited_user",
    ]


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
from tests.regtest.test_doctor import endpoint, examined, troubles

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


# --- is it well? ------------------------------------------------------------------------------------------------------


def test_the_wrong_network(healthy: Bitcoind) -> None:
    trouble = the_trouble(examined(endpoint(healthy), {"BITCOIN_NETWORK": "signet"}), "wrong_network")
    assert (trouble.values["network"], trouble.values["wanted"]) == ("regtest", "signet")


def test_the_wrong_port_for_the_network(
    healthy: Bitcoind, start_bitcoind: StartBitcoind, monkeypatch: pytest.MonkeyPatch
) -> None:
    signet = start_bitcoind(chain="signet", txindex=False)
    monkeypatch.setitem(discovery.RPC_PORTS, "signet", signet.rpcport)
    trouble = the_trouble(examined(endpoint(healthy), {"BITCOIN_NETWORK": "signet"}), "wrong_port")
    assert trouble.values["port"] == signet.rpcport
    trouble = the_trouble(examined(endpoint(healthy, port=free_port())), "wrong_port")  # where nothing listens
    assert (trouble.values["network"], trouble.values["port"]) == ("signet", signet.rpcport)


def test_a_network_at_an_unusual_port(healthy: Bitcoind) -> None:
    the_trouble(examined(endpoint(healthy, network="main")), "network_unusual")


def test_a_node_that_is_starting(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind("-checkblocks=0", "-checklevel=4")
    node.mine(300, ADDRESS)
    for _ in range(5):  # it is over soon, so that the moment may be missed
        node.stop()
        node.start(wait=False)
        found: list[Finding] = []
        while node.is_running and not any(one.id in ("warming_up", "in_step") for one in found):
            found = examined(endpoint(node))
        if "warming_up" in troubles(found):
            break
        node.wait_ready()
    trouble = the_trouble(found, "warming_up")
    own_words = trouble.values["reason"]
    assert own_words
    assert trouble.words.what.endswith(f": {own_words}")


def test_a_node_that_catches_up(healthy: Bitcoind, start_bitcoind: StartBitcoind) -> None:
    """It knows every header, and gets the blocks one by one."""
    source = start_bitcoind()
    hashes = source.mine(60, ADDRESS)
    node = start_bitcoind(*EVERYTHING, *LIMITED, zmq())
    for block_hash in hashes:
        ask_as_operator(node, "submitheader", source.rpc("getblockheader", block_hash, False))
    blocks = iter([source.rpc("getblock", block_hash, 0) for block_hash in hashes])
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        for _ in range(10):
            ask_as_operator(node, "submitblock", next(blocks))
        time.sleep(0.5)

    trouble = the_trouble(examined(endpoint(node), pause=pause), "catching_up")
    assert waits == [2.0]
    assert (trouble.values["height"], trouble.values["headers"]) == (10, 60)
    assert trouble.values["left"] in {f"{n} seconds" for n in range(2, 5)}  # 50 blocks, at 10 in half a second


def test_a_node_that_does_not_catch_up(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind(*EVERYTHING, *LIMITED, "-mocktime=1700000000", zmq())
    prepare(node)
    node.restart([arg for arg in node.args if "mocktime" not in arg])
    trouble = the_trouble(examined(endpoint(node), pause=lambda _: None), "catching_up_stuck")
    assert trouble.values["peers"] == 0


def test_a_block_from_the_future(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind(*EVERYTHING, *LIMITED, zmq())
    ask_as_operator(node, "setmocktime", int(time.time()) + 4 * 3600)
    prepare(node)
    trouble = the_trouble(examined(endpoint(node)), "block_from_future")
    assert trouble.values["off"] == "4 hours"


def test_a_clock_that_peers_contradict(start_bitcoind: StartBitcoind) -> None:
    """One peer at five addresses: Bitcoin Core takes the median of no less than five."""
    port = free_port()
    hosts = [f"127.0.0.{n}:{port}" for n in range(1, 6)]
    peer = start_bitcoind("-listen=1", *(f"-bind={host}" for host in hosts))
    peer.rpc("setmocktime", int(time.time()) + 3600)
    # Of several -connect the first, by which it would connect to nobody, is without effect.
    node = start_bitcoind(*EVERYTHING, *LIMITED, zmq(), *(f"-connect={host}" for host in hosts))
    prepare(node)
    node.wait_until(lambda: abs(node.rpc("getnetworkinfo")["timeoffset"]) > 60)
    trouble = the_trouble(examined(endpoint(node)), "clock_of_node_behind")
    assert trouble.values["off"] == "60 minutes"


def test_a_disk_that_is_nearly_full(start_bitcoind: StartBitcoind, monkeypatch: pytest.MonkeyPatch) -> None:
    node = start_bitcoind(*EVERYTHING, *LIMITED, zmq())
    prepare(node)
    settings = {"BITCOIN_DATADIR": str(node.datadir)}
    here = endpoint(node, network="regtest")
    assert "disk" in [finding.id for finding in examined(here, settings)]
    usage = shutil.disk_usage(node.datadir)
    seen: list[Path] = []

    def nearly_full(folder: Path) -> Any:
        seen.append(folder)
        return usage._replace(free=100_000_000)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    trouble = the_trouble(examined(here, settings), "disk_nearly_full")
    assert trouble.values["free"] == "100 MB"
    assert seen == [node.chain_dir]


# --- what it offers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "finding_id", "line"),
    [
        ("-txindex=0", "txindex_missing", "txindex=1"),
        ("-blockfilterindex=0", "block_filters_missing", "blockfilterindex=1"),
        ("-coinstatsindex=0", "coin_stats_missing", "coinstatsindex=1"),
    ],
)
def test_a_missing_index(start_bitcoind: StartBitcoind, missing: str, finding_id: str, line: str) -> None:
    kept = [arg for arg in EVERYTHING if arg.partition("=")[0] != missing.partition("=")[0]]
    node = start_bitcoind(*kept, *LIMITED, zmq(), missing)
    prepare(node)
    trouble = the_trouble(examined(endpoint(node)), finding_id)
    assert trouble.words.advice.startswith(line)
    assert " GB " in trouble.words.advice


def test_a_pruned_node(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind(*EVERYTHING, *LIMITED, zmq(), "-prune=1", "-fastprune", "-maxtipage=999999999", txindex=False)
    prepare(node, 700)
    ask_as_operator(node, "pruneblockchain", 300)
    trouble = the_trouble(examined(endpoint(node)), "pruned")
    lowest = trouble.values["height"]
    assert isinstance(lowest, int)
    assert 0 < lowest <= 301
    assert f"from height {lowest} on" in trouble.words.what


def test_no_notifications(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind(*EVERYTHING, *LIMITED)
    prepare(node)
    the_trouble(examined(endpoint(node)), "zmq_off")


def test_a_user_who_may_do_everything(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind(*EVERYTHING, zmq())
    prepare(node)
    trouble = the_trouble(examined(endpoint(node)), "more_rights")
    assert "getpeerinfo" in str(trouble.values["methods"])


def test_a_wallet(start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind(*EVERYTHING[:2], zmq())
    prepare(node)
    assert set(troubles(examined(endpoint(node)))) == {"more_rights"}
    node.make_wallet()
    found = troubles(examined(endpoint(node)))
    assert set(found) == {"more_rights", "wallet_loaded"}  # who may ask about wallets has more rights than needed
    assert found["wallet_loaded"].values["count"] == 1


def test_the_node_of_a_folder_is_examined(healthy: Bitcoind) -> None:
    """By the cookie, as most people do: its user may do everything."""
    (healthy.datadir / "bitcoin.conf").write_text(f"regtest=1\n[regtest]\nrpcport={healthy.rpcport}\n")
    settings = {"BITCOIN_DATADIR": str(healthy.datadir)}
    found = find_endpoint(config.load(settings))
    assert found is not None
    findings = examined(found, settings)
    assert set(troubles(findings)) == {"more_rights"}
