"""Blocks as bytes: one of the main chain, one that holds every form of a transaction, and what is no block at all."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from itertools import islice
from typing import Any

import pytest
from embit.script import Script, Witness
from embit.transaction import Transaction as EmbitTransaction
from embit.transaction import TransactionInput, TransactionOutput
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.bitcoin.layout import HEADER_SIZE
from explorer.bitcoin.models import Transaction, card
from explorer.bitcoin.raw_block import RawBlock
from explorer.bitcoin.raw_transaction import RawTransaction

BLOCK_170 = bytes.fromhex(
    "0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb05421ab93e63f8c3ce5c2c2e9dbb37de27"
    "64b3a3175c8166562cac7d51b96a49ffff001d283e9e70020100000001000000000000000000000000000000000000000000000000000000"
    "0000000000ffffffff0704ffff001d0102ffffffff0100f2052a01000000434104d46c4968bde02899d2aa0963367c7a6ce34eec332b32e4"
    "2e5f3407e052d64ac625da6f0718e7b302140434bd725706957c092db53805b821a85b23a7ac61725bac000000000100000001c997a5e56e"
    "104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402204e45e16932b8af514961a1d3a1a25fdf3f4f77"
    "32e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a"
    "3b00000000434104ae1a62fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b730"
    "3b8a0626f1baded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148"
    "a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000"
)
SPENT_BY_170 = bytes.fromhex(
    "02000100f2052a0100000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464"
    "f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac"
)
FIRST_PAYMENT = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
CENT = 1_000_000  # satoshis
KEYHASH, SCRIPTHASH = b"\x00\x14" + b"k" * 20, b"\xa9\x14" + b"s" * 20 + b"\x87"
DATA = b"\x6a\x05hello"
LONG = b"\x4d\x20\x03" + b"x" * 800 + b"\x75\x51"  # its length takes three bytes

MADE = [
    EmbitTransaction(
        2,
        [TransactionInput(bytes(32), 0xFFFFFFFF, Script(b"\x02\x0a\x01"), 0xFFFFFFFF, Witness([bytes(32)]))],
        [TransactionOutput(50 * CENT, Script(KEYHASH)), TransactionOutput(0, Script(DATA))],
        0,
    ),
    EmbitTransaction(1, [TransactionInput(b"a" * 32, 7, Script(b"\x51"))], [TransactionOutput(CENT, Script(b""))], 500),
    EmbitTransaction(
        0xFFFFFFFF,
        [
            TransactionInput(b"b" * 32, 0, Script(LONG), 0xFFFFFFFD, Witness([b"", b"w" * 253, b"v" * 70_000])),
            TransactionInput(b"c" * 32, 300, Script(b""), 5, Witness([])),
        ],
        [TransactionOutput(1, Script(LONG)), TransactionOutput(2, Script(DATA))],
        0xFFFFFFFF,
    ),
    EmbitTransaction(
        2,
        [TransactionInput(bytes([n % 256]) * 32, n, Script(b"")) for n in range(300)],
        [TransactionOutput(n, Script(SCRIPTHASH)) for n in range(300)],
        0,
    ),
]
SPENT: list[list[tuple[int, bytes]]] = [
    [],
    [(2 * CENT, KEYHASH)],
    [(3 * CENT, LONG), (4, DATA)],
    [(n + 1, SCRIPTHASH) for n in range(300)],
]


def compact(size: int) -> bytes:
    return bytes([size]) if size < 0xFD else b"\xfd" + size.to_bytes(2, "little")


def spent_bytes(spent: list[list[tuple[int, bytes]]]) -> bytes:
    outputs = [
        [value.to_bytes(8, "little") + compact(len(script)) + script for value, script in outputs] for outputs in spent
    ]
    return compact(len(spent)) + b"".join(compact(len(of_one)) + b"".join(of_one) for of_one in outputs)


MADE_BLOCK = bytes(HEADER_SIZE) + compact(len(MADE)) + b"".join(tx.serialize() for tx in MADE)
MADE_SPENT = spent_bytes(SPENT)


def read(block: bytes, spent: bytes | None) -> list[Transaction]:
    return list(RawBlock(block, spent, "main").transactions())


READERS: list[Callable[[bytes, bytes | None], Any]] = [
    read,
    lambda block, spent: list(RawBlock(block, spent, "main").cards(20)),
]


def test_the_first_payment_of_all() -> None:
    block = RawBlock(BLOCK_170, SPENT_BY_170, "main")
    assert block.count == 2
    coinbase, payment = block.transactions()
    assert coinbase.is_coinbase
    assert coinbase.inputs[0].coinbase == "04ffff001d0102"
    assert (coinbase.fee, coinbase.total_out) == (None, 5_000_000_000)
    assert payment.txid == payment.wtxid == FIRST_PAYMENT
    assert (payment.size, payment.vsize, payment.weight) == (275, 275, 1100)
    assert (payment.version, payment.locktime, payment.fee) == (1, 0, 0)
    assert [output.value for output in payment.outputs] == [1_000_000_000, 4_000_000_000]
    assert {output.script.type for output in payment.outputs} == {"pubkey"}
    (spent,) = payment.inputs
    assert (spent.txid, spent.vout) == ("0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9", 0)
    assert spent.script_sig.startswith("47304402204e45e1")
    assert spent.prevout is not None
    assert (spent.prevout.value, spent.prevout.script) == (5_000_000_000, payment.outputs[1].script)


def test_every_form_of_a_transaction() -> None:
    """embit's own serialisation and txids are the judge."""
    for tx, made, spent in zip(read(MADE_BLOCK, MADE_SPENT), MADE, SPENT, strict=True):
        raw = made.serialize()
        assert tx.txid == made.txid().hex()
        assert tx.wtxid == sha256(sha256(raw).digest()).digest()[::-1].hex()
        assert (tx.version, tx.locktime, tx.size) == (made.version, made.locktime, len(raw))
        stripped = len(EmbitTransaction(1, [], made.vout, 0).serialize()) + sum(
            40 + len(vin.script_sig.serialize()) for vin in made.vin
        )
        stripped += len(compact(len(made.vin))) - 1
        assert tx.weight == 3 * stripped + len(raw)
        assert tx.vsize == (tx.weight + 3) // 4
        assert [(o.value, o.script.hex) for o in tx.outputs] == [
            (o.value, o.script_pubkey.data.hex()) for o in made.vout
        ]
        for i, vin in zip(tx.inputs, made.vin, strict=True):
            assert i.sequence == vin.sequence
            assert i.witness == tuple(item.hex() for item in vin.witness.items)
            if tx.is_coinbase:
                assert (i.coinbase, i.txid, i.vout, i.script_sig) == (vin.script_sig.data.hex(), None, None, "")
            else:
                assert (i.coinbase, i.txid, i.vout) == (None, vin.txid.hex(), vin.vout)
                assert i.script_sig == vin.script_sig.data.hex()
        prevouts = [(i.prevout.value, i.prevout.script.hex) for i in tx.inputs if i.prevout]
        assert prevouts == [(value, script.hex()) for value, script in spent]
        expected = None if tx.is_coinbase else sum(value for value, _ in spent) - tx.total_out
        assert tx.fee == expected


