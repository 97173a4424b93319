"""Passwords, cookies and keys come to light nowhere: in no log at debug level, error, traceback, repr or page."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from config import ConfigError, Secret, Settings, load
from explorer.errors import ExplorerError
from explorer.messages import words
from explorer.node.capabilities import get_capabilities
from explorer.node.client import NodeConnection
from explorer.node.connection import get_rpc_connection
from explorer.node.discovery import Password, find_endpoint
from explorer.node.failover import FailoverConnection
from tests.bitcoind import Bitcoind, free_port
from tests.fakenode import FakeNode, Fault, RpcError, hangs_up, is_no_http, says, says_json, truncates, waits

USER = "alice"
PASSWORD = "pass-d41d8cd98f"
KEY = "key-00b204e9800998ecf8427e"
PASSPHRASE = "phrase-5f4dcc3b5aa765d61d"
SECRETS = (PASSWORD, KEY, base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())


def assert_silent(*shown: object, also: tuple[str, ...] = ()) -> None:
    text = "\n".join(str(one) for one in shown)
    assert text.strip()
    for secret in (*SECRETS, *also):
        assert secret not in text


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "BitcoinRPC")
    return caplog


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with FakeNode() as node:
        node.login = f"{USER}:{PASSWORD}"
        yield node


def settings(port: int, **more: str) -> Settings:
    url = f"http://{USER}:{PASSWORD}@127.0.0.1:{port}/v1/{KEY}/?token={KEY}"
    return load({"BITCOIN_RPC_URL": url, "RPC_TIMEOUT": "1"} | more)


def caught(ask: Callable[[], Any]) -> ExplorerError:
    """The error, whose traceback begins here: what the test itself knows is not in it."""
    try:
        ask()
    except ExplorerError as error:
        return error
    pytest.fail("no error")


def everything_about(error: ExplorerError, *, values_of_variables: bool = True) -> str:
    """As a log, a page and the tools that report crashes show it, causes and the variables of every frame included."""
    report = traceback.TracebackException.from_exception(error, capture_locals=values_of_variables)
    shown = [str(error), repr(error), *words(error), *report.format(chain=True)]
    hidden = error.__cause__ or error.__context__
    while hidden is not None:
        shown += [str(hidden), repr(hidden), repr(vars(hidden))]
        hidden = hidden.__cause__ or hidden.__context__
    return "\n".join(shown)


def echoes(code: int) -> Fault:
    """An error that repeats how it was asked, of a single call and of a batch."""
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    message = f"no project {KEY} at /v1/{KEY}/?token={KEY} for {PASSWORD}, Basic {login}"
    return says_json(json.dumps({"result": None, "error": {"code": code, "message": message}, "id": 1}))


def echoes_the_request(handler: Any) -> None:
    handler.wfile.write(handler.raw_requestline)
    handler.close_connection = True


def echoes_a_chunk(handler: Any) -> None:
    """The request again, where the length of a chunk belongs."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + handler.raw_requestline)
    handler.close_connection = True


FAULTS = [
    says(401),
    says(403),
    says(429),
    says(503, "Work queue depth exceeded"),
    says(500, "<h1>Oops</h1>"),
    says_json("{"),
    says_json('{"result":"text"}'),
    says_json('{"result":null,"error":{"code":-28,"message":"Loading"},"id":1}'),
    says_json('{"result":null,"error":{"code":-13,"message":"Locked"},"id":1}'),
    echoes(-1),
    echoes(-28),
    echoes(-32000),
    echoes_the_request,
    echoes_a_chunk,
    hangs_up,
    truncates,
    is_no_http,
    waits(1.5),
]


