"""`doctor`: what it prints, and what scripts can tell by its exit code."""

from __future__ import annotations

import logging
import re

import pytest

from explorer.node.methods import METHODS
from tests.bitcoind import Bitcoind, free_port
from tests.commands.conftest import Run
from tests.conftest import StartBitcoind
from tests.fakenode import FakeNode, RpcError

KEY = "key-00b204e9800998ecf8427e"


def test_line_by_line_to_a_verdict(run: Run, regtest: Bitcoind) -> None:
    ran = run("doctor", BITCOIN_RPC_URL=regtest.url)
    assert (ran.code, ran.err) == (0, "")
    first, *lines, verdict = ran.out.splitlines()
    assert first == f"Your node, 127.0.0.1:{regtest.rpcport}, named by BITCOIN_RPC_URL"
    assert lines[0].split(maxsplit=1) == ["ok", f"Somebody listens. 127.0.0.1:{regtest.rpcport} accepts connections."]
    assert verdict == "All is well."
    assert "    note  No block filters." in ran.out
    assert "          → blockfilterindex=1 in bitcoin.conf" in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())
    assert regtest.password not in ran.out


def test_a_node_that_does_not_work(run: Run) -> None:
    ran = run("doctor", BITCOIN_RPC_URL=f"http://u:p@127.0.0.1:{free_port()}")
    assert ran.code == 3
    assert "     bad  Nothing listens there." in ran.out
    assert ran.out.splitlines()[-1] == "It does not work: see what is marked bad above."


def test_a_node_that_is_starting(run: Run) -> None:
    def is_loading() -> None:
        raise RpcError(-28, "Loading block index…")

    with FakeNode(dict.fromkeys(METHODS, is_loading)) as node:
        ran = run("doctor", BITCOIN_RPC_URL=f"http://{node.login}@127.0.0.1:{node.port}")
    assert ran.code == 4
    assert "     bad  The node is starting. It is there and getting ready: Loading block index…" in ran.out


def test_a_warning(run: Run, start_bitcoind: StartBitcoind) -> None:
    """The genesis block is old."""
    ran = run("doctor", BITCOIN_RPC_URL=start_bitcoind().url)
    assert ran.code == 1
    assert " warning  The node is behind, and does not move." in ran.out
    assert ran.out.splitlines()[-1] == "It works, with the warnings above."


def test_another_node_stands_in(run: Run, regtest: Bitcoind) -> None:
    dead = f"http://u:p@127.0.0.1:{free_port()}"
    ran = run("doctor", BITCOIN_RPC_URL=f"{dead},{regtest.url}")
    assert ran.code == 1
    assert f"\nAnother node, 127.0.0.1:{regtest.rpcport}, named by BITCOIN_RPC_URL\n" in ran.out
    assert ran.out.splitlines()[-1].startswith("Your node does not work")
    ran = run("doctor", BITCOIN_RPC_URL=f"{regtest.url},{dead}")
    assert ran.code == 1
    assert ran.out.splitlines()[-1] == "It works, with the warnings above."
    assert run("doctor", BITCOIN_RPC_URL=f"{dead},{dead}").code == 3


def test_for_machines(run: Run, regtest: Bitcoind) -> None:
    dead = f"http://u:p@127.0.0.1:{free_port()}"
    ran = run("doctor", "--json", BITCOIN_RPC_URL=f"{regtest.url},{dead}")
    assert ran.code == ran.json["exit_code"] == 1
    own, other = ran.json["nodes"]
    assert (own["node"], own["is_own"], other["is_own"]) == (f"127.0.0.1:{regtest.rpcport}", True, False)
    levels = {finding["id"]: finding["level"] for finding in own["findings"]}
    assert levels["txindex"] == "ok"
    assert levels["wallet_loaded"] == "note"
    (finding,) = [finding for finding in other["findings"] if finding["level"] != "ok"]
    assert (finding["id"], finding["level"]) == ("nothing_listens", "bad")
    assert finding["advice"].startswith("Start bitcoind there.")
    assert "user" not in ran.json


def test_no_node(run: Run) -> None:
    ran = run("doctor", BITCOIN_RPC_URL="demo")
    assert ran.code == 0
    assert "BITCOIN_RPC_URL=demo asks no node." in ran.out
    ran = run("doctor")
    assert ran.code == 1
    assert "No node is named." in ran.out


def test_wrong_settings(run: Run) -> None:
    ran = run("doctor", BITCOIN_RPC_URL="http://u:s3cret@node:port")
    assert (ran.code, ran.out) == (2, "")
    assert "s3cret" not in ran.err


def test_a_user_for_the_explorer(run: Run) -> None:
    ran = run("doctor", "--user", "web", BITCOIN_RPC_URL="demo")
    assert ran.code == 0
    assert re.search(r"^rpcauth=web:[0-9a-f]{32}\$[0-9a-f]{64}$", ran.out, re.MULTILINE)
    assert f"\nrpcwhitelist=web:{','.join(METHODS)}\nrpcwhitelistdefault=0\n" in ran.out
    password = re.findall(r"^BITCOIN_RPC_PASSWORD=(\S{40,})$", ran.out, re.MULTILINE)
    assert len(password) == 1
    assert ran.out.count(password[0]) == 1
    ran = run("doctor", "--user", "a:b", BITCOIN_RPC_URL="demo")
    assert (ran.code, ran.out) == (2, "")
    assert "letters, digits" in ran.err


def test_keys_and_passwords_stay_secret(run: Run, regtest: Bitcoind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = f"http://explorer:s3cret-word@127.0.0.1:{regtest.rpcport}"
    provider = f"http://127.0.0.1:{free_port()}/v1/{KEY}/?token={KEY}"
    for typed in (["doctor"], ["doctor", "--json"], ["doctor", "--user", "web"]):
        ran = run(*typed, BITCOIN_RPC_URL=f"{wrong},{provider}")
        assert ran.code == 3
        shown = ran.out + ran.err + caplog.text
        assert "does not accept user" in shown
        assert "s3cret-word" not in shown
        assert KEY not in shown
    made = re.findall(r"BITCOIN_RPC_PASSWORD=(\S+)$", ran.out, re.MULTILINE)
    assert made
    assert made[0] not in caplog.text