@pytest.mark.parametrize(("block", "spent"), [(BLOCK_170, SPENT_BY_170), (MADE_BLOCK, MADE_SPENT), (MADE_BLOCK, None)])
@pytest.mark.parametrize("most", [0, 1, 2, 20, 299, 300, 1_000])
def test_cards_are_those_of_the_whole_transactions(block: bytes, spent: bytes | None, most: int) -> None:
    raw = RawBlock(block, spent, "main")
    assert list(raw.cards(most)) == [card(tx, most) for tx in raw.transactions()]


@pytest.mark.parametrize("first", [0, 1, 3, 4, 5])
def test_it_starts_anywhere(first: int) -> None:
    raw = RawBlock(MADE_BLOCK, MADE_SPENT, "main")
    assert list(raw.transactions(first)) == list(raw.transactions())[first:]
    assert list(raw.cards(20, first)) == list(raw.cards(20))[first:]
    assert list(raw.txids(first)) == [tx.txid for tx in raw.transactions()][first:]


def test_without_the_spent_outputs_there_is_no_fee() -> None:
    for tx in read(MADE_BLOCK, None):
        assert tx.fee is None
        assert all(i.prevout is None for i in tx.inputs)


def test_what_is_not_asked_for_is_not_read() -> None:
    """Two transactions of what claims to be a block of 3,500 and breaks off after them."""
    block = BLOCK_170[:HEADER_SIZE] + compact(3_500) + BLOCK_170[HEADER_SIZE + 1 :]
    raw = RawBlock(block, compact(3_500) + SPENT_BY_170[1:], "main")
    assert raw.count == 3_500
    cards = raw.cards(20)
    assert [card.txid for card in islice(cards, 2)][1] == FIRST_PAYMENT
    with pytest.raises(ValueError, match="breaks off"):
        next(cards)


