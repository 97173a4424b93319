"""Where nodes are, as an operator writes it: BITCOIN_RPC_URL, taken apart. Its secrets mask themselves."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal, cast
from urllib.parse import unquote, urlsplit

Demo = Literal["demo"]
DEMO: Final[Demo] = "demo"


class Secret:
    """A text that shows itself to nobody: `reveal()` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True)
class NodeUrl:
    """The parts of one URL of BITCOIN_RPC_URL. `target` is path and query: a provider's key may be in there."""

    scheme: Literal["http", "https"]
    host: str
    port: int | None
    target: Secret
    user: str | None = None
    password: Secret | None = None


def parse_node_urls(value: str) -> tuple[NodeUrl, ...] | Demo:
    """The own node's first. A comma parts two of them only where a scheme follows it: a password may have one."""
    if value.lower() == DEMO:
        return DEMO
    own, *others = (_node_url(part) for part in re.split(r"\s*,\s*(?=https?://)", value, flags=re.IGNORECASE))
    for url in others:
        if url.scheme == "http" and url.target.reveal() != "/" and not _is_nearby(url.host):
            raise ValueError(f"would send the key of {url.host} over plain http: use https")
    return own, *others


def _is_nearby(host: str) -> bool:
    """Whether it is on this machine or in a network of one's own."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host


def _node_url(value: str) -> NodeUrl:
    try:
        url = urlsplit(value)
        host, port = parse_host(url.hostname or ""), url.port
    except ValueError:
        host, port = "", None
    if (
        not host
        or port == 0
        or url.scheme not in ("http", "https")
        or not re.fullmatch(r"[!-~]+", value)
        or "#" in value
    ):
        raise ValueError(
            "must be demo, or like http://user:password@host:8332, others after it separated by commas "
            "(in a password, % is written as %25, @ as %40, # as %23, / as %2F)"
        )
    if bool(url.username) != bool(url.password):
        raise ValueError("names a user without a password, or a password without a user")
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return NodeUrl(
        cast(Literal["http", "https"], url.scheme),
        host,
        port,
        Secret(target),
        parse_user(unquote(url.username)) if url.username else None,
        Secret(unquote(url.password)) if url.password else None,
    )


def parse_host(value: str) -> str:
    host = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%\w+)?", host):
        raise ValueError("must be a host name or an address alone, without a scheme, a port or a path")
    return host


def parse_user(value: str) -> str:
    if ":" in value:
        raise ValueError("must not contain a colon: HTTP's basic authentication cannot carry one in a name")
    return value
