"""What lies in a home, and the node that is found by it: `write_conf(home, "rpcport=7")`, then `found(home).port`."""

from __future__ import annotations

from pathlib import Path

from config import load
from explorer.node.discovery import FOLDERS, Endpoint, find_endpoint


def find(home: Path, **environ: str) -> Endpoint | None:
    return find_endpoint(load(environ), home, "linux")


def found(home: Path, **environ: str) -> Endpoint:
    endpoint = find(home, **environ)
    assert endpoint is not None
    return endpoint


def write_conf(home: Path, text: str) -> Path:
    path = home / ".bitcoin" / "bitcoin.conf"
    path.write_text(text)
    return path


def write_cookie(home: Path, network: str, folder: str = ".bitcoin") -> Path:
    path = home / folder / FOLDERS[network] / ".cookie"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("__cookie__:secret")
    return path
