"""A user of the explorer's own for bitcoin.conf: its password, and the lines that let it in and limit it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

from config import Secret
from explorer.node.methods import METHODS


class User(NamedTuple):
    """`lines` belong into bitcoin.conf and hold no password, only its salted hash."""

    name: str
    password: Secret
    lines: tuple[str, ...]


def make_user(name: str) -> User:
    """A user with a new password, as Bitcoin Core's share/rpcauth/rpcauth.py makes it. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):  # a colon, comma or $ would end the name in bitcoin.conf
        raise ValueError("must have 1 to 64 letters, digits and . _ -")
    password = secrets.token_urlsafe(32)
    salt = secrets.token_hex(16)
    digest = hmac.new(salt.encode(), password.encode(), hashlib.sha256).hexdigest()
    lines = (
        f"rpcauth={name}:{salt}${digest}",
        f"rpcwhitelist={name}:{','.join(METHODS)}",
        "rpcwhitelistdefault=0",  # with a whitelist alone, every other user, the cookie's too, could ask nothing
    )
    return User(name, Secret(password), lines)