@pytest.mark.parametrize("fault", [*FAULTS, echoes(-8), echoes(-26)])
def test_no_failure_tells_a_secret(node: FakeNode, log: pytest.LogCaptureFixture, fault: Fault) -> None:
    node.faults.extend([fault, fault])
    endpoint = find_endpoint(settings(node.port))
    assert endpoint is not None
    rpc = NodeConnection(endpoint, timeout=1)
    single = caught(lambda: rpc.call("getblockcount", into=int))
    several = caught(lambda: raise_first(rpc.batch([("getblockcount",)] * 2, into=int)))
    shown = [everything_about(single), everything_about(several), log.text, repr(rpc), repr(vars(rpc)), repr(endpoint)]
    assert_silent(*shown, repr(vars(rpc._transport)))


def test_what_a_node_says_stays_readable(node: FakeNode) -> None:
    """A part of a URL that is no key is left in its words, and so are the letters of a short password in others."""
    node.login = f"{USER}:able"
    changes = {
        "credentials": Password(USER, Secret("able")),
        "target": Secret(f"/wallet/{KEY}?v=1&project=a%2Fb%2Fc%2Fd"),
    }
    rpc = NodeConnection(node.endpoint(**changes))
    node.faults.append(
        says_json(f'{{"error":{{"code":-18,"message":"v1: wallet {KEY.upper()} of a/b/c/d (able) not loadable"}}}}')
    )
    assert caught(lambda: rpc.call("getblockcount")).values["reason"] == "v1: wallet … of … (…) not loadable"


def raise_first(results: list[Any]) -> None:
    for result in results:
        if isinstance(result, ExplorerError):
            raise result


def test_what_works_is_logged_without_secrets(node: FakeNode, log: pytest.LogCaptureFixture) -> None:
    node.answers["walletpassphrase"] = None
    node.answers["dumpprivkey"] = PASSPHRASE
    rpc = get_rpc_connection(settings(node.port))
    rpc.call("walletpassphrase", PASSPHRASE, 60)
    assert rpc.call("dumpprivkey", "address") == PASSPHRASE
    rpc.batch([("walletpassphrase", PASSPHRASE, 60), ("dumpprivkey", "address")])
    assert_silent(log.text, repr(rpc), also=(PASSPHRASE,))


def test_no_failure_tells_a_parameter(node: FakeNode, log: pytest.LogCaptureFixture) -> None:
    def refuse(passphrase: str, seconds: int) -> None:
        raise RpcError(-14, "Error: The wallet passphrase entered was incorrect.")

    node.answers["walletpassphrase"] = refuse
    rpc = get_rpc_connection(settings(node.port))
    for fault in (None, *FAULTS):
        if fault:
            node.faults.append(fault)
        error = caught(lambda: rpc.call("walletpassphrase", PASSPHRASE, 60, into=int))
        # The caller's own variables hold it, but what lies below does not.
        assert_silent(everything_about(error, values_of_variables=False), log.text, also=(PASSPHRASE,))
        frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert not {"post", "request", "__call__", "ask"} & set(frames)


def test_a_node_that_is_not_there(log: pytest.LogCaptureFixture) -> None:
    rpc = get_rpc_connection(settings(free_port()))
    assert_silent(everything_about(caught(lambda: rpc.call("getblockcount"))), log.text)
    assert_silent(everything_about(caught(lambda: get_capabilities(rpc))), log.text)


