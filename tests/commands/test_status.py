"""`status`: how the nodes stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from config import load
from explorer.bitcoin.amounts import satoshis
from explorer.chain.overview import get_overview
from explorer.commands.report import btc, gigabytes
from explorer.node.connection import connect_to_each
from explorer.wallet.status import get_wallet
from tests.bitcoind import Bitcoind, free_port
from tests.coins import ADDRESS
from tests.commands.conftest import Run
from tests.conftest import StartBitcoind

PASSPHRASE = "phrase-5f4dcc3b5aa765d61d"


@pytest.fixture(scope="module")
def node(bitcoind_path: str) -> Iterator[Bitcoind]:
    """With three wallets: one with money, an encrypted one, an empty one without keys."""
    with Bitcoind(bitcoind_path) as node:
        node.make_wallet("rich")
        node.mine(103)
        node.rpc("createwallet", "locked", False, False, PASSPHRASE, wallet="")
        node.rpc("createwallet", "blank", True, True, wallet="")
        node.rpc("sendtoaddress", ADDRESS, "1.23456789")
        yield node


def test_it_says_what_the_node_says(run: Run, node: Bitcoind) -> None:
    ran = run("status", BITCOIN_RPC_URL=node.url)
    assert (ran.code, ran.err) == (0, "")
    told = dict(re.findall(r"^ +([A-Z].*?)  +(.+)$", ran.out, re.MULTILINE))
    tip = node.rpc("getblockheader", node.rpc("getbestblockhash"))
    pool = node.rpc("getmempoolinfo")
    assert ran.out.startswith(f"127.0.0.1:{node.rpcport}\n")
    assert told["Chain"] == "regtest"
    assert told["Height"] == "103 of 103 headers"
    assert told["Progress"] == "synced"
    assert told["On disk"] == gigabytes(node.rpc("getblockchaininfo")["size_on_disk"])
    assert told["Pruned"] == "no"
    assert told["Version"] == node.rpc("getnetworkinfo")["subversion"]
    assert told["Connections"] == "0 (0 in, 0 out)"
    assert told["Newest block"] == tip["hash"]
    assert told["Time"].endswith(" UTC (just now)")
    assert told["Difficulty"] == "4.656542373906925e-10"
    assert told["Mempool"] == f"1 transaction, {pool['bytes']} vB"


def test_each_wallet_is_exact_to_the_satoshi(run: Run, node: Bitcoind) -> None:
    ran = run("status", "--json", BITCOIN_RPC_URL=node.url)
    assert ran.code == 0
    (told,) = ran.json["nodes"]
    wallets = {wallet["name"]: wallet for wallet in told["wallets"]}
    assert set(wallets) == {"rich", "locked", "blank"}
    rich = wallets["rich"]
    mine = node.rpc("getbalances")["mine"]
    assert rich["balance_sat"] == satoshis(mine["trusted"]) < 3 * 50 * 10**8 - 123456789
    assert rich["immature_sat"] == satoshis(mine["immature"])
    unspent = node.rpc("listunspent", 0, 9999999, [], False)
    assert rich["utxos"] == len(unspent)
    assert rich["balance_sat"] == sum(satoshis(coin["amount"]) for coin in unspent)
    assert rich["transactions"] == node.rpc("getwalletinfo")["txcount"] == 104
    assert wallets["locked"] == {
        "name": "locked", "balance_sat": 0, "pending_sat": 0, "immature_sat": 0, "transactions": 0, "utxos": 0,
        "locked": True,
    }  # fmt: skip
    assert not wallets["blank"]["locked"]
    assert told["newest_block"]["transactions"] == 1
    assert told["newest_block"]["time"] == node.rpc("getblockheader", told["newest_block"]["hash"])["time"]
    shown = run("status", BITCOIN_RPC_URL=node.url).out
    assert f"{btc(rich['balance_sat'])}\n" in shown
    assert "  Wallet locked\n" in shown
    assert "Locked        yes" in shown


def test_it_takes_one_batch_and_one_for_each_wallet(node: Bitcoind) -> None:
    (rpc,) = connect_to_each(load({"BITCOIN_RPC_URL": node.url}))
    assert set(get_overview(rpc).wallets) == {"rich", "locked", "blank"}
    assert rpc.round_trips == 1
    get_wallet(rpc, "rich")
    assert rpc.round_trips == 2


def test_a_wallet_that_refuses_does_not_spoil_the_rest(run: Run, start_bitcoind: StartBitcoind) -> None:
    """Of this user's methods, one that wallets need is missing."""
    allowed = "getblockchaininfo,getnetworkinfo,getmempoolinfo,getchaintxstats,listwallets,getwalletinfo"
    node = start_bitcoind()
    node.make_wallet()
    node.restart([f"-rpcwhitelist={node.user}:{allowed},loadwallet,getblockcount", "-rpcwhitelistdefault=0"])
    ran = run("status", BITCOIN_RPC_URL=node.url)
    assert ran.code == 3
    assert "Refused" in ran.out
    assert "Height          0 of 0 headers" in ran.out
    assert "wallet w: The node" in ran.err
    assert "getbalances" in ran.err
    assert ran.err.count("\n") == 1


