"""What a bitcoin.conf says about its node, read as bitcoind reads it. Held against bitcoind itself: tests/regtest/."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import ConfigError, Secret
from explorer.node.discovery import Cookie, Endpoint, Password
from tests.node.homes import find, found, write_conf, write_cookie


def test_a_conf_without_a_word_about_rpc_names_the_local_node(home: Path) -> None:
    conf = write_conf(home, "txindex=1\n")
    cookie = Cookie(home / ".bitcoin" / ".cookie")
    assert found(home) == Endpoint("127.0.0.1", 8332, cookie, str(conf), network="main")


def test_rpcauth_holds_no_password_so_the_cookie_is_taken(home: Path) -> None:
    write_conf(home, "rpcauth=alice:salt$hash\nrpcuser=alice\n")
    assert found(home).credentials == Cookie(home / ".bitcoin" / ".cookie")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("rpcport=1\nrpcport=2", "127.0.0.1:1"),
        ("rpcport=1\n[main]\nrpcport=2", "127.0.0.1:2"),
        ("rpcport=1\n[regtest]\nrpcport=2", "127.0.0.1:1"),
        ("regtest=1\nrpcport=1\n[regtest]\nrpcport=2", "127.0.0.1:2"),
        ("chain=regtest\nrpcport=1", "127.0.0.1:18443"),
        ("chain=test\ntest.rpcport=1", "127.0.0.1:1"),
        ("[regtest]\nchain=regtest\nrpcport=1", "127.0.0.1:8332"),
        ("testnet=1", "127.0.0.1:18332"),
        ("testnet4=", "127.0.0.1:48332"),
        ("notestnet=0", "127.0.0.1:18332"),
        ("testnet=0\ntestnet=1", "127.0.0.1:18332"),
        ("testnet=1\ntestnet=0", "127.0.0.1:8332"),
        ("chain=signet\nchain=main", "127.0.0.1:38332"),
        ("regtest=abc", "127.0.0.1:8332"),
        (" \t rpcport =  7 # seven \r\n\r\n# rpcport=8", "127.0.0.1:7"),
        ("rpcconnect=node", "node:8332"),
        ("rpcconnect=node:77", "node:77"),
        ("rpcconnect=node:77\nrpcport=12", "node:12"),
        ("rpcconnect=[::1]:33", "[::1]:33"),
        ("rpcconnect=::1\nrpcport=12", "[::1]:12"),
        ("regtest=1\nregtest.main.rpcport=5", "127.0.0.1:18443"),
        ("[signet]\n[]\nrpcport=5", "127.0.0.1:5"),
    ],
)
def test_bitcoin_conf_is_read_as_bitcoin_cli_reads_it(home: Path, text: str, label: str) -> None:
    write_conf(home, text)
    assert found(home).label == label


def test_a_password_in_the_conf(home: Path) -> None:
    write_conf(home, "regtest=1\nrpcuser=outer\nrpcpassword=a=b \n[regtest]\nrpcuser=inner\n[main]\nrpcpassword=x\n")
    assert found(home).credentials == Password("inner", Secret("a=b"))


@pytest.mark.parametrize(
    ("text", "cookie"),
    [
        ("rpccookiefile=mine", ".bitcoin/mine"),
        ("regtest=1\nrpccookiefile=mine", ".bitcoin/regtest/mine"),
        ("rpccookiefile=/run/bitcoin/cookie", "/run/bitcoin/cookie"),
    ],
)
def test_the_conf_may_name_the_cookie(home: Path, text: str, cookie: str) -> None:
    write_conf(home, text)
    assert found(home).credentials == Cookie(home / cookie)


def test_a_node_may_write_no_cookie(home: Path) -> None:
    write_conf(home, "norpccookiefile=1\n")
    assert found(home).credentials is None


def test_the_conf_may_name_another_folder(home: Path) -> None:
    write_conf(home, f"datadir={home}/elsewhere\n")
    cookie = write_cookie(home, "signet", "elsewhere")
    assert (found(home).network, found(home).credentials) == ("signet", Cookie(cookie))


def test_a_named_datadir_overrides_the_one_in_its_conf(home: Path) -> None:
    write_conf(home, f"datadir={home}/elsewhere\n")
    endpoint = found(home, BITCOIN_DATADIR=str(home / ".bitcoin"))
    assert endpoint.credentials == Cookie(home / ".bitcoin" / ".cookie")
    assert endpoint.found_by == "BITCOIN_DATADIR"


def test_a_relative_conf_starts_from_the_data_folder(home: Path) -> None:
    (home / ".bitcoin" / "other.conf").write_text("rpcport=9\n")
    write_conf(home, "rpcport=8\n")
    endpoint = found(home, BITCOIN_CONF="other.conf")
    assert (endpoint.port, endpoint.found_by) == (9, "BITCOIN_CONF")


def test_a_mounted_conf_has_its_cookie_beside_it(tmp_path: Path) -> None:
    conf = tmp_path / "bitcoin.conf"
    conf.write_text("chain=signet\n")
    endpoint = found(tmp_path / "nobody", BITCOIN_CONF=str(conf))
    assert endpoint.credentials == Cookie(tmp_path / "signet" / ".cookie")


def test_included_files_are_read_after_the_main_one(home: Path) -> None:
    write_conf(home, "includeconf=more.conf\nchain=regtest\n[regtest]\nincludeconf=rpc.conf\nrpcuser=u\n")
    (home / ".bitcoin" / "more.conf").write_text("regtest.rpcport=1\nrpcpassword=late\n")
    (home / ".bitcoin" / "rpc.conf").write_text("rpcpassword=p\n[regtest]\nrpcuser=other\nrpcport=2\n")
    endpoint = found(home)
    assert (endpoint.port, endpoint.credentials) == (2, Password("u", Secret("p")))


def test_only_the_networks_own_section_is_included(home: Path) -> None:
    write_conf(home, "rpcport=1\n[regtest]\nincludeconf=missing.conf\n")
    assert found(home).port == 1


def test_an_included_file_does_not_include_another(home: Path) -> None:
    write_conf(home, "includeconf=a.conf\n")
    (home / ".bitcoin" / "a.conf").write_text("rpcport=3\nincludeconf=missing.conf\n")
    assert found(home).port == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("server=1\nrpcuser", "cannot be understood at line 2"),
        ("[regtest\n", "cannot be understood at line 1"),
        ("rpcpassword=hunter#2", "a # in rpcpassword (line 1)"),
        ("regtest=1\ntestnet=1", "more than one network"),
        ("chain=regtest\nregtest=1", "more than one network"),
        ("chain=moon", "unknown chain="),
        ("rpcport=seven", "an rpcport that is no port"),
        ("rpcport=70000", "an rpcport that is no port"),
        ("includeconf=missing.conf", "missing.conf, which cannot be read (No such file or directory)"),
    ],
)
def test_a_broken_conf_is_a_problem_that_names_it(home: Path, text: str, problem: str) -> None:
    conf = write_conf(home, text)
    with pytest.raises(ConfigError) as caught:
        find(home)
    (told,) = caught.value.problems
    assert told.startswith(f"{conf} ")
    assert problem in told
    assert "hunter" not in told


def test_a_conf_that_cannot_be_read_is_a_problem(home: Path) -> None:
    (home / ".bitcoin" / "bitcoin.conf").mkdir()  # unreadable for root as well
    with pytest.raises(ConfigError, match=r"bitcoin\.conf cannot be read \(Is a directory\)"):
        find(home)


def test_a_named_conf_that_is_not_there_is_a_problem(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"^BITCOIN_CONF names .*/nope\.conf, which is not there"):
        find(home, BITCOIN_CONF="nope.conf")
