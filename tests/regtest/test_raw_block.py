"""What a block's bytes tell, held against `getblock` 3 of the same node.

Compared is every field of every transaction but `asm`, `script_sig_asm` and `prevout_height`, which the bytes do not
tell; and of the cards, which have none of these, everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
import pytest
from embit.ec import PrivateKey
from embit.networks import NETWORKS
from embit.script import Script, Witness, p2pkh
from embit.transaction import Transaction as EmbitTransaction
from embit.transaction import TransactionInput, TransactionOutput

from explorer.bitcoin.models import Input, Output, Transaction, card
from explorer.bitcoin.raw_block import RawBlock
from explorer.chain import facts
from explorer.node import answers
from tests.bitcoin.test_solver import TYPES
from tests.bitcoind import Bitcoind
from tests.coins import ANYONE, FINAL, OP_TRUE, Coin, Made, data, draft, fund, mine, spend
from tests.conftest import MAIN_CHAIN_BLOCKS, MAIN_CHAIN_HEIGHT, lacking

SHOWN = 20  # inputs and outputs of a card
KEY = PrivateKey(b"k" * 32)
PUBLIC_KEY = KEY.get_public_key().sec()
WORTH = 10_000  # satoshis, of each output of every kind


def rest(node: Bitcoind, what: str, block_hash: str) -> bytes:
    with urlopen(f"http://127.0.0.1:{node.rpcport}/rest/{what}/{block_hash}.bin", timeout=60) as answer:
        content: bytes = answer.read()
        return content


def from_bytes(node: Bitcoind, block_hash: str, network: str) -> RawBlock:
    return RawBlock(rest(node, "block", block_hash), spent_by(node, block_hash), network)


def spent_by(node: Bitcoind, block_hash: str) -> bytes | None:
    try:
        return rest(node, "spenttxouts", block_hash)
    except HTTPError as error:
        with error:
            if error.code != 404:
                raise
            return None


def from_json(node: Bitcoind, block_hash: str) -> list[Transaction]:
    block = msgspec.convert(node.rpc("getblock", block_hash, 3), answers.BlockTransactions)
    return [without_asm(facts.transaction(tx)) for tx in block.tx]


def without_asm(tx: Transaction) -> Transaction:
    def of_output(output: Output) -> Output:
        return replace(output, script=replace(output.script, asm=""))

    def of_input(i: Input) -> Input:
        prevout = of_output(i.prevout) if i.prevout else None
        return replace(i, script_sig_asm="", prevout=prevout, prevout_height=None)

    return replace(tx, inputs=tuple(map(of_input, tx.inputs)), outputs=tuple(map(of_output, tx.outputs)))


def compare(node: Bitcoind, block_hash: str, network: str) -> list[Transaction]:
    """The transactions of the block, once all ways to them have been found to agree."""
    raw = from_bytes(node, block_hash, network)
    expected = from_json(node, block_hash)
    assert raw.count == len(expected)
    assert list(raw.transactions()) == expected
    assert list(raw.transactions(1)) == expected[1:]
    for most in (1, SHOWN):
        assert list(raw.cards(most)) == [card(tx, most) for tx in expected]
    assert list(raw.txids()) == node.rpc("getblock", block_hash, 1)["tx"]
    return expected


def every_block(node: Bitcoind, network: str) -> list[Transaction]:
    hashes = [node.rpc("getblockhash", height) for height in range(node.rpc("getblockcount") + 1)]
    return [tx for block_hash in hashes for tx in compare(node, block_hash, network)]


@pytest.fixture(scope="module")
def node(bitcoind_path: str) -> Iterator[Bitcoind]:
    with Bitcoind(bitcoind_path, ["-rest=1"]) as node:
        node.make_wallet("w")
        node.mine(110)
        yield node


def made(tx: EmbitTransaction) -> Made:
    return Made(tx.serialize().hex(), tx.txid().hex(), [])


def unlocked(coin: Coin, sequence: int) -> TransactionInput:
    return TransactionInput(bytes.fromhex(coin.txid), coin.vout, sequence=sequence, witness=Witness([OP_TRUE.data]))


def test_every_kind_of_output_made_and_spent(node: Bitcoind) -> None:
    """Those that anyone can spend by themselves, pubkey, multisig and pubkeyhash with a signature."""
    anyones = [
        Script(bytes.fromhex("51024e73")),  # anchor
        Script(b"\x52\x02ab"),  # witness_unknown, which takes any witness
        Script(b"\x60\x28" + b"u" * 40),
        OP_TRUE,  # nonstandard
        Script(b"\x4d\x08\x02" + b"x" * 520 + b"\x75\x51"),  # too long for a length of one byte
    ]
    signed = [
        Script(b"\x21" + PUBLIC_KEY + b"\xac"),
        Script(b"\x51\x21" + PUBLIC_KEY + b"\x51\xae"),
        p2pkh(KEY.get_public_key()),
    ]
    rest_of_all = [Script(bytes.fromhex(script)) for script, _ in TYPES]
    (coin,) = fund(node, 1, 1_000_000)
    outputs = [(script, WORTH) for script in anyones + signed] + [(script, 0) for script in rest_of_all]
    first = spend([coin], outputs)
    txs = compare(node, mine(node, [first]), "regtest")
    assert {output.script.type for tx in txs for output in tx.outputs} == {kind for _, kind in TYPES}

    free = [TransactionInput(bytes.fromhex(first.txid), vout) for vout in range(len(anyones))]
    free[1].witness = Witness([b"", b"w" * 300, b"v" * 70_000])
    by_anyone = EmbitTransaction(2, free, [TransactionOutput(WORTH, ANYONE)], 0)

    keyed = [TransactionInput(bytes.fromhex(first.txid), len(anyones) + n) for n in range(len(signed))]
    unsigned = EmbitTransaction(1, keyed, [TransactionOutput(WORTH, ANYONE)], 0)
    answer = node.rpc("signrawtransactionwithkey", unsigned.serialize().hex(), [KEY.wif(NETWORKS["regtest"])])
    assert answer["complete"]
    by_key = Made(answer["hex"], node.rpc("decoderawtransaction", answer["hex"])["txid"], [])

    txs = compare(node, mine(node, [made(by_anyone), by_key]), "regtest")
    kinds = {i.prevout.script.type for tx in txs for i in tx.inputs if i.prevout}
    assert kinds == {"anchor", "witness_unknown", "nonstandard", "pubkey", "multisig", "pubkeyhash"}
    assert txs[2].txid == txs[2].wtxid


def test_what_a_wallet_makes(node: Bitcoind) -> None:
    kinds = ["legacy", "p2sh-segwit", "bech32", "bech32m"]
    for kind in kinds:
        node.rpc("sendtoaddress", node.rpc("getnewaddress", "", kind), "1.23456789")
    node.mine(1)
    coins = [coin for coin in node.rpc("listunspent") if str(coin["amount"]) == "1.23456789"]
    node.rpc(
        "sendall",
        [node.rpc("getnewaddress")],
        None,
        None,
        None,
        {"inputs": [{"txid": coin["txid"], "vout": coin["vout"]} for coin in coins]},
    )
    (block_hash,) = node.mine(1)
    txs = compare(node, block_hash, "regtest")
    spent = {i.prevout.script.type for i in txs[1].inputs if i.prevout}
    assert spent == {"pubkeyhash", "scripthash", "witness_v0_keyhash", "witness_v1_taproot"}


def test_many_inputs_and_outputs(node: Bitcoind) -> None:
    for count in (SHOWN, SHOWN + 1, 253, 300):
        coins = fund(node, count)
        block_hash = mine(node, [spend(coins, [1_000] * count)])
        tx = compare(node, block_hash, "regtest")[1]
        assert (tx.input_count, tx.output_count) == (count, count)


def test_odd_versions_sequences_and_lock_times(node: Bitcoind) -> None:
    coins = fund(node, 4)
    numbers = [
        (0, FINAL, 0xFFFFFFFF),
        (3, 0x80000000, 5),
        (0x7FFFFFFF, 0, 500_000_001),
        (0xFFFFFFFF, FINAL, 0x80000000),
    ]
    txs = [
        EmbitTransaction(version, [unlocked(coin, sequence)], [TransactionOutput(1_000, ANYONE)], locktime)
        for coin, (version, sequence, locktime) in zip(coins, numbers, strict=True)
    ]
    block = compare(node, mine(node, [made(tx) for tx in txs]), "regtest")
    assert [(tx.version, tx.inputs[0].sequence, tx.locktime) for tx in block[1:]] == numbers


def test_a_chain_of_transactions_within_a_block(node: Bitcoind) -> None:
    (coin,) = fund(node, 1)
    parent = spend([coin], [90_000, data(b"hello")])
    child = spend(parent.coins, [80_000])
    txs = compare(node, mine(node, [parent, child]), "regtest")
    assert [tx.fee for tx in txs] == [None, 10_000, 10_000]


def test_full_pages(node: Bitcoind) -> None:
    coins = fund(node, 300)
    txs = compare(node, mine(node, [spend([coin], [1_000]) for coin in coins]), "regtest")
    assert len(txs) == 301


def test_a_block_that_was_never_connected(node: Bitcoind) -> None:
    """The node cannot say what it spends, neither way."""
    coin, other = fund(node, 2)
    (connected, first), (stale, second) = draft(node, [spend([coin], [1_000])]), draft(node, [spend([other], [2_000])])
    for block in (first, second):
        node.rpc("submitblock", block)
    assert node.rpc("getbestblockhash") == connected
    txs = compare(node, stale, "regtest")
    assert txs[1].fee is None
    assert txs[1].inputs[0].prevout is None


def test_every_block_of_the_chain(node: Bitcoind) -> None:
    """The genesis block, which spends nothing, and whatever this module's tests have made so far."""
    assert len(every_block(node, "regtest")) > node.rpc("getblockcount")


def test_the_main_chain(bitcoind_path: str) -> None:
    if not MAIN_CHAIN_BLOCKS.exists():
        lacking("the main chain's first blocks", f"They are expected at ../shared/chain/{MAIN_CHAIN_BLOCKS.name}.")
    with Bitcoind(bitcoind_path, ["-rest=1", f"-loadblock={MAIN_CHAIN_BLOCKS}"], chain="main", txindex=False) as node:
        node.wait_until(lambda: node.rpc("getblockcount") == MAIN_CHAIN_HEIGHT)
        txs = every_block(node, "main")
        assert len(txs) == MAIN_CHAIN_HEIGHT + 1 + 7
