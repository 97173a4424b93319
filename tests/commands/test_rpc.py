"""`rpc`: any call, as bitcoin-cli makes it."""

from __future__ import annotations

import json
import logging
from decimal import Decimal

import pytest

from tests.bitcoind import Bitcoind, free_port
from tests.commands.conftest import Run
from tests.conftest import StartBitcoind
from tests.fakenode import FakeNode, RpcError, says

PASSPHRASE = "phrase-5f4dcc3b5aa765d61d"


def test_a_string_is_printed_bare_and_the_rest_as_the_node_wrote_it(run: Run, regtest: Bitcoind) -> None:
    url = regtest.url
    genesis = regtest.rpc("getblockhash", 0)
    assert run("rpc", "getblockhash", "0", BITCOIN_RPC_URL=url) == (0, f"{genesis}\n", "")
    assert run("rpc", "getblockhash", "0", "--json", BITCOIN_RPC_URL=url).code == 1  # what follows is the node's
    assert run("rpc", "--json", "getblockhash", "0", BITCOIN_RPC_URL=url).out == f'"{genesis}"\n'
    header = run("rpc", "getblockheader", genesis, BITCOIN_RPC_URL=url).out
    assert header.startswith('{\n  "hash": "')
    assert '"difficulty": 4.656542373906925e-10,' in header
    assert run("rpc", "getblockheader", genesis, "false", BITCOIN_RPC_URL=url).out.startswith("0100000000")
    nothing = ["gettxout", "00" * 32, "0"]
    assert run("rpc", *nothing, BITCOIN_RPC_URL=url) == (0, "", "")
    assert run("rpc", "--json", *nothing, BITCOIN_RPC_URL=url).out == "null\n"
    assert run("rpc", "--json", "getblockheader", genesis, BITCOIN_RPC_URL=url).out.count("\n") == 1


def test_arguments_by_name(run: Run, regtest: Bitcoind) -> None:
    typed = ["rpc", "--named", "getblockstats", 'stats=["height","txs"]', "hash_or_height=1"]
    assert run(*typed, BITCOIN_RPC_URL=regtest.url).json == {"height": 1, "txs": 1}
    wrong = run("rpc", "--named", "getblockhash", "5", BITCOIN_RPC_URL=regtest.url)
    assert (wrong.code, wrong.out) == (2, "")
    assert "argument 1 is not name=value" in wrong.err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["getblockhash", "999999"], "Block height out of range (code -8)"),
        (["getblock", "ab" * 32], "Block not found (code -5)"),
        (["nosuchmethod"], "Method not found (code -32601)"),
        (["getblockhash", "-1"], "Block height out of range (code -8)"),
    ],
)
def test_an_error_is_the_nodes_own(run: Run, regtest: Bitcoind, typed: list[str], said: str) -> None:
    assert run("rpc", *typed, BITCOIN_RPC_URL=regtest.url) == (1, "", f"error: {said}\n")


