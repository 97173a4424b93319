"""What the doctor finds of a node that lets it in: whether it is well, and what it offers.

A test starts from a healthy node, breaks one thing, expects that verdict and no other.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

import config
from config import Secret
from explorer.findings import Finding
from explorer.node import discovery
from explorer.node.discovery import Password, find_endpoint
from tests.bitcoind import Bitcoind, free_port
from tests.coins import ADDRESS
from tests.conftest import StartBitcoind
from tests.regtest.examination import (
    EVERYTHING,
    LIMITED,
    ask_as_operator,
    endpoint,
    examined,
    prepare,
    the_trouble,
    troubles,
    zmq,
)


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
