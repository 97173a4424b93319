"""The words at which newcomers stumble, each explained in a sentence or two: short, since every page carries its own.

In brackets is the field of the node's answer, where its name is another.
"""

from __future__ import annotations

from typing import Final

from flask import Flask

from explorer.language import gettext, noop

TERMS: Final = {
    # --- blocks -----------------------------------------------------------------------------------------------------
    "confirmations": noop(
        "How many blocks the chain has from here on, this one counted. The more, the harder to undo."
    ),
    "median-time": noop(
        "The middle one of the last eleven blocks' times. The next block's has to be later (mediantime)."
    ),
    "weight": noop("A byte of a witness counts 1, any other byte 4. A block has room for 4,000,000."),
    "stripped-size": noop("The size without the witnesses (strippedsize)."),
    "subsidy": noop(
        "The new coins that a block brings: 50 BTC at first, halved every 210,000 blocks of the main chain."
    ),
    "moved": noop(
        "All outputs but the coinbase's, the change that goes back to senders too (total_out in getblockstats)."
    ),
    "difficulty": noop(
        "How many times harder a block is to find than the very first one was. It follows the miners' speed."
    ),
    "bits": noop("The target in short: read as a number, the block's hash must not be above it."),
    "nonce": noop("A number that miners change, over and over, until the header's hash is not above the target."),
    "merkle-root": noop("One hash over the ids of all the block's transactions: it changes when any of them does."),
    "chain-work": noop("About how many hashes the chain up to here has taken, in hex. The chain with the most counts."),
    "median-fee-rate": noop(
        "The transactions in order of their fee rates: this is the rate in the middle of their weight "
        "(feerate_percentiles in getblockstats)."
    ),
    "coinbase": noop("The input of a block's first transaction. It spends nothing, so miners may write into it."),
    # --- transactions -----------------------------------------------------------------------------------------------
    "fee-rate": noop("The fee divided by the virtual size. Miners take first what pays the most for its room."),
    "virtual-size": noop("A quarter of the weight (vsize). There a byte of a witness counts 1, any other byte 4."),
    "lock-time": noop("No block up to this height, or this time, may hold the transaction."),
    "replaceable": noop(
        "A sequence below 0xfffffffe asks for it: one that pays more may take its place while it waits (BIP 125)."
    ),
    "witness-id": noop(
        "The hash of the whole transaction (hash). The txid leaves out the witness, where the signatures are."
    ),
    "sequence": noop("Below 0x80000000 it may hold the input back until what it spends is old enough (BIP 68)."),
    # --- the node ---------------------------------------------------------------------------------------------------
    "mempool": noop("Transactions that this node has seen and no block holds yet. Each node has its own."),
}


IDS: Final = {name: f"t{number}" for number, name in enumerate(TERMS)}  # on a page: short, for the same reason


def explained(name: str) -> str:
    """What the term means, in the language that is spoken."""
    return gettext(TERMS[name])


def register(app: Flask) -> None:
    app.add_template_filter(explained)
    app.jinja_env.globals["term_ids"] = IDS
