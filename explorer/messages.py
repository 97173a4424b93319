"""The words of every error, by message id: what happened, and what to do about it.

Written in English, and said in the language of whoever is answered (explorer/language.py). `{name}` stands for a value
that the error carries. Values come from visitors and nodes: templates escape them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from explorer.errors import ExplorerError, Phrase, Value
from explorer.language import gettext


class Words(NamedTuple):
    """`title` heads a page, `what` is a sentence of what happened, `advice` a sentence of what to do."""

    title: str
    what: str
    advice: str


# What the operator does where a page cannot know enough.
DOCTOR: Final = "On the explorer's machine, python -m explorer doctor finds out what is wrong."

CATALOGUE: dict[str, Words] = {
    "internal": Words(
        "Something went wrong here",
        "The explorer could not make this page. This is our fault, not yours.",
        "Try again. If it stays, tell the operator the request id {request_id}: the log has the details.",
    ),
    # --- what the visitor asked ---------------------------------------------------------------------------------
    "bad_query": Words(
        "That cannot be right",
        "“{query}” is not something that this page can show.",
        "Check the address, or search for a height, a block hash, a transaction id or an address.",
    ),
    "bad_block_id": Words(
        "That is no block",
        "“{query}” is neither a block height nor a block hash.",
        "A height is a number, such as 170; a block hash has 64 hexadecimal digits and starts with zeros.",
    ),
    "bad_txid": Words(
        "That is no transaction id",
        "“{query}” is not a transaction id.",
        "A transaction id has 64 hexadecimal digits (0–9, a–f). Copy it again, whole.",
    ),
    "bad_number": Words(
        "That number is out of range",
        "“{query}” is not a number that {name} can have.",
        "Use a whole number from {lowest} to {highest}.",
    ),
    "bad_address": Words(
        "That is no address",
        "“{query}” is not a Bitcoin address.",
        "Addresses start with 1, 3, bc1 (mainnet), m, n, 2, tb1 or bcrt1 (test networks). Copy it again, whole.",
    ),
    "bad_address_checksum": Words(
        "That address has a mistake in it",
        "The checksum of “{query}” does not hold: at least one character is wrong, missing or swapped.",
        "Copy the address again, whole. Never send to an address that fails this check.",
    ),
    "bad_address_characters": Words(
        "That address has a wrong character in it",
        "“{query}” contains a character that no address of its kind can have.",
        "Copy the address again, whole: the letters b, i, o and the digit 1, or 0, O, I and l, are easily mixed up.",
    ),
    "bad_address_mixed_case": Words(
        "That address mixes capitals and small letters",
        "Addresses that start with bc1, tb1 or bcrt1 are all small letters or all capitals; “{query}” is neither.",
        "Copy the address again, whole.",
    ),
    "bad_address_length": Words(
        "That address is too long or too short",
        "“{query}” has {length} characters, which no address of its kind has.",
        "Copy the address again, whole.",
    ),
    "bad_address_prefix": Words(
        "That is not a Bitcoin address",
        "“{query}” is written like an address and its checksum holds, but Bitcoin has no addresses of this kind.",
        "It may belong to another currency.",
    ),
    "bad_address_program": Words(
        "That address breaks the rules",
        "The checksum of “{query}” holds, but no segwit output can have what it says (BIP 141, BIP 350).",
        "Ask whoever gave it to you for another address.",
    ),
    "bad_choice": Words(
        "That cannot be chosen",
        "“{query}” is not one of the values of {name}.",
        "Choose one that the settings of the page offer.",
    ),
    "private_key": Words(
        "That looks like a private key",
        "What you typed is written like a private key, which must never be typed into a web page.",
        "It is not shown here, but it is in your browser's history and may be in logs. If there is money under it, "
        "move it to a new wallet now.",
    ),
    "not_found": Words(
        "There is no such thing",
        "The node does not know “{query}”.",
        "Search for a height, a block hash, a transaction id or an address.",
    ),
    "page_not_found": Words(
        "There is no such page",
        "Nothing lives at this address.",
        "Start from the latest blocks, or search for a height, a block hash, a transaction id or an address.",
    ),
    "bad_request": Words(
        "That cannot be answered",
        "The request is not one that this explorer understands.",
        "Open the page by an ordinary link, or search.",
    ),
    "method_not_allowed": Words(
        "That is not how this page works",
        "This page can be read, not written to.",
        "Open it with an ordinary link, or search.",
    ),
    "block_not_found": Words(
        "No such block",
        "The node knows no block {query}.",
        "Check the hash. The node may also be on another network than the block.",
    ),
    "height_not_found": Words(
        "No block at that height yet",
        "Height {height} is beyond the tip of this chain, which is at {tip}.",
        "Come back once it has been mined, or open the latest block.",
    ),
    "height_not_reached": Words(
        "The node has not come that far",
        "There is a block at height {height}, but the node has checked the chain up to {tip} only.",
        "Come back later: the node is catching up, and its progress is on the start page.",
    ),
    "transaction_not_found": Words(
        "No such transaction",
        "The node knows no transaction {query}, neither in a block nor in its mempool.",
        "Check the id. A transaction that was replaced or dropped from the mempool is no longer known, and the "
        "node may be on another network.",
    ),
    "transaction_replaced": Words(
        "Replaced",
        "Transaction {query} waited in the mempool until {by} took its place, which spends the same coins.",
        "Search for the one that replaced it.",
    ),
    "transaction_spent": Words(
        "Replaced",
        "Transaction {query} waited in the mempool until another one took its place, which spends the same coins.",
        "The node cannot tell which. The addresses that were to be paid may know of another payment.",
    ),
    "transaction_dropped": Words(
        "Dropped from the mempool",
        "Transaction {query} waited in the mempool and has left it without getting into a block.",
        "It may have expired or paid too little, and it can be sent again.",
    ),
    "transaction_unclear": Words(
        "No longer in the mempool",
        "Transaction {query} waited in the mempool. It may be in a block now, or another one in its place.",
        "Only a node with txindex=1 in bitcoin.conf can tell.",
    ),
    "output_not_found": Words(
        "No such output",
        "Transaction {txid} has {count} outputs, so there is no output {vout}.",
        "Outputs are counted from 0: open the transaction to see them all.",
    ),
    "input_not_found": Words(
        "No such input",
        "Transaction {txid} has {count} inputs, so there is no input {vin}.",
        "Inputs are counted from 0: open the transaction to see them all.",
    ),
    "position_not_found": Words(
        "No transaction at that position",
        "Block {height} has {count} transactions, so there is none at position {position}.",
        "Positions are counted from 0, which is the coinbase: open the block to see them all.",
    ),
    "nothing_found": Words(
        "Nothing found",
        "Nothing on this chain matches “{query}”.",
        "You can search for the things below.",
    ),
    "nothing_found_without_txindex": Words(
        "This node cannot look that up",
        "{query} is no block and not in the mempool, and this node keeps no index to find a transaction in a block.",
        "If it is a transaction: set txindex=1 in bitcoin.conf and restart the node, or open it from its block's page.",
    ),
    "page_of_list_not_found": Words(
        "No such page of the list",
        "This list has {pages} pages; there is no page {page}.",
        "Start from its first page.",
    ),
    # --- what the node cannot answer ----------------------------------------------------------------------------
    "unsupported": Words(
        "This node cannot tell",
        "The node does not offer “{method}”, which this page needs.",
        "A newer Bitcoin Core may offer it.",
    ),
    "needs_txindex": Words(
        "This node cannot look that up",
        "Transaction {query} is not in the mempool, and this node keeps no index to find one in a block.",
        "Set txindex=1 in bitcoin.conf and restart the node; it then builds the index once. Until then, open the "
        "transaction from the page of its block: those links work without the index.",
    ),
    "txindex_building": Words(
        "The node is still building its index",
        "Transaction {query} is not in the mempool, and the transaction index has reached block {height} only.",
        "Try again once it is done, or open the transaction from the page of its block.",
    ),
    "block_pruned": Words(
        "The node no longer has this block",
        "Block {query} has been pruned: the node deleted its transactions to save disk space.",
        "Only a node that is not pruned (no prune= in bitcoin.conf) keeps every block.",
    ),
    "block_not_downloaded": Words(
        "The node does not have this block yet",
        "The node knows the header of block {query}, but not its transactions.",
        "It fetches the blocks of its best chain by itself: try again later. Blocks of other branches may never come.",
    ),
    "block_not_available": Words(
        "The node does not have this block",
        "The node knows of block {query}, but does not have its transactions.",
        "A pruned node deletes old blocks to save disk space; one that is catching up has yet to fetch the newer ones.",
    ),
    "undo_missing": Words(
        "Some figures of this block cannot be known",
        "Block {query} was never part of this node's best chain, so the node does not know what its inputs spent.",
        "Its transactions can be seen, without fees and amounts spent.",
    ),
    "genesis_coinbase": Words(
        "The transaction that a node never hands out",
        "The coinbase of the genesis block is part of the chain, but its output was never entered into the set of "
        "spendable coins.",
        "The page of block 0 shows it.",
    ),
    # --- the node's own state -----------------------------------------------------------------------------------
    "node_warming_up": Words(
        "The node is starting",
        "The node is there, but still getting ready: {reason}",
        "Nothing to do: this page works as soon as the node has started, usually within minutes.",
    ),
    "node_recovers": Words(
        "The node is recovering",
        "The node has come back at block {height}, although it had reached block {known} before.",
        "It reads the missing blocks again by itself: try again in a moment.",
    ),
    "node_busy": Words(
        "The node is busy",
        "The node has more requests waiting than it takes on at once.",
        "Try again in a few seconds. If this happens often, raise rpcworkqueue= and rpcthreads= in bitcoin.conf.",
    ),
    "chain_moving": Words(
        "The chain is changing",
        "The chain was reorganised while this page was made.",
        "Load the page again in a moment.",
    ),
    "too_many_heavy": Words(
        "Too many large blocks are asked for",
        "Several visitors are waiting for large blocks that nobody has looked at before.",
        "Try again in a few seconds.",
    ),
    "node_limit": Words(
        "The node limits how often it is asked",
        "{endpoint} takes no more requests for the moment.",
        "Try again in a few seconds. If this happens often, set RPC_RATE and RPC_BATCH_SIZE to what it allows.",
    ),
    "node_rate": Words(
        "The node may not be asked this often",
        "RPC_RATE allows {rate} requests a second to {endpoint}, and more are waiting than can be answered in time.",
        "Try again in a few seconds. If this happens often, raise RPC_RATE, if the provider allows it.",
    ),
    "too_slow": Words(
        "This takes too long",
        "Others are asking for the same, and the answer did not come in time.",
        "Try again in a moment, or raise REQUEST_DEADLINE.",
    ),
    "fallback_unknown_network": Words(
        "Nobody knows whether that node is on the right chain",
        "{endpoint} cannot be compared with your own node, which has not answered since the explorer was started.",
        "Name the network of your own node with BITCOIN_NETWORK: then another node may answer from the start.",
    ),
    "fallback_other_network": Words(
        "That node is on another network",
        "{endpoint} is on {found}, and the own node is on {expected}.",
        "Take it out of BITCOIN_RPC_URL, or name one that is on the same network.",
    ),
    "fallback_other_chain": Words(
        "That node is on another chain",
        "{endpoint} has another block at height {height} than the own node has.",
        "One of the two follows a chain that the other does not. Until they agree, it does not answer in its place.",
    ),
    "fallback_behind": Words(
        "That node is behind",
        "{endpoint} is {behind} blocks behind, at height {height}; at most {allowed} are allowed.",
        "It answers in the own node's place once it has caught up. MAX_BLOCKS_BEHIND is how far behind it may be.",
    ),
    "fallback_does_not_know_yet": Words(
        "That is too new for the node that answers",
        "The own node does not answer, and {endpoint}, which answers in its place, has not seen its last blocks yet.",
        "Try again in a moment.",
    ),
    "node_connections_busy": Words(
        "The node is busy",
        "All {limit} connections to the node are in use.",
        "Try again in a few seconds. If this happens often, raise RPC_CONNECTIONS.",
    ),
    "node_unreachable": Words(
        "The node does not answer",
        "The explorer could not reach the Bitcoin node at {endpoint}: {reason}.",
        "Check that bitcoind is running with server=1, and that the host and port are right. This page works "
        "again as soon as the node does. " + DOCTOR,
    ),
    "node_timeout": Words(
        "The node takes too long",
        "The node at {endpoint} did not answer “{method}” within {seconds} seconds.",
        "It may be very busy. Try again in a moment, or raise RPC_TIMEOUT.",
    ),
    "node_not_json": Words(
        "That is not a Bitcoin node",
        "Something answered at {endpoint}, but not as a Bitcoin node does (HTTP {http_status}).",
        "Check the host and port: 8332 is the usual RPC port, 8333 is for peers and does not speak RPC. " + DOCTOR,
    ),
    "node_unexpected_answer": Words(
        "The node's answer makes no sense here",
        "The node answered “{method}” in a form that this explorer does not know.",
        "It may be a version that is too old or too new for this explorer. The log has the details.",
    ),
    "node_credentials": Words(
        "The node does not accept the password",
        "The node at {endpoint} refused the user name or password.",
        "Check BITCOIN_RPC_USER and BITCOIN_RPC_PASSWORD, or that the cookie file is the one of this node. " + DOCTOR,
    ),
    "node_no_cookie": Words(
        "No way into the node yet",
        "There is no password set, and the node's cookie file is not there or cannot be read.",
        "Start bitcoind, which writes the cookie, and let the explorer's user read it; or set BITCOIN_RPC_USER and "
        "BITCOIN_RPC_PASSWORD. " + DOCTOR,
    ),
    "node_forbidden": Words(
        "The node does not allow this",
        "The node at {endpoint} does not let this explorer ask “{method}”.",
        "Check rpcallowip= (may this machine ask?) and rpcwhitelist= (may this user call the method?) in bitcoin.conf. "
        + DOCTOR,
    ),
    "node_fault": Words(
        "The node reported a problem",
        "The node could not answer “{method}” (code {code}).",
        "Try again. The node's own log may say more.",
    ),
    "rejected": Words(
        "The node refused the transaction",
        "The node's reason: {reason}",
        "Mend the transaction and send it again.",
    ),
    "forbidden": Words(
        "Not allowed",
        "This is not open to everybody.",
        "Ask the operator for access.",
    ),
}


class _Blank(dict[str, object]):
    """Leaves nothing but a dash where an error carries no value for a placeholder."""

    def __missing__(self, key: str) -> str:
        return "—"


def words(error: ExplorerError) -> Words:
    """The words of an error, its values filled in (plain text, not escaped)."""
    return fill(CATALOGUE.get(error.message_id, CATALOGUE["internal"]), error.values)


def fill(words: Words, values: Mapping[str, Value]) -> Words:
    """The words in the language that is spoken, with their placeholders filled in."""
    known = _Blank({name: said(value) for name, value in values.items()})
    return Words(*(gettext(part).format_map(known) for part in words))


def said(value: Value) -> str:
    """A value as it is said: a phrase in the language that is spoken, a dash for what is missing."""
    if isinstance(value, Phrase):
        return gettext(value.text).format_map(value.values)
    return "—" if value is None else str(value)
