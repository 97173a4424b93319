"""The words of every finding, by its id: how grave it is, a title, what is so, and what to do. In English, as in
`messages.py`.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from explorer.findings import costs
from explorer.messages import Words

Level = Literal["ok", "note", "warning", "bad"]


class Entry(NamedTuple):
    level: Level
    title: str
    what: str
    advice: str = ""

    @property
    def words(self) -> Words:
        return Words(self.title, self.what, self.advice)


# What advice says where a user of its own would help.
DOCTOR: Final = "`python -m explorer doctor --user NAME` prints the lines for bitcoin.conf"

CATALOGUE: Final[dict[str, Entry]] = {
    # --- is there somebody? -----------------------------------------------------------------------------------------
    "name_resolves": Entry("ok", "The name is known", "{host} is {addresses}."),
    "name_unknown": Entry(
        "bad",
        "The name is not known",
        "This machine cannot find an address for “{host}”: {reason}.",
        "Check the host's spelling in BITCOIN_RPC_URL or BITCOIN_RPC_HOST, and this machine's DNS; or write the "
        "address itself. In a container, localhost is the container: use the host's name there.",
    ),
    "port_open": Entry("ok", "Somebody listens", "{endpoint} accepts connections."),
    "nothing_listens": Entry(
        "bad",
        "Nothing listens there",
        "The machine is there, but nothing listens at {endpoint}.",
        "Start bitcoind there. If it runs: it listens only with server=1 (bitcoin-qt needs that line), on another "
        "machine only with rpcbind= and rpcallowip=, and at the port that rpcport= names.",
    ),
    "node_not_running": Entry(
        "bad",
        "The node is not running",
        "Nothing listens at {endpoint}, and no node holds the lock of its data folder {folder}.",
        "Start bitcoind. If it ended by itself, the last lines of {folder}/debug.log say why.",
    ),
    "server_off": Entry(
        "bad",
        "The node runs, but takes no questions",
        "A node holds the lock of {folder}, but nothing listens at {endpoint}.",
        "Put server=1 into its bitcoin.conf and restart it (bitcoin-qt has it off unless told otherwise). If it is "
        "there, compare rpcport= and rpcbind= with {endpoint}.",
    ),
    "wrong_port": Entry(
        "bad",
        "That is the wrong port",
        "It is not at {endpoint}: a node answers at port {port}, the usual one of the network {network}.",
        "Set BITCOIN_RPC_PORT={port} (or that port in BITCOIN_RPC_URL), if that is the network you want.",
    ),
    "filtered": Entry(
        "bad",
        "The way there is blocked",
        "A connection to {endpoint} is neither accepted nor refused: {reason}.",
        "Look for a firewall between here and there, and whether the host is on. The node's machine must let this one "
        "reach its RPC port, and nobody else.",
    ),
    "no_answer": Entry(
        "bad",
        "It accepts, and says nothing",
        "{endpoint} accepted the connection, but did not answer within {seconds} seconds.",
        "The node may be stopped, swapping, or waiting for its disk: look at its machine's load and its debug.log. "
        "Restart it if it stays so.",
    ),
    "contact_lost": Entry(
        "bad",
        "It was there, and went away",
        "{endpoint} answered at first, and then failed: {reason}.",
        "The node may have stopped or restarted in this moment: run the doctor again.",
    ),
    # --- does it speak as a node does? ------------------------------------------------------------------------------
    "speaks_rpc": Entry("ok", "It speaks as a node does", "{endpoint} speaks HTTP and JSON-RPC."),
    "no_http": Entry(
        "bad",
        "Something else answers there",
        "What listens at {endpoint} does not speak HTTP, so it is no node's RPC port.",
        "Check host and port. The usual RPC ports: 8332 main, 18332 test, 48332 testnet4, 38332 signet, 18443 regtest.",
    ),
    "hangs_up": Entry(
        "bad",
        "It hangs up",
        "What listens at {endpoint} closes the connection without an answer. It is neither a port for peers nor TLS.",
        "Check host and port, and whether a proxy or tunnel there has lost the node behind it.",
    ),
    "p2p_port": Entry(
        "bad",
        "That is the port for peers",
        "At {endpoint} a node of the network {network} greets its peers. Questions go to its RPC port.",
        "Use the RPC port, one below the usual port for peers: 8332 instead of 8333, and so on (regtest: 18443, not "
        "18444); or what rpcport= says.",
    ),
    "http_no_rpc": Entry(
        "bad",
        "A web server, but no node",
        "{endpoint} speaks HTTP but no JSON-RPC: it answers with status {http_status}.",
        "Check host, port and path. Behind a proxy, 502 and 504 mean that it does not reach the node.",
    ),
    "tls_needed": Entry(
        "bad",
        "It wants TLS",
        "{endpoint} speaks TLS, and was asked without.",
        "Write https:// in BITCOIN_RPC_URL.",
    ),
    "tls_absent": Entry(
        "bad",
        "It speaks no TLS",
        "{endpoint} was asked by TLS, and does not speak it.",
        "A node itself never does: write http://, over a network that you trust, or put a proxy with TLS before it.",
    ),
    "tls_untrusted": Entry(
        "bad",
        "Its certificate cannot be trusted",
        "The certificate of {endpoint} does not hold: {reason}.",
        "Use the host name that the certificate is for. For an authority of your own, set BITCOIN_RPC_CA_FILE to its "
        "certificate.",
    ),
    "work_queue_full": Entry(
        "bad",
        "The node is overrun",
        "The work queue of {endpoint} is full, and stays so: the node turns every question away (HTTP 503).",
        "Find out who asks it so much. More room: rpcworkqueue=128 and rpcthreads=16 in bitcoin.conf; and a lower "
        "RPC_CONNECTIONS for every program that shares the node.",
    ),
    "work_queue_busy": Entry(
        "warning",
        "The node is close to being overrun",
        "The work queue of {endpoint} was full for a moment: the node turned a question away (HTTP 503).",
        "If it happens often: rpcworkqueue=128 and rpcthreads=16 in bitcoin.conf.",
    ),
    "rate_limited": Entry(
        "bad",
        "Too many questions",
        "{endpoint} turns questions away because there were too many lately (HTTP 429).",
        "Wait; then ask slower (RPC_RATE) and less at once (RPC_BATCH_SIZE), or get a larger plan.",
    ),
    # --- are we let in? ---------------------------------------------------------------------------------------------
    "let_in": Entry("ok", "We are let in", "{endpoint} accepts this user."),
    "address_not_allowed": Entry(
        "bad",
        "This machine may not ask",
        "{endpoint} refuses every request from here, before it looks at any password (HTTP 403).",
        "Add rpcallowip= with this machine's address, as the node sees it, to bitcoin.conf, and restart the node. In a "
        "container it is the address of the container's network.",
    ),
    "key_refused": Entry(
        "bad",
        "The key is not accepted",
        "{endpoint} refuses the key in its URL.",
        "Copy the provider's URL again, whole, and see whether the key is still valid and may be used from here.",
    ),
    "password_missing": Entry(
        "bad",
        "No password is set",
        "{endpoint} asks for a user and password, and none is set.",
        "Set BITCOIN_RPC_USER and BITCOIN_RPC_PASSWORD, or BITCOIN_DATADIR or BITCOIN_RPC_COOKIE for the cookie. "
        + DOCTOR
        + " that make a user for the explorer.",
    ),
    "password_wrong": Entry(
        "bad",
        "The password is wrong",
        "{endpoint} does not accept user “{user}” with this password (HTTP 401).",
        "Compare BITCOIN_RPC_USER and BITCOIN_RPC_PASSWORD with rpcauth= in bitcoin.conf; a node reads changes when it "
        "restarts. In a URL, % @ # / in a password are written %25 %40 %23 %2F. " + DOCTOR + " that make a new user.",
    ),
    "cookie_missing": Entry(
        "bad",
        "The cookie is not there",
        "A node answers, but there is no cookie file {path}.",
        "Is it the folder of the node that runs, and of its network? A cookie lies in the data folder (in signet/, "
        "testnet4/, regtest/ … for other networks), and not at all with norpccookiefile=1 or rpcpassword=.",
    ),
    "cookie_unreadable": Entry(
        "bad",
        "The cookie cannot be read",
        "The cookie file {path} is there, but cannot be read: {reason}.",
        "Let the explorer's user read it: rpccookieperms=group in bitcoin.conf (Bitcoin Core 28 and later) and this "
        "user in the node's group; or use a user and password instead.",
    ),
    "cookie_stale": Entry(
        "bad",
        "The cookie is of another run",
        "{endpoint} does not accept the cookie in {path} (HTTP 401): it is of an earlier run, or of another node.",
        "Look whether the node at {endpoint} really keeps its data there, and whether a copy was mounted instead of "
        "the folder: the cookie changes at every start.",
    ),
    "methods_allowed": Entry("ok", "Every method needed is allowed", "All {count} methods that the explorer asks."),
    "methods_not_allowed": Entry(
        "bad",
        "The user may not ask everything needed",
        "The rpcwhitelist= of this user at {endpoint} leaves out: {methods}.",
        "Add them to its rpcwhitelist= line in bitcoin.conf, and restart the node. " + DOCTOR + ", whole.",
    ),
    "some_methods_not_allowed": Entry(
        "warning",
        "The user may not ask everything useful",
        "The rpcwhitelist= of this user at {endpoint} leaves out: {methods}. The explorer works, and knows less.",
        "Add them to its rpcwhitelist= line in bitcoin.conf, and restart the node. " + DOCTOR + ", whole.",
    ),
    "no_method_allowed": Entry(
        "bad",
        "The user may ask nothing",
        "The password is right, but {endpoint} allows this user none of the methods that the explorer asks.",
        "Somebody has an rpcwhitelist= line in bitcoin.conf, and with one every other user may ask nothing: add "
        "rpcwhitelistdefault=0, or a line for this user. " + DOCTOR + ", whole.",
    ),
    # --- is it well? ------------------------------------------------------------------------------------------------
    "odd_answer": Entry(
        "bad",
        "Its answer makes no sense",
        "“{method}” was answered with HTTP {http_status} and error code {code}.",
        "Is it Bitcoin Core, version 23 or later? A proxy or provider in between may also not offer this method.",
    ),
    "warming_up": Entry(
        "bad",
        "The node is starting",
        "It is there and getting ready: {reason}",
        "Wait: it takes minutes as a rule, and longer after a crash. debug.log shows how far it is.",
    ),
    "network": Entry("ok", "The right network", "The node is on the network {network}."),
    "network_unusual": Entry(
        "warning",
        "An unusual port for this network",
        "{endpoint} is on the network {network}, at a place where {wanted} is usual.",
        "If it is what you want, say so: BITCOIN_NETWORK={network}.",
    ),
    "wrong_network": Entry(
        "bad",
        "The wrong network",
        "BITCOIN_NETWORK asks for {wanted}, but the node at {endpoint} is on {network}.",
        "Set BITCOIN_NETWORK={network}, or the host and port of a node on {wanted}.",
    ),
    "in_step": Entry("ok", "In step with the chain", "The newest block is {height}."),
    "catching_up": Entry(
        "warning",
        "The node is catching up",
        "It is at block {height} of {headers} ({percent} % verified). At this pace it takes about {left} more.",
        "Wait. A larger dbcache= in bitcoin.conf, as memory allows, makes it faster.",
    ),
    "catching_up_stuck": Entry(
        "warning",
        "The node is behind, and does not move",
        "It is at block {height} of {headers} ({percent} % verified), has {peers} peers, and got no block within "
        "{seconds} seconds.",
        "Without peers: is it online, and may it connect (connect=, networkactive)? With them: wait, and look again.",
    ),
    "clocks_agree": Entry("ok", "The clocks agree", "The node's, this machine's, and the newest block's."),
    "clock_of_node_behind": Entry(
        "warning",
        "The node's clock is wrong",
        "It is {off} behind what its peers' clocks say.",
        "Set the clock of the node's machine, and let NTP keep it: a node whose clock is behind refuses new blocks.",
    ),
    "clock_of_node_ahead": Entry(
        "warning",
        "The node's clock is wrong",
        "It is {off} ahead of what its peers' clocks say.",
        "Set the clock of the node's machine, and let NTP keep it: a node whose clock is behind refuses new blocks.",
    ),
    "clock_behind_ours": Entry(
        "warning",
        "Two clocks differ",
        "The clock of the node's machine is {off} behind this one's.",
        "Set both by NTP. Ages of blocks are told by this machine's clock.",
    ),
    "clock_ahead_of_ours": Entry(
        "warning",
        "Two clocks differ",
        "The clock of the node's machine is {off} ahead of this one's.",
        "Set both by NTP. Ages of blocks are told by this machine's clock.",
    ),
    "block_from_future": Entry(
        "warning",
        "The newest block comes from the future",
        "Block {height} is {off} ahead of the clocks here. No node takes a block more than 2 hours ahead.",
        "Set the clocks of the node's machine and of this one by NTP.",
    ),
    "disk": Entry("ok", "There is room on the disk", "{free} are free at {folder}."),
    "disk_nearly_full": Entry(
        "warning",
        "The disk is nearly full",
        "{free} are free at {folder}. A node stops when nothing is left.",
        "Make room, move blocks to another disk (blocksdir=), or let the node delete old ones (prune=).",
    ),
    # --- what it offers ---------------------------------------------------------------------------------------------
    "txindex": Entry("ok", "Index of transactions", "Every transaction is found by its id."),
    "txindex_missing": Entry(
        "note",
        "No index of transactions",
        "A transaction in a block is found from its block's page alone. With the index, by its id, and faster.",
        f"txindex=1 in bitcoin.conf, and restart. On the main network it takes {costs.TXINDEX}.",
    ),
    "txindex_building": Entry(
        "note",
        "The index of transactions is being built",
        "It has reached block {height} of {tip} ({percent} %).",
        "Wait: until then, transactions in blocks are found from their block's page.",
    ),
    "block_filters": Entry("ok", "Block filters", "The blocks that touch an address can be found."),
    "block_filters_missing": Entry(
        "note",
        "No block filters",
        "With them the node finds the blocks that touch an address in minutes instead of reading the whole chain.",
        f"blockfilterindex=1 in bitcoin.conf, and restart. On the main network it takes {costs.BLOCK_FILTERS}; on a "
        "pruned node it has to be set from the start.",
    ),
    "block_filters_building": Entry(
        "note", "The block filters are being built", "They have reached block {height} of {tip} ({percent} %).", "Wait."
    ),
    "coin_stats": Entry("ok", "Coin statistics", "The money that exists is known at every height."),
    "coin_stats_missing": Entry(
        "note",
        "No coin statistics",
        "With them the node tells how much money exists at any height at once, instead of in minutes.",
        f"coinstatsindex=1 in bitcoin.conf, and restart. On the main network it takes {costs.COIN_STATS}; on a pruned "
        "node it has to be set from the start.",
    ),
    "coin_stats_building": Entry(
        "note",
        "The coin statistics are being built",
        "They have reached block {height} of {tip} ({percent} %).",
        "Wait.",
    ),
    "every_block": Entry("ok", "Every block is kept", "The node is not pruned."),
    "pruned": Entry(
        "note",
        "The node is pruned",
        "It keeps blocks from height {height} on. Of older ones it knows the headers alone, and can have no txindex.",
        "For the whole chain: remove prune= from bitcoin.conf and start with -reindex, which downloads everything "
        "again (about 700 GB on the main network).",
    ),
    "zmq_on": Entry("ok", "ZMQ is on", "The node announces: {topics}."),
    "zmq_off": Entry(
        "note",
        "ZMQ is off",
        "The node announces no new blocks by itself; the explorer asks for them, which works as well.",
        "Other programs may want zmqpubhashblock=tcp://127.0.0.1:28334 in bitcoin.conf. It costs nothing.",
    ),
    "wallet_loaded": Entry(
        "note",
        "A wallet is loaded",
        "Wallets that are loaded, and that this user may ask about: {count}.",
        "The explorer's pages need none. Keep money that matters on another node, or limit this user.",
    ),
    "limited_user": Entry("ok", "A user with limited rights", "This user may ask nothing that was tried beyond need."),
    "more_rights": Entry(
        "note",
        "This user may do more than needed",
        "It may also call, for example: {methods}; so perhaps stop the node, or spend from its wallets.",
        DOCTOR + " that make a user who may ask what the explorer asks, and no more.",
    ),
    # --- no node at all ---------------------------------------------------------------------------------------------
    "demo": Entry("note", "The demo chain", "BITCOIN_RPC_URL=demo asks no node.", "Name a node to examine it."),
    "no_node": Entry(
        "warning",
        "No node is named",
        "No setting names a node, and Bitcoin's usual folder has neither a bitcoin.conf nor a cookie. The explorer "
        "shows its demo chain.",
        "Set BITCOIN_RPC_URL=http://user:password@host:8332, or BITCOIN_DATADIR to Bitcoin's data folder.",
    ),
}