def test_a_wallet_is_named(run: Run, start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    for name in ("savings", "to spend/now"):
        node.rpc("createwallet", name, wallet="")
    unnamed = run("rpc", "getwalletinfo", BITCOIN_RPC_URL=node.url)
    assert unnamed.code == 1
    assert "(code -19)" in unnamed.err
    for name in ("savings", "to spend/now"):
        found = run("rpc", "--wallet", name, "getwalletinfo", BITCOIN_RPC_URL=node.url)
        assert found.json["walletname"] == name
    missing = run("rpc", "--wallet", "other", "getwalletinfo", BITCOIN_RPC_URL=node.url)
    assert missing.code == 1
    assert "(code -18)" in missing.err


def test_an_amount_arrives_with_its_own_digits(run: Run, regtest: Bitcoind) -> None:
    address = regtest.rpc("getnewaddress")
    for amount in ("0.00000001", "20999999.97690001"):
        made = run("rpc", "createrawtransaction", "[]", f'{{"{address}": {amount}}}', BITCOIN_RPC_URL=regtest.url)
        assert regtest.rpc("decoderawtransaction", made.out.strip())["vout"][0]["value"] == Decimal(amount)
    finer = run("rpc", "createrawtransaction", "[]", f'{{"{address}": 0.000000001}}', BITCOIN_RPC_URL=regtest.url)
    assert finer.err == "error: Invalid amount (code -3)\n"


def test_a_secret_comes_on_standard_input(run: Run, start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    node.make_wallet("locked")
    node.rpc("encryptwallet", PASSPHRASE)
    typed = ["rpc", "--stdin", "--wallet", "locked", "walletpassphrase"]
    wrong = run(*typed, stdin="wrong-one\n60\n", BITCOIN_RPC_URL=node.url)
    assert wrong.code == 1
    assert "(code -14)" in wrong.err
    assert "wrong-one" not in wrong.err
    assert run(*typed, stdin=f"{PASSPHRASE}\n60\n", BITCOIN_RPC_URL=node.url) == (0, "", "")
    assert node.rpc("getwalletinfo")["unlocked_until"] > 0


def test_a_node_that_is_not_there(run: Run) -> None:
    ran = run("rpc", "getblockcount", BITCOIN_RPC_URL=f"http://u:{PASSPHRASE}@127.0.0.1:{free_port()}")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("error: The explorer could not reach the Bitcoin node at 127.0.0.1:")
    assert ran.err.count("\n") == 1
    assert PASSPHRASE not in ran.err


def test_a_wrong_password(run: Run, regtest: Bitcoind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ran = run("rpc", "getblockcount", BITCOIN_RPC_URL=f"http://explorer:{PASSPHRASE}@127.0.0.1:{regtest.rpcport}")
    assert (ran.code, ran.out) == (3, "")
    assert "refused the user name or password" in ran.err
    assert PASSPHRASE not in ran.err + caplog.text


def test_a_node_that_is_starting_or_busy(run: Run) -> None:
    def warm_up() -> None:
        raise RpcError(-28, "Loading block index…")

    with FakeNode({"getblockcount": warm_up}) as node:
        url = f"http://{node.login}@127.0.0.1:{node.port}"
        assert run("rpc", "getblockcount", BITCOIN_RPC_URL=url) == (4, "", "error: Loading block index… (code -28)\n")
        node.faults.extend([says(503, "Work queue depth exceeded")] * 9)
        busy = run("rpc", "getblockcount", BITCOIN_RPC_URL=url)
        assert (busy.code, busy.out) == (4, "")


def test_an_answer_that_takes_too_long(run: Run, start_bitcoind: StartBitcoind) -> None:
    node = start_bitcoind()
    node.suspend()
    ran = run("rpc", "--timeout", "1", "getblockcount", BITCOIN_RPC_URL=node.url)
    node.resume()
    assert ran.code == 3
    assert "within 1 seconds" in ran.err


def test_what_would_steer_a_terminal_is_not_printed(run: Run) -> None:
    def refuse() -> None:
        raise RpcError(-1, "\x1b[2Jgone\x07")

    with FakeNode({"getblockcount": refuse}) as node:
        ran = run("rpc", "getblockcount", BITCOIN_RPC_URL=f"http://{node.login}@127.0.0.1:{node.port}")
    assert ran.err == "error: \ufffd[2Jgone\ufffd (code -1)\n"


def test_the_demo_chain(run: Run) -> None:
    blocks = run("rpc", "getblockchaininfo", BITCOIN_RPC_URL="demo").json["blocks"]
    assert run("rpc", "getblockhash", str(blocks + 1000), BITCOIN_RPC_URL="demo").code == 1
    unknown = run("rpc", "--wallet", "w", "getwalletinfo", BITCOIN_RPC_URL="demo")
    assert unknown == (1, "", "error: Method not found (code -32601)\n")
    tip = run("rpc", "--json", "--named", "getblockhash", "height=5", BITCOIN_RPC_URL="demo").json
    assert json.loads(run("rpc", "getblock", tip, BITCOIN_RPC_URL="demo").out)["height"] == 5
