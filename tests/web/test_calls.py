"""How a call to a node is written for those who want to try it."""

from __future__ import annotations

import json
import shlex

import pytest

from explorer.node.discovery import RPC_PORTS
from explorer.web import calls

OUTPOINTS: list[dict[str, str | int]] = [{"txid": "ab" * 32, "vout": 1}]


@pytest.mark.parametrize(
    ("network", "flag"),
    [
        ("main", ""),
        ("test", " -testnet"),
        ("testnet4", " -testnet4"),
        ("signet", " -signet"),
        ("regtest", " -regtest"),
    ],
)
def test_each_network_has_its_flag_and_its_port(network: str, flag: str) -> None:
    assert calls.cli("getblockcount", (), network) == f"bitcoin-cli{flag} getblockcount"
    address = f"127.0.0.1:{RPC_PORTS[network]}"
    assert f" http://{address}/;" in calls.curl_start(network)
    assert f'"http://USER:PASSWORD@{address}"' in calls.python_start(network)


def test_bitcoin_cli_gets_json_in_quotes() -> None:
    line = calls.cli("gettxspendingprevout", (OUTPOINTS,), "main")
    program, method, argument = shlex.split(line)
    assert (program, method, json.loads(argument)) == ("bitcoin-cli", "gettxspendingprevout", OUTPOINTS)
    assert calls.cli("gettxout", ("ab", 0, False), "main") == "bitcoin-cli gettxout ab 0 false"


def test_curl_gets_a_whole_request() -> None:
    name, body = shlex.split(calls.curl("getblock", ("ab", 1)))
    assert calls.curl_start("main").startswith(f"{name}() ")
    assert json.loads(body) == {"jsonrpc": "1.0", "id": "1", "method": "getblock", "params": ["ab", 1]}


def test_python_is_python() -> None:
    assert calls.python("gettxout", ("ab", 0, False)) == 'rpc.gettxout("ab", 0, False)'
    assert calls.python("getblockcount", ()) == "rpc.getblockcount()"