def test_a_user_without_wallets_sees_the_chain(run: Run, start_bitcoind: StartBitcoind) -> None:
    """listwallets is forbidden, which empties the answer of a whole batch."""
    allowed = "getblockchaininfo,getnetworkinfo,getmempoolinfo,getblockcount"
    node = start_bitcoind(f"-rpcwhitelist=explorer:{allowed}", "-rpcwhitelistdefault=0")
    ran = run("status", BITCOIN_RPC_URL=node.url)
    assert (ran.code, ran.err) == (0, "")
    assert "Transactions  not known" in ran.out


@pytest.mark.parametrize(("height", "transactions"), [(0, 1), (1, 1), (2, 1), (5, 1)])
def test_the_first_blocks(run: Run, start_bitcoind: StartBitcoind, height: int, transactions: int) -> None:
    node = start_bitcoind()
    node.mine(height, ADDRESS)
    (told,) = run("status", "--json", BITCOIN_RPC_URL=node.url).json["nodes"]
    assert told["chain"]["height"] == height
    assert told["newest_block"]["transactions"] == transactions


def test_a_node_that_is_catching_up_has_a_bar(run: Run, start_bitcoind: StartBitcoind) -> None:
    """It has the header of a block without the block."""
    source, node = start_bitcoind(), start_bitcoind()
    source.mine(4, ADDRESS)
    for height in range(1, 5):
        block = source.rpc("getblock", source.rpc("getblockhash", height), 0)
        node.rpc("submitblock" if height < 4 else "submitheader", block if height < 4 else block[:160])
    ran = run("status", BITCOIN_RPC_URL=node.url)
    assert "Height          3 of 4 headers" in ran.out
    assert re.search(r"Progress        \[#+-+\] \d+\.\d\d %, catching up", ran.out)


def test_a_node_that_is_not_there(run: Run) -> None:
    url = f"http://u:{PASSPHRASE}@127.0.0.1:{free_port()}"
    ran = run("status", BITCOIN_RPC_URL=url)
    assert ran.code == 3
    assert ran.err.count("\n") == 1
    assert "could not reach" in ran.err
    assert "no answer" in ran.out
    told = run("status", "--json", BITCOIN_RPC_URL=url)
    assert told.code == 3
    assert told.json["nodes"][0]["error"]["id"] == "node_unreachable"
    assert PASSPHRASE not in ran.out + ran.err + told.out + told.err


def test_every_endpoint_is_shown(run: Run, node: Bitcoind) -> None:
    dead = free_port()
    ran = run("status", "--json", BITCOIN_RPC_URL=f"http://u:{PASSPHRASE}@127.0.0.1:{dead},{node.url}")
    assert ran.code == 3
    own, other = ran.json["nodes"]
    assert own["label"] == f"127.0.0.1:{dead}"
    assert "error" in own
    assert other["chain"]["height"] == 103
    assert run("status", BITCOIN_RPC_URL=f"{node.url},{node.url}").code == 0


def test_a_wrong_password(run: Run, node: Bitcoind) -> None:
    ran = run("status", BITCOIN_RPC_URL=f"http://explorer:{PASSPHRASE}@127.0.0.1:{node.rpcport}")
    assert ran.code == 3
    assert "refused the user name or password" in ran.err
    assert PASSPHRASE not in ran.out + ran.err


def test_the_demo_chain(run: Run) -> None:
    ran = run("status", BITCOIN_RPC_URL="demo")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("demo chain\n")
    (told,) = run("status", "--json", BITCOIN_RPC_URL="demo").json["nodes"]
    assert told["wallets"] == []
    assert told["newest_block"]["transactions"] >= 1


@pytest.mark.parametrize(
    ("size", "written"),
    [(698_123_456_789, "698.12 GB"), (1_500_000_000, "1.50 GB"), (131_072, "0.000131 GB"), (0, "0.000000000 GB")],
)
def test_gigabytes(size: int, written: str) -> None:
    assert gigabytes(size) == written
