"""bitcoin.conf means to us what it means to bitcoind: one of the same file, the other asks it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from config import ConfigError, load
from explorer.node.client import NodeConnection
from explorer.node.discovery import Cookie, Password, find_endpoint
from tests.bitcoind import free_port

READY = re.compile(r"Using random cookie|Using rpcuser/rpcpassword|cookie file generation is disabled|Error: ")

Start = Callable[..., str]


@pytest.fixture
def run_bitcoind(bitcoind_path: str, tmp_path: Path) -> Start:
    """Runs bitcoind on the folder until its log shows what is looked for, does something, and ends it."""

    def run(until: re.Pattern[str], then: Callable[[], None] = lambda: None) -> str:
        command = [bitcoind_path, f"-datadir={tmp_path}", "-listen=0", "-connect=0", "-printtoconsole=1", "-server=1"]
        log = ""
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    log += line
                    if until.search(line):
                        then()
                        break
                else:
                    pytest.fail(f"bitcoind ended: {log}")
            finally:
                process.kill()
        return log

    return run


def write_files(folder: Path, conf: str) -> tuple[int, int]:
    """Fills in two free ports, for networks would share their usual ones with other tests. Returns the ports."""
    first, second = free_port(), free_port()
    (folder / "bitcoin.conf").write_text(conf.replace("FIRST", str(first)).replace("SECOND", str(second)))
    (folder / "more.conf").write_text(f"rpcuser=late\n[regtest]\nrpcpassword=included\nrpcport={second}\n")
    (folder / "elsewhere").mkdir()
    return first, second


@pytest.mark.parametrize(
    "conf",
    [
        "regtest=1\n[regtest]\nrpcport=FIRST\nrpcport=SECOND\n",
        "chain=regtest\nregtest.rpcport=FIRST\n[main]\nrpcport=SECOND\n",
        "regtest=0\nregtest=1\nincludeconf=more.conf\nrpcuser=first\n[regtest]\nrpcport=FIRST\n",
        "includeconf=more.conf\nchain=regtest\nchain=main\n",
        "regtest=\n[regtest]\nrpcport= FIRST # one\r\nrpccookiefile=mine\n",
        "regtest=1x\nrpcuser=u\nrpcpassword=outer\n[regtest]\nrpcport=FIRST\nrpcpassword=inner=1\n",
        "signet=1\ndatadir=DATADIR/elsewhere\n[signet]\nrpcport=FIRST\n",
        "notestnet4=0\n[testnet4]\nrpcport=FIRST\nrpcuser=without-a-password\n",
    ],
)
def test_a_conf_leads_to_the_node_that_uses_it(run_bitcoind: Start, tmp_path: Path, conf: str) -> None:
    write_files(tmp_path, conf.replace("DATADIR", str(tmp_path)))
    log = run_bitcoind(READY)
    endpoint = find_endpoint(load({"BITCOIN_DATADIR": str(tmp_path)}))
    assert endpoint is not None

    assert f"Binding RPC on address 127.0.0.1 port {endpoint.port}\n" in log
    if isinstance(endpoint.credentials, Password):
        assert "Using rpcuser/rpcpassword" in log
    else:
        assert isinstance(endpoint.credentials, Cookie)
        assert f"Generated RPC authentication cookie {endpoint.credentials.path}\n" in log


def test_the_found_node_lets_us_in(run_bitcoind: Start, tmp_path: Path) -> None:
    conf = "chain=regtest\nincludeconf=more.conf\nrpcuser=first\n[regtest]\nrpcport=FIRST\n"
    write_files(tmp_path, conf)
    endpoint = find_endpoint(load({"BITCOIN_DATADIR": str(tmp_path)}))
    assert endpoint is not None
    answers = []
    run_bitcoind(re.compile("Done loading"), lambda: answers.append(NodeConnection(endpoint).call("getblockcount")))
    assert answers == [0]


@pytest.mark.parametrize(
    "conf",
    [
        "regtest=1\nrpcpassword=a#b\n",
        "regtest=1\nchain=main\n",
        "chain=moon\n",
        "regtest=1\nrpcuser\n",
        "regtest=1\nincludeconf=missing.conf\n",
        "regtest=1\n[regtest]\nrpcport=seven\n",
    ],
)
def test_a_conf_that_bitcoind_refuses_is_refused(run_bitcoind: Start, tmp_path: Path, conf: str) -> None:
    write_files(tmp_path, conf)
    run_bitcoind(re.compile("Error: "))
    with pytest.raises(ConfigError):
        find_endpoint(load({"BITCOIN_DATADIR": str(tmp_path)}))
