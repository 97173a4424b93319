"""The explorer before a node that allows it only the methods of explorer/node/methods.py: all of it works, and every
method on the list is used."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from click.testing import CliRunner

from explorer.__main__ import main
from explorer.node.client import NodeConnection
from explorer.node.diagnosis.offers import NEEDLESS
from explorer.node.diagnosis.patient import Patient
from explorer.node.methods import METHODS
from explorer.node.rpc import Call
from explorer.node.rpcauth import User, make_user
from tests.bitcoind import Bitcoind, BitcoindError
from tests.coins import ADDRESS, VALUE, data, draft, mine, reward, spend, split
from tests.pages import Explorer, crawl
from tests.server import ROOT


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every method that the node is asked, by whomever."""
    methods: set[str] = set()
    call, batch, post = NodeConnection.call, NodeConnection.batch, Patient.post

    def overheard_call(self: NodeConnection, method: str, *params: Any, **options: Any) -> Any:
        methods.add(method)
        return call(self, method, *params, **options)

    def overheard_batch(self: NodeConnection, calls: Sequence[Call], **options: Any) -> list[Any]:
        methods.update(call[0] for call in calls)
        return batch(self, calls, **options)

    def overheard_post(self: Patient, method: str, *params: Any, **options: Any) -> Any:
        methods.add(method)
        return post(self, method, *params, **options)

    monkeypatch.setattr(NodeConnection, "call", overheard_call)
    monkeypatch.setattr(NodeConnection, "batch", overheard_batch)
    monkeypatch.setattr(Patient, "post", overheard_post)
    return methods


@pytest.fixture
def user() -> User:
    return make_user("explorer-web")


class Chain:
    """A node with something of everything, which lets the user in by the lines that the doctor prints."""

    def __init__(self, node: Bitcoind, user: User) -> None:
        (node.datadir / "bitcoin.conf").write_text("\n".join(user.lines))
        node.start()
        self.node = node
        self.url = f"http://{user.name}:{user.password.reveal()}@127.0.0.1:{node.rpcport}"
        first, second = reward(node, 2)
        coins = split(node, first, 40)
        payment = spend(coins[:2], [data(b"hello"), VALUE])
        self.block = mine(node, [payment, *(spend([coin], [VALUE - 1_000]) for coin in coins[2:30])])
        payout = spend([second], [1_000_000 + n for n in range(120)])
        mine(node, [payout])
        self.waiting = spend([coins[30], payment.coins[0], payout.coins[110]], [VALUE])
        self.waiting.send(node)
        spend(self.waiting.coins, [VALUE - 700]).send(node)
        self.confirmed = payment
        self.stale, block = draft(node, [spend(payout.coins[:1], [500_000])])
        node.rpc("generateblock", ADDRESS, [])
        assert node.rpc("submitblock", block) == "inconclusive"
        if node.txindex:
            node.wait_for_indexes()


@pytest.fixture(params=[True, False], ids=["with txindex", "without"])
def chain(request: pytest.FixtureRequest, bitcoind_path: str, user: User) -> Iterator[Chain]:
    node = Bitcoind(bitcoind_path, txindex=request.param)
    try:
        yield Chain(node, user)
    finally:
        node.close()


def test_all_of_the_explorer_works_by_these_methods_alone(chain: Chain, asked: set[str]) -> None:
    explorer = Explorer(chain.url)
    known = "" if chain.node.txindex else f"?block={chain.block}"
    pages = crawl(
        explorer,
        *("/", "/node", f"/tx/{chain.waiting.txid}", f"/tx/{chain.confirmed.txid}{known}", f"/address/{ADDRESS}"),
    )
    assert len(pages) > 200
    for path in ("/readyz", f"/block/{chain.stale}"):
        assert explorer.get(path).status == 200
    for typed in ("5", chain.block, chain.waiting.txid, f"{chain.waiting.txid}:0", "5:0", ADDRESS):
        assert explorer.search(typed).status in (200, 302, 303), typed
    for path in ("/block/999999", f"/block/{'00' * 32}", "/block/5/tx/9"):
        assert explorer.get(path).status == 404
    assert explorer.get(f"/tx/{'ab' * 32}").status == (404 if chain.node.txindex else 501)
    both = Explorer(f"{chain.url},{chain.url.replace('127.0.0.1', 'localhost')}", greet=False)  # to stand in for it
    assert [both.get(path).status for path in ("/", "/node", "/block/5")] == [200, 200, 200]
    for command in (["status"], ["doctor"]):
        ran = CliRunner().invoke(main, command, env={"BITCOIN_RPC_URL": chain.url})
        assert ran.exit_code == 0, ran.output

    # `status` and the doctor see whether they may ask about wallets and peers; here they may not, and need not.
    assert asked - set(NEEDLESS) == set(METHODS)


def test_nothing_else_is_allowed(chain: Chain, user: User) -> None:
    """And everybody else may ask what they like."""
    web = Bitcoind(chain.node.binary)
    web.rpcport, web.user, web.password = chain.node.rpcport, user.name, user.password.reveal()
    assert web.rpc("getblockcount") == chain.node.rpc("getblockcount")
    for method in ("stop", "listwallets", "getpeerinfo", "invalidateblock", "getrawmempool"):
        with pytest.raises(BitcoindError) as refusal:
            web.rpc(method)
        assert refusal.value.code == 403
    name, _, password = chain.node.cookie.read_text().partition(":")
    web.user, web.password = name, password
    assert isinstance(web.rpc("getpeerinfo"), list)


def test_the_command_prints_a_user_that_works(bitcoind_path: str) -> None:
    command = [sys.executable, "-m", "explorer", "doctor", "--json", "--user", "web"]
    ran = subprocess.run(command, cwd=ROOT, env={"BITCOIN_RPC_URL": "demo"}, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    made = json.loads(ran.stdout)["user"]
    assert ran.stdout.count(made["password"]) == 1
    node = Bitcoind(bitcoind_path)
    try:
        (node.datadir / "bitcoin.conf").write_text("\n".join(made["bitcoin_conf"]))
        node.start()
        web = f"http://web:{made['password']}@127.0.0.1:{node.rpcport}"
        assert Explorer(web).get("/").status == 200
        assert Explorer(web.replace("web:", "web:x"), greet=False).get("/").status == 502
    finally:
        node.close()
