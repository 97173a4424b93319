"""A real node before the doctor: how a healthy one is started, and what is found of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import config
from config import Secret
from explorer.findings import Finding
from explorer.node.diagnosis import diagnose
from explorer.node.discovery import Endpoint, Password
from explorer.node.methods import METHODS
from tests.bitcoind import Bitcoind, free_port
from tests.coins import ADDRESS

EVERYTHING = ("-blockfilterindex=1", "-coinstatsindex=1", "-disablewallet=1")
LIMITED = ("-rpcwhitelistdefault=0", f"-rpcwhitelist=explorer:{','.join(METHODS)}")


def zmq() -> str:
    return f"-zmqpubhashblock=tcp://127.0.0.1:{free_port()}"


def prepare(node: Bitcoind, blocks: int = 5) -> None:
    """Some blocks, by the cookie's user: the explorer's may not mine."""
    ask_as_operator(node, "generatetoaddress", blocks, ADDRESS)
    node.wait_until(lambda: all(index["synced"] for index in ask_as_operator(node, "getindexinfo").values()))


def ask_as_operator(node: Bitcoind, method: str, *params: Any) -> Any:
    name, _, password = node.cookie.read_text().partition(":")
    user, secret = node.user, node.password
    node.user, node.password = name, password
    try:
        return node.rpc(method, *params)
    finally:
        node.user, node.password = user, secret


def endpoint(node: Bitcoind, **changes: Any) -> Endpoint:
    login = Password(node.user, Secret(node.password))
    return replace(Endpoint("127.0.0.1", node.rpcport, login, "a test"), **changes)


def examined(
    endpoint: Endpoint, settings: dict[str, str] | None = None, *, pause: Any = time.sleep, timeout: int = 5
) -> list[Finding]:
    return list(diagnose(endpoint, config.load(settings or {}), pause=pause, timeout=timeout))


def troubles(findings: list[Finding]) -> dict[str, Finding]:
    """Whatever is not ok."""
    return {finding.id: finding for finding in findings if finding.level != "ok"}


def the_trouble(findings: list[Finding], finding_id: str) -> Finding:
    """That one, and no other."""
    found = troubles(findings)
    assert list(found) == [finding_id], findings
    trouble = found[finding_id]
    for text in trouble.words:
        assert text
        assert "—" not in text, f"a value is missing: {text}"
    return trouble