def test_a_cookie_stays_in_its_file(node: FakeNode, tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    cookie = tmp_path / ".cookie"
    cookie.write_text(f"__cookie__:{PASSWORD}")
    environ = {"BITCOIN_RPC_PORT": str(node.port), "BITCOIN_RPC_COOKIE": str(cookie)}
    rpc = get_rpc_connection(load(environ))
    encoded = base64.b64encode(f"__cookie__:{PASSWORD}".encode()).decode()
    assert_silent(everything_about(caught(lambda: rpc.call("getblockcount"))), log.text, also=(encoded,))
    node.login = cookie.read_text()
    rpc.call("getblockcount")
    cookie.unlink()
    node.login = "some:body"
    assert_silent(everything_about(caught(lambda: rpc.call("getblockcount"))), log.text, also=(encoded,))


def test_settings_and_endpoints_mask_themselves(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "bitcoin.conf").write_text(f"rpcuser={USER}\nrpcpassword={PASSWORD}\n")
    for found in (
        settings(8332),
        load({"BITCOIN_RPC_USER": USER, "BITCOIN_RPC_PASSWORD": PASSWORD}),
        load({"BITCOIN_RPC_USER": USER, "BITCOIN_RPC_PASSWORD_FILE": str(tmp_path / "password")}),
        load({"BITCOIN_DATADIR": str(tmp_path)}),
    ):
        endpoint = find_endpoint(found)
        assert endpoint is not None
        assert_silent(found, repr(found), endpoint, repr(endpoint), endpoint.label, endpoint.found_by)


def test_problems_with_settings_do_not_repeat_them(tmp_path: Path) -> None:
    (tmp_path / "bitcoin.conf").write_text(f"rpcpassword={PASSWORD}#x\n")
    for environ in (
        {"BITCOIN_RPC_URL": f"http://{USER}:{PASSWORD}@node:port/{KEY}", "BITCOIN_RPC_PASSWORD": PASSWORD},
        {"BITCOIN_RPC_URL": f"http://{USER}:{PASSWORD}@node#/{KEY}"},
        {"BITCOIN_RPC_PASS": PASSWORD},
        {"BITCOIN_DATADIR": str(tmp_path)},
    ):
        with pytest.raises(ConfigError) as caught:
            find_endpoint(load(environ))
        assert_silent(caught.value, repr(caught.value), caught.value.problems)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_page_tells_a_secret(node: FakeNode, log: pytest.LogCaptureFixture, fault: Fault) -> None:
    node.faults.extend([fault] * 9)
    visitor = create_app(settings(node.port, LOG_LEVEL="debug")).test_client()
    for path in ("/", "/block/1", f"/tx/{'ab' * 32}", "/search?q=1", "/readyz"):
        answer = visitor.get(path)
        assert answer.status_code >= 500
        assert_silent(answer.text, answer.headers, log.text)


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_no_provider_in_trouble_tells_its_key(log: pytest.LogCaptureFixture, fault: Fault | None) -> None:
    """Neither while it answers in the own node's place, nor while it cannot."""
    with FakeNode() as provider:
        provider.login = f"{USER}:{PASSWORD}"
        provider.answers |= {"getblockchaininfo": {"chain": "main", "blocks": 7, "headers": 7, "bestblockhash": "ab"}}
        if fault:
            provider.faults.extend([fault] * 99)
        urls = (
            f"http://127.0.0.1:{free_port()},http://{USER}:{PASSWORD}@127.0.0.1:{provider.port}/v1/{KEY}/?token={KEY}"
        )
        chosen = load({"BITCOIN_RPC_URL": urls, "RPC_TIMEOUT": "1", "REQUEST_DEADLINE": "3", "LOG_LEVEL": "debug"})
        rpc = get_rpc_connection(chosen)
        assert isinstance(rpc, FailoverConnection)
        if fault:
            assert_silent(everything_about(caught(lambda: rpc.call("getblockcount"))))
        else:
            assert rpc.call("getblockcount") == 7
        states = rpc.check()
        assert_silent(
            repr(rpc), repr(states), *(everything_about(s.last_error) for s in states if s.last_error), log.text
        )
        visitor = create_app(chosen).test_client()
        for path in ("/", "/node", "/block/1", "/readyz"):
            answer = visitor.get(path)
            assert_silent(answer.text, answer.headers, log.text)


def test_a_real_node_with_a_wrong_password(regtest: Bitcoind, log: pytest.LogCaptureFixture) -> None:
    rpc = get_rpc_connection(settings(regtest.rpcport))
    assert_silent(everything_about(caught(lambda: rpc.call("getblockcount"))), log.text)
