"""The pooled transport: what it shares, replaces, repeats and gives up."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from config import Secret
from explorer.deadline import deadline
from explorer.errors import ExplorerError, NodeBusy, NodeRefused, NodeUnavailable
from explorer.node import wire
from explorer.node.client import NodeConnection
from explorer.node.discovery import Cookie
from tests.fakenode import (
    PASSWORD,
    USER,
    FakeNode,
    answers_in_chunks,
    drips,
    hangs_up,
    is_no_http,
    says,
    truncates,
    waits,
)
from tests.node.failures import failure

FAR_DATE = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


# --- connections are kept --------------------------------------------------------------------------------------------


def test_calls_after_each_other_share_one_connection(node: FakeNode) -> None:
    rpc = node.connect()
    for _ in range(5):
        rpc.call("getblockcount")
    assert len(node.connections) == 1
    assert rpc.round_trips == 5


def test_there_are_never_more_connections_than_set(node: FakeNode) -> None:
    rpc = node.connect(connections=2)
    node.faults.extend([waits(0.05)] * 12)
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(lambda _: rpc.call("getblockcount"), range(12))) == [7] * 12
    assert len(node.connections) == 2


def test_the_newest_connection_is_used_first(node: FakeNode) -> None:
    rpc = node.connect(connections=3)
    node.faults.extend([waits(0.1), waits(0.2), waits(0.3)])
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: rpc.call("getblockcount"), range(3)))
    for _ in range(3):
        rpc.call("getblockcount")
    last_to_answer = node.requests[-1].connection
    assert [request.connection for request in node.requests[3:]] == [last_to_answer] * 3


def test_waiting_for_a_connection_ends_in_busy(node: FakeNode) -> None:
    rpc = node.connect(connections=1, timeout=1)
    node.faults.append(waits(0.9))
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(rpc.call, "getblockcount")
        while not node.requests:
            time.sleep(0.01)
        error = failure(rpc)
        assert first.result() == 7
    assert isinstance(error, NodeBusy)
    assert (error.message_id, error.values) == ("node_connections_busy", {"limit": 1})
    assert error.retry_after
    assert rpc.round_trips == 1
    assert rpc.call("getblockcount") == 7


# --- connections are replaced ----------------------------------------------------------------------------------------


def test_a_connection_that_the_node_closed_is_replaced(node: FakeNode) -> None:
    """Noticed before anything is sent, so that it may be a payment."""
    node.answers["sendrawtransaction"] = "txid"
    rpc = node.connect()
    rpc.call("getblockcount")
    node.hang_up_on_all()
    wait_until_noticed()
    assert rpc.call("sendrawtransaction", "00") == "txid"
    assert [request.connection for request in node.requests] == [1, 2]


def wait_until_noticed() -> None:
    time.sleep(0.05)  # the end of a connection on this machine takes less to arrive


def test_a_read_is_repeated_once_when_a_kept_connection_breaks(node: FakeNode) -> None:
    rpc = node.connect()
    rpc.call("getblockcount")
    node.faults.append(hangs_up)
    assert rpc.call("getblockcount") == 7
    assert [request.connection for request in node.requests] == [1, 1, 2]


def test_a_read_is_repeated_only_once(node: FakeNode) -> None:
    rpc = node.connect()
    rpc.call("getblockcount")
    node.faults.extend([hangs_up, hangs_up])
    error = failure(rpc)
    assert isinstance(error, NodeUnavailable)
    assert error.values["reason"] == "it closed the connection before the answer was complete"
    assert len(node.requests) == 3


def test_a_new_connection_that_breaks_is_not_repeated(node: FakeNode) -> None:
    node.faults.append(hangs_up)
    assert isinstance(failure(node.connect()), NodeUnavailable)
    assert len(node.requests) == 1


@pytest.mark.parametrize(
    "method",
    ["sendrawtransaction", "sendtoaddress", "getnewaddress", "submitblock", "walletprocesspsbt", "getblockfrompeer"],
)
def test_what_changes_something_is_never_repeated(node: FakeNode, method: str) -> None:
    rpc = node.connect()
    rpc.call("getblockcount")
    node.faults.append(hangs_up)
    assert isinstance(failure(rpc, method, "00"), NodeUnavailable)
    assert len(node.requests) == 2


def test_a_batch_is_repeated_only_if_all_of_it_may_be(node: FakeNode) -> None:
    rpc = node.connect()
    rpc.call("getblockcount")
    node.faults.append(hangs_up)
    assert rpc.batch([("getblockcount",), ("getblockcount",)]) == [7, 7]
    assert len(node.requests) == 3
    node.faults.append(hangs_up)
    with pytest.raises(NodeUnavailable):
        rpc.batch([("getblockcount",), ("sendrawtransaction", "00")])
    assert len(node.requests) == 4


# --- answers that do not come ----------------------------------------------------------------------------------------


def test_a_timeout_is_not_repeated_and_spoils_nothing(node: FakeNode) -> None:
    rpc = node.connect(timeout=0.5)
    rpc.call("getblockcount")
    node.faults.append(waits(1))
    error = failure(rpc)
    assert isinstance(error, NodeUnavailable)
    assert (error.message_id, error.values["method"]) == ("node_timeout", "getblockcount")
    assert len(node.requests) == 2
    assert rpc.call("getblockcount") == 7


def test_headers_that_come_drop_by_drop_end_in_time(node: FakeNode) -> None:
    def drips_headers(handler: Any) -> None:
        with contextlib.suppress(OSError):
            for letter in b"HTTP/1.1 200 OK\r\n" + b"X-Header: 1\r\n" * 50:
                handler.wfile.write(bytes([letter]))
                time.sleep(0.02)
        handler.close_connection = True

    node.faults.append(drips_headers)
    before = time.monotonic()
    assert failure(node.connect(timeout=0.5)).message_id == "node_timeout"
    assert time.monotonic() - before < 1


def test_a_deadline_ends_it_sooner(node: FakeNode) -> None:
    node.faults.append(waits(2))
    before = time.monotonic()
    with deadline(0.3):
        assert failure(node.connect(timeout=5)).message_id == "node_timeout"
    assert time.monotonic() - before < 0.6


def test_an_answer_that_comes_drop_by_drop_ends_in_time(node: FakeNode) -> None:
    node.faults.append(drips)
    before = time.monotonic()
    assert failure(node.connect(timeout=0.5)).message_id == "node_timeout"
    assert time.monotonic() - before < 2


def test_a_truncated_answer_is_a_failure_and_spoils_nothing(node: FakeNode) -> None:
    rpc = node.connect()
    node.faults.append(truncates)
    error = failure(rpc)
    assert isinstance(error, NodeUnavailable)
    assert error.values["reason"] == "it closed the connection before the answer was complete"
    assert rpc.call("getblockcount") == 7


def test_an_endless_answer_is_cut_off(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_ANSWER", 10)
    error = failure(node.connect())
    assert isinstance(error, NodeUnavailable)
    assert error.values["reason"] == "its answer has more than 10 bytes"


def test_an_answer_in_chunks_is_put_together(node: FakeNode) -> None:
    rpc = node.connect()
    node.faults.append(answers_in_chunks)
    assert [rpc.call("getblockcount"), rpc.call("getblockcount")] == [7, 7]
    assert len(node.connections) == 1


def test_an_announced_end_of_the_connection_is_respected(node: FakeNode) -> None:
    rpc = node.connect()
    node.faults.append(says(200, '{"result":1,"error":null,"id":1}', "application/json", Connection="close"))
    assert [rpc.call("getblockcount"), rpc.call("getblockcount")] == [1, 7]
    assert [request.connection for request in node.requests] == [1, 2]


@pytest.mark.parametrize(
    ("fault", "kind", "message_id"),
    [
        (says(401), NodeRefused, "node_credentials"),
        (says(403), NodeRefused, "node_forbidden"),
        (says(429, Retry_After="7"), NodeBusy, "node_limit"),
        (says(503, "Work queue depth exceeded"), NodeBusy, "node_busy"),
        (says(503, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), NodeBusy, "node_busy"),
        (says(200, "<html>Welcome to nginx</html>"), NodeUnavailable, "node_not_json"),
        (says(301, Location="https://elsewhere.example"), NodeUnavailable, "node_not_json"),
        (says(404, "Not found"), NodeUnavailable, "node_not_json"),
        (says(500, "<h1>Oops</h1>"), NodeUnavailable, "node_not_json"),
        (says(200, "<html>", "application/json"), NodeUnavailable, "node_unexpected_answer"),
        (says(200, "", "application/json"), NodeUnavailable, "node_unexpected_answer"),
        (is_no_http, NodeUnavailable, "node_not_json"),
    ],
)
def test_other_answers_are_told_apart(node: FakeNode, fault: Any, kind: type[ExplorerError], message_id: str) -> None:
    rpc = node.connect()
    node.faults.append(fault)
    error = failure(rpc)
    assert (type(error), error.message_id) == (kind, message_id)
    assert rpc.call("getblockcount") == 7


@pytest.mark.parametrize(("given", "seconds"), [("7", 7), ("soon", 1), ("-1", 1), ("99999999", 1), (FAR_DATE, 1)])
def test_retry_after_is_passed_on(node: FakeNode, given: str, seconds: int) -> None:
    node.faults.append(says(429, Retry_After=given))
    assert failure(node.connect()).retry_after == seconds


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_path_and_query_are_kept(node: FakeNode) -> None:
    NodeConnection(node.endpoint(target=Secret("/v1/KEY/?token=T"))).call("getblockcount")
    assert node.requests[0].path == "/v1/KEY/?token=T"


def test_the_host_header_has_the_port(node: FakeNode) -> None:
    node.connect().call("getblockcount")
    assert node.requests[0].headers["Host"] == f"127.0.0.1:{node.port}"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_a_node_at_an_ipv6_address() -> None:
    with FakeNode(host="::1") as node:
        assert node.connect().call("getblockcount") == 7
        assert node.requests[0].headers["Host"] == f"[::1]:{node.port}"


def test_without_credentials_none_are_sent(node: FakeNode) -> None:
    error = failure(NodeConnection(node.endpoint(credentials=None)))
    assert (type(error), error.message_id) == (NodeRefused, "node_credentials")
    assert "Authorization" not in node.requests[0].headers


# --- the cookie ------------------------------------------------------------------------------------------------------


@pytest.fixture
def cookie(tmp_path: Path) -> Path:
    path = tmp_path / ".cookie"
    path.write_text(f"{USER}:{PASSWORD}")
    return path


def test_the_cookie_is_read_again_when_it_is_refused(node: FakeNode, cookie: Path) -> None:
    node.answers["sendrawtransaction"] = "txid"
    rpc = NodeConnection(node.endpoint(credentials=Cookie(cookie)))
    rpc.call("getblockcount")
    node.login = "__cookie__:anew"
    cookie.write_text("__cookie__:anew\n")
    assert rpc.call("sendrawtransaction", "00") == "txid"  # what was refused was not done, so it may be sent again
    rpc.call("getblockcount")
    assert rpc.round_trips == 4


def test_a_cookie_that_stays_refused_is_tried_once(node: FakeNode, cookie: Path) -> None:
    cookie.write_text("__cookie__:of-another-node")
    rpc = NodeConnection(node.endpoint(credentials=Cookie(cookie)))
    assert failure(rpc).message_id == "node_credentials"
    assert len(node.requests) == 1


def test_a_cookie_that_is_not_there_means_a_node_that_has_not_started(node: FakeNode, cookie: Path) -> None:
    cookie.unlink()
    rpc = NodeConnection(node.endpoint(credentials=Cookie(cookie)))
    error = failure(rpc)
    assert (type(error), error.message_id) == (NodeUnavailable, "node_no_cookie")
    cookie.write_text(f"{USER}:{PASSWORD}")
    assert rpc.call("getblockcount") == 7


def test_a_cookie_that_cannot_be_read_is_a_refusal(node: FakeNode, tmp_path: Path) -> None:
    error = failure(NodeConnection(node.endpoint(credentials=Cookie(tmp_path))))  # unreadable for root as well
    assert (type(error), error.message_id) == (NodeRefused, "node_no_cookie")


# --- fork ------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forking with threads is what is tested
def test_a_child_process_makes_connections_of_its_own(node: FakeNode) -> None:
    rpc = node.connect(connections=1)
    rpc.call("getblockcount")
    node.faults.append(waits(0.5))
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(rpc.call, "getblockcount")
        while len(node.requests) < 2:  # the parent's only connection is in use in the moment of the fork
            time.sleep(0.01)
        if (child := os.fork()) == 0:
            try:
                os._exit(0 if rpc.call("getblockcount") == 7 and rpc.round_trips == 1 else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert busy.result() == 7
    assert rpc.call("getblockcount") == 7
    assert [request.connection for request in node.requests] == [1, 1, 2, 1]
