"""Which node is found, and by what."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config import ConfigError, Secret, load
from explorer.node.discovery import FOLDERS, RPC_PORTS, Cookie, Endpoint, Password, find_endpoint, find_endpoints
from tests.node.homes import find, found, write_conf, write_cookie

# --- nothing, or the demo chain --------------------------------------------------------------------------------------


def test_nothing_found_means_the_demo_chain(home: Path) -> None:
    assert find(home) is None


def test_no_folder_at_all_means_the_demo_chain(tmp_path: Path) -> None:
    assert find(tmp_path / "nobody") is None


def test_a_user_without_a_home_gets_the_demo_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user id that is in no passwd file
    assert find_endpoint(load({}), platform="linux") is None
    endpoint = find_endpoint(load({"BITCOIN_NETWORK": "signet"}), platform="linux")
    assert endpoint is not None
    assert (endpoint.label, endpoint.credentials) == ("127.0.0.1:38332", None)
    with pytest.raises(ConfigError, match="BITCOIN_CONF"):
        find_endpoint(load({"BITCOIN_CONF": "bitcoin.conf"}), platform="linux")


def test_demo_is_chosen_although_there_is_a_node(home: Path) -> None:
    write_cookie(home, "main")
    assert find(home, BITCOIN_RPC_URL="demo") is None


# --- the URL ---------------------------------------------------------------------------------------------------------


def test_the_url_comes_first(home: Path) -> None:
    write_conf(home, "rpcuser=u\nrpcpassword=p\nrpcport=1234\n")
    endpoint = found(home, BITCOIN_RPC_URL="http://alice:wo%40nder@node:18443")
    assert endpoint == Endpoint(
        "node", 18443, Password("alice", Secret("wo@nder")), "BITCOIN_RPC_URL", network="regtest"
    )


@pytest.mark.parametrize(
    ("environ", "port"),
    [
        ({"BITCOIN_RPC_URL": "http://u:p@node"}, 8332),
        ({"BITCOIN_RPC_URL": "http://u:p@node", "BITCOIN_NETWORK": "signet"}, 38332),
        ({"BITCOIN_RPC_URL": "https://u:p@node"}, 443),
        ({"BITCOIN_RPC_URL": "https://u:p@node:8332"}, 8332),
    ],
)
def test_a_url_without_a_port_has_its_usual_one(home: Path, environ: dict[str, str], port: int) -> None:
    assert found(home, **environ).port == port


def test_a_url_keeps_its_path_and_query_to_itself(home: Path) -> None:
    endpoint = found(home, BITCOIN_RPC_URL="https://name.example/v1/KEY/?token=TOKEN")
    assert endpoint.target.reveal() == "/v1/KEY/?token=TOKEN"
    assert endpoint.credentials is None
    assert "KEY" not in repr(endpoint)
    assert "TOKEN" not in repr(endpoint)
    assert endpoint.label == "name.example:443"


def test_an_ipv6_label_has_brackets(home: Path) -> None:
    assert found(home, BITCOIN_RPC_URL="http://u:p@[::1]:8332").label == "[::1]:8332"


def test_a_local_url_without_a_password_takes_the_cookie_of_its_port(home: Path) -> None:
    write_cookie(home, "main")
    cookie = write_cookie(home, "signet")
    assert found(home, BITCOIN_RPC_URL="http://127.0.0.1:38332").credentials == Cookie(cookie)


@pytest.mark.parametrize("host", ["node", "192.168.1.5", "name.example", "127.example"])
def test_another_host_is_never_shown_this_machines_secrets(home: Path, host: str) -> None:
    write_conf(home, "rpcuser=u\nrpcpassword=p\n")
    write_cookie(home, "main")
    assert found(home, BITCOIN_RPC_URL=f"http://{host}:8332").credentials is None
    assert found(home, BITCOIN_RPC_HOST=host).credentials is None


def test_a_mounted_folder_gives_another_host_its_credentials(home: Path) -> None:
    cookie = write_cookie(home, "regtest", "mounted")
    environ = {"BITCOIN_DATADIR": str(home / "mounted")}
    for named in ({"BITCOIN_RPC_URL": "http://node:18443"}, {"BITCOIN_RPC_HOST": "node"}):
        endpoint = found(home, **environ, **named)
        assert (endpoint.label, endpoint.credentials) == ("node:18443", Cookie(cookie))


# --- other nodes after it ---------------------------------------------------------------------------------------------


def test_the_own_node_comes_first_and_the_others_after_it(home: Path) -> None:
    write_cookie(home, "signet")
    urls = "http://127.0.0.1:38332,https://name.example/v1/KEY/,https://name.example:8443/?k=KEY,http://u:p@[::1]:8332"
    own, *others = find_endpoints(load({"BITCOIN_RPC_URL": urls}), home, "linux")
    assert (own.label, own.is_own, own.network) == ("127.0.0.1:38332", True, "signet")
    assert [other.label for other in others] == ["name.example", "name.example:8443", "[::1]:8332"]
    assert [other.authority for other in others] == ["name.example:443", "name.example:8443", "[::1]:8332"]
    assert not any(other.is_own for other in others)
    assert "KEY" not in repr(others)


def test_nobody_else_is_shown_the_own_nodes_password(home: Path) -> None:
    write_cookie(home, "main")
    environ = {
        "BITCOIN_RPC_URL": "http://127.0.0.1:8332,http://127.0.0.1:8400,http://127.0.0.1",
        "BITCOIN_RPC_USER": "alice",
        "BITCOIN_RPC_PASSWORD": "wonder",
        "BITCOIN_NETWORK": "signet",
    }
    own, second, third = find_endpoints(load(environ), home, "linux")
    assert own.credentials == Password("alice", Secret("wonder"))
    assert second.credentials is None
    assert (third.credentials, third.port) == (None, 38332)


def test_there_is_nobody_after_the_demo_chain(home: Path) -> None:
    assert find_endpoints(load({"BITCOIN_RPC_URL": "demo"}), home, "linux") == ()


# --- host, port, user, password, cookie ------------------------------------------------------------------------------


def test_host_port_user_and_password(home: Path) -> None:
    endpoint = found(
        home,
        BITCOIN_RPC_HOST="node",
        BITCOIN_RPC_PORT="8400",
        BITCOIN_RPC_USER="alice",
        BITCOIN_RPC_PASSWORD="wonder",
    )
    assert endpoint == Endpoint("node", 8400, Password("alice", Secret("wonder")), "BITCOIN_RPC_HOST")


@pytest.mark.parametrize("network", RPC_PORTS)
def test_a_network_has_its_usual_port(home: Path, network: str) -> None:
    endpoint = found(home, BITCOIN_RPC_HOST="node", BITCOIN_NETWORK=network)
    assert (endpoint.port, endpoint.network) == (RPC_PORTS[network], network)


def test_one_of_them_is_enough(home: Path) -> None:
    password = {"BITCOIN_RPC_USER": "alice", "BITCOIN_RPC_PASSWORD": "wonder"}
    assert found(home, BITCOIN_RPC_HOST="node").label == "node:8332"
    assert found(home, BITCOIN_RPC_PORT="8400").label == "127.0.0.1:8400"
    assert found(home, **password).label == "127.0.0.1:8332"
    assert found(home, BITCOIN_RPC_COOKIE="/x/.cookie").label == "127.0.0.1:8332"


def test_a_cookie_lies_in_the_folder_of_its_network(home: Path) -> None:
    endpoint = found(home, BITCOIN_RPC_COOKIE="/mounted/testnet4/.cookie")
    assert (endpoint.port, endpoint.network) == (48332, "testnet4")
    assert endpoint.credentials == Cookie(Path("/mounted/testnet4/.cookie"))


def test_a_cookie_that_is_not_there_yet_is_kept(home: Path) -> None:
    assert found(home, BITCOIN_RPC_COOKIE="/not/yet").credentials == Cookie(Path("/not/yet"))


def test_a_local_host_takes_what_it_lacks_from_the_files(home: Path) -> None:
    write_conf(home, "chain=regtest\n[regtest]\nrpcport=7000\nrpcuser=u\nrpcpassword=p\n")
    assert found(home, BITCOIN_RPC_HOST="localhost") == Endpoint(
        "localhost", 7000, Password("u", Secret("p")), "BITCOIN_RPC_HOST", network="regtest"
    )


def test_a_mounted_folder_gives_the_port_as_well(home: Path) -> None:
    write_conf(home, "chain=regtest\n[regtest]\nrpcport=7000\n")
    password = {"BITCOIN_RPC_USER": "alice", "BITCOIN_RPC_PASSWORD": "wonder"}
    mounted = {"BITCOIN_DATADIR": str(home / ".bitcoin")}
    assert found(home, **password).port == 8332
    assert found(home, **password, **mounted) == Endpoint(
        "127.0.0.1", 7000, Password("alice", Secret("wonder")), "BITCOIN_RPC_USER", network="regtest"
    )
    assert found(home, BITCOIN_RPC_URL="http://u:p@node", **mounted).label == "node:7000"


# --- the data folder and the cookie ----------------------------------------------------------------------------------


@pytest.mark.parametrize("network", FOLDERS)
def test_the_cookie_tells_the_network(home: Path, network: str) -> None:
    cookie = write_cookie(home, network)
    assert found(home) == Endpoint("127.0.0.1", RPC_PORTS[network], Cookie(cookie), str(cookie), network=network)


def test_the_main_networks_cookie_comes_first_unless_another_is_named(home: Path) -> None:
    for network in FOLDERS:
        write_cookie(home, network)
    assert found(home).network == "main"
    assert found(home, BITCOIN_NETWORK="testnet4").network == "testnet4"


def test_a_named_network_is_a_named_node(home: Path) -> None:
    endpoint = found(home, BITCOIN_NETWORK="signet")
    assert (endpoint.label, endpoint.found_by) == ("127.0.0.1:38332", "BITCOIN_NETWORK")
    assert endpoint.credentials == Cookie(home / ".bitcoin" / "signet" / ".cookie")


def test_a_named_datadir_is_found_although_it_is_empty(home: Path) -> None:
    (home / "empty").mkdir()
    endpoint = found(home, BITCOIN_DATADIR=str(home / "empty"))
    assert (endpoint.label, endpoint.credentials) == ("127.0.0.1:8332", Cookie(home / "empty" / ".cookie"))


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", ".bitcoin"),
        ("darwin", "Library/Application Support/Bitcoin"),
        ("win32", "AppData/Local/Bitcoin"),
        ("win32", "AppData/Roaming/Bitcoin"),
    ],
)
def test_every_platform_has_its_folder(tmp_path: Path, platform: str, folder: str) -> None:
    cookie = write_cookie(tmp_path, "main", folder)
    endpoint = find_endpoint(load({}), tmp_path, platform)
    assert endpoint is not None
    assert endpoint.credentials == Cookie(cookie)


def test_an_endpoint_masks_its_password() -> None:
    endpoint = Endpoint("node", 8332, Password("alice", Secret("hunter2")), "BITCOIN_RPC_URL")
    assert "hunter2" not in f"{endpoint} {endpoint!r} {endpoint.label}"
