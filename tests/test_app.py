"""Where the parts meet: the app, its routes and its settings."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

import config
from app import create_app
from explorer.node.connection import get_rpc_connection
from tests.pages import Explorer
from tests.server import ROOT


def test_every_route_can_only_be_read() -> None:
    app = create_app(config.load({"BITCOIN_RPC_URL": "demo"}))
    for rule in app.url_map.iter_rules():
        assert rule.methods == {"GET", "HEAD", "OPTIONS"} or rule.rule == "/preferences"  # cookies, nothing else


def test_it_does_not_debug() -> None:
    app = create_app(config.load({"BITCOIN_RPC_URL": "demo"}))
    assert not app.debug
    assert not app.testing


def test_settings_that_contradict_each_other_stop_the_start() -> None:
    environ = {**os.environ, "BITCOIN_RPC_URL": "demo", "BITCOIN_RPC_USER": "u", "WEB_THREADS": "x"}
    start = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", "app:app"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert start.returncode != 0
    said = start.stdout + start.stderr
    assert "WEB_THREADS must be a whole number" in said
    assert "BITCOIN_RPC_USER contradicts BITCOIN_RPC_URL=demo" in said
    assert "Traceback" not in said


def test_with_nothing_set_it_shows_the_demo() -> None:
    """Tests run without anybody's settings, node or home."""
    app = create_app()
    assert get_rpc_connection(config.load()).is_demo
    assert "Demo data" in app.test_client().get("/").text


def test_two_apps_have_a_node_each() -> None:
    one, other = Explorer("http://u:p@127.0.0.1:1", greet=False), Explorer("http://u:p@127.0.0.1:2", greet=False)
    assert "127.0.0.1:1" in one.get("/").text
    assert "127.0.0.1:2" in other.get("/").text


def test_the_same_settings_share_a_connection() -> None:
    one, other = Explorer("http://u:p@127.0.0.1:1", greet=False), Explorer("http://u:p@127.0.0.1:1", greet=False)
    assert one.connection is other.connection


@pytest.mark.parametrize(
    "path", ["/blocks/", "/tx/", "/block/", "/tx", "/block", "/address/", "/search/", "/index.html"]
)
def test_what_is_no_page_says_so(path: str) -> None:
    page = Explorer("demo", greet=False).get(path)
    assert page.status == 404
    assert page.all("h1") == ["There is no such page"]
    assert {"Height", "Address"} <= set(page.facts)  # what can be searched for


FLOORS = {  # of the house, from the ground; whatever is not named stands on it
    "bitcoin": 1,
    "cache": 1,
    "node": 1,
    "chain": 2,
    "wallet": 2,
    "api": 3,
    "background": 3,
    "commands": 3,
    "web": 3,
    "__main__": 4,
}
WITHOUT_FLASK = ("bitcoin", "node", "chain", "wallet")
IMPORT = re.compile(r"^\s*from explorer(?:\.(\w+)[\w.]*)? import (\w+)", re.MULTILINE)


def test_imports_point_down() -> None:
    for path in (ROOT / "explorer").rglob("*.py"):
        name = path.relative_to(ROOT / "explorer").with_suffix("").parts[0]
        text = path.read_text()
        for package, module in IMPORT.findall(text):
            imported = package or module
            assert FLOORS.get(imported, 0) <= FLOORS.get(name, 0), f"{path} imports explorer.{imported}"
        assert name not in WITHOUT_FLASK or not re.search(r"^(from|import) flask", text, re.MULTILINE), path
