"""What a node says, without what lets us in: a provider's refusal may repeat the key that its URL carries."""

from __future__ import annotations

import base64
import re
from typing import Final
from urllib.parse import unquote

from explorer.node.discovery import Endpoint, Password

SHORTEST: Final = 6  # characters; a shorter part of a URL, like v1, is no key
# Parts of a URL that are no key either, while a node's errors say them and are understood by them.
WORDS: Final = frozenset({"wallet", "pruned", "bitcoin", "mainnet", "testnet", "testnet4", "signet", "regtest"})
MASK: Final = "…"


class Redaction:
    """Masks an endpoint's secrets in a text: every segment and query value of its URL, its password and its login."""

    __slots__ = ("_secrets",)  # its repr has nothing to tell

    def __init__(self, endpoint: Endpoint) -> None:
        parts = re.split(r"[/?&]", endpoint.target.reveal())
        values = {part.partition("=")[2] or part for part in parts}
        values |= {unquote(value) for value in values}
        secrets = {value for value in values if len(value) >= SHORTEST and value.lower() not in WORDS}
        patterns = [re.escape(secret) for secret in sorted(secrets, key=len, reverse=True)]
        if isinstance(login := endpoint.credentials, Password):
            password = login.password.reveal()
            pair = f"{login.user}:{password}".encode("utf-8", "surrogateescape")
            patterns.append(re.escape(base64.b64encode(pair).decode("ascii")))
            # A short one only as a word of its own: the letters of "test" are in many others.
            is_short = len(password) < SHORTEST
            patterns.append(rf"(?<!\w){re.escape(password)}(?!\w)" if is_short else re.escape(password))
        self._secrets = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def __call__(self, text: str) -> str:
        return self._secrets.sub(MASK, text) if self._secrets else text