@pytest.mark.parametrize("reader", READERS)
class TestNoBlock:
    def test_one_that_breaks_off(self, reader: Callable[[bytes, bytes | None], Any]) -> None:
        for end in range(len(BLOCK_170)):
            for spent in (SPENT_BY_170, None):
                with pytest.raises(ValueError, match="break"):
                    reader(BLOCK_170[:end], spent)
        for end in range(len(SPENT_BY_170)):
            with pytest.raises(ValueError, match="break"):
                reader(BLOCK_170, SPENT_BY_170[:end])

    @settings(deadline=None)
    @given(data=st.data())
    def test_one_of_every_form_that_breaks_off(
        self, reader: Callable[[bytes, bytes | None], Any], data: st.DataObject
    ) -> None:
        with pytest.raises(ValueError, match="break"):
            reader(MADE_BLOCK[: data.draw(st.integers(0, len(MADE_BLOCK) - 1))], MADE_SPENT)
        with pytest.raises(ValueError, match="break"):
            reader(MADE_BLOCK, MADE_SPENT[: data.draw(st.integers(0, len(MADE_SPENT) - 1))])

    @given(more=st.binary(min_size=1, max_size=300))
    def test_one_that_goes_on(self, reader: Callable[[bytes, bytes | None], Any], more: bytes) -> None:
        for block, spent in ((BLOCK_170 + more, SPENT_BY_170), (BLOCK_170, SPENT_BY_170 + more)):
            with pytest.raises(ValueError, match="go"):
                reader(block, spent)

    @pytest.mark.parametrize("size", ["fc", "fdfc00", "fdfd00", "feffff0000", "feffffffff", "ff" + "ff" * 8])
    def test_one_with_an_odd_size_anywhere(self, reader: Callable[[bytes, bytes | None], Any], size: str) -> None:
        """Whatever lies there, it is read or refused, and quickly."""
        patch = bytes.fromhex(size)
        for at in range(HEADER_SIZE, len(BLOCK_170)):
            for block in (
                BLOCK_170[:at] + patch + BLOCK_170[at + 1 :],
                BLOCK_170[:at] + patch + BLOCK_170[at + len(patch) :],
            ):
                read_or_refused(reader, block, SPENT_BY_170)
                read_or_refused(reader, block, None)
        for at in range(len(SPENT_BY_170)):
            read_or_refused(reader, BLOCK_170, SPENT_BY_170[:at] + patch + SPENT_BY_170[at + 1 :])

    @given(st.binary(max_size=400), st.binary(max_size=400))
    def test_any_bytes(self, reader: Callable[[bytes, bytes | None], Any], block: bytes, spent: bytes) -> None:
        read_or_refused(reader, bytes(HEADER_SIZE) + block, spent)
        read_or_refused(reader, bytes(HEADER_SIZE) + block, None)

    @settings(deadline=None)
    @given(data=st.data())
    def test_changed_bytes(self, reader: Callable[[bytes, bytes | None], Any], data: st.DataObject) -> None:
        block, spent = bytearray(MADE_BLOCK), bytearray(MADE_SPENT)
        for _ in range(data.draw(st.integers(1, 5))):
            for changed in (block, spent):
                changed[data.draw(st.integers(0, 900))] = data.draw(st.integers(0, 255))
        read_or_refused(reader, bytes(block), bytes(spent))

    def test_those_of_two_blocks(self, reader: Callable[[bytes, bytes | None], Any]) -> None:
        for spent in (MADE_SPENT, b"\x02\x00\x00", b"\x02\x00\x02" + SPENT_BY_170[3:] * 2, b"\x02" + b"\x00" * 3):
            with pytest.raises(ValueError, match=r"transaction|goes? on"):
                reader(BLOCK_170, spent)

    @pytest.mark.parametrize("form", ["0000", "0002", "0003"])
    def test_a_form_of_transaction_that_is_not_known(
        self, reader: Callable[[bytes, bytes | None], Any], form: str
    ) -> None:
        block = bytes(HEADER_SIZE) + b"\x01\x02\x00\x00\x00" + bytes.fromhex(form) + bytes(20)
        with pytest.raises(ValueError, match="form that is not known"):
            reader(block, None)

    def test_a_transaction_without_inputs(self, reader: Callable[[bytes, bytes | None], Any]) -> None:
        block = bytes(HEADER_SIZE) + b"\x01\x02\x00\x00\x00\x00\x01" + bytes(20)
        with pytest.raises(ValueError, match="without inputs"):
            reader(block, None)


def read_or_refused(reader: Callable[[bytes, bytes | None], Any], block: bytes, spent: bytes | None) -> None:
    try:
        reader(block, spent)
    except ValueError as error:
        assert type(error) is ValueError  # noqa: PT017 - none of its kinds, such as UnicodeDecodeError


@pytest.mark.parametrize("made", MADE)
def test_a_transaction_by_itself(made: EmbitTransaction) -> None:
    raw = RawTransaction(made.serialize())
    assert raw.output_count == len(made.vout)
    assert raw.witnesses == [tuple(item.hex() for item in vin.witness.items) for vin in made.vin]
