"""A call to a node as a person writes it: for bitcoin-cli, for curl, and in Python with python-bitcoinrpc.

Each is a line; curl and Python begin with lines that say once where the node is and who asks. That is a placeholder:
nothing here knows the node that this explorer asks.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Final

from explorer.node.discovery import RPC_PORTS

Param = str | int | bool | list[dict[str, str | int]]
FLAGS: Final = {"main": "", "test": " -testnet", "testnet4": " -testnet4", "signet": " -signet", "regtest": " -regtest"}


def cli(method: str, params: Sequence[Param], network: str) -> str:
    words = [param if isinstance(param, str) else json.dumps(param) for param in params]
    return " ".join([f"bitcoin-cli{FLAGS.get(network, '')}", method, *map(shlex.quote, words)])


def curl_start(network: str) -> str:
    """A function of the shell, so that each call is no longer than what it asks."""
    options = "-H 'content-type: text/plain;'"
    return f'rpc() {{ curl --user USER --data-binary "$1" {options} {_address(network)}/; }}'


def curl(method: str, params: Sequence[Param]) -> str:
    body = json.dumps({"jsonrpc": "1.0", "id": "1", "method": method, "params": params}, separators=(",", ":"))
    return f"rpc {shlex.quote(body)}"


def python_start(network: str) -> str:
    address = _address(network).replace("//", "//USER:PASSWORD@")
    return f'from bitcoinrpc.authproxy import AuthServiceProxy\nrpc = AuthServiceProxy("{address}")'


def python(method: str, params: Sequence[Param]) -> str:
    words = [str(param) if isinstance(param, bool) else json.dumps(param) for param in params]
    return f"rpc.{method}({', '.join(words)})"


def _address(network: str) -> str:
    """Where such a node usually listens."""
    return f"http://127.0.0.1:{RPC_PORTS.get(network, RPC_PORTS['main'])}"
