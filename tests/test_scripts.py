"""What a person types: script/bootstrap, script/server and script/bitcoind, run as that person runs them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.bitcoind import free_port
from tests.conftest import StartServer
from tests.server import ROOT

TOOLS = ("sh", "dirname", "cmp", "cp")  # what script/bootstrap needs besides a Python


def run(script: Path, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *args], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder for PATH with a few tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    return folder


@pytest.fixture
def python(bare_path: Path) -> Path:
    """`python3` on that PATH, beside a newer one that does not run, as pyenv leaves them."""
    executable(bare_path / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    return executable(bare_path / "python3", f'exec {sys.executable} "$@"')


def borrow_venv(project: Path) -> Path:
    """A .venv with the packages of the running tests, with nothing noted as installed."""
    venv = project / ".venv"
    venv.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix) / name)
    return venv


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clone with a lock that installs nothing, and without .venv."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "script", folder / "script", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "requirements.txt").write_text("# nothing\n")
    return folder


class TestBootstrap:
    def test_it_installs_once_and_again_when_the_lock_changes(
        self, project: Path, bare_path: Path, python: Path
    ) -> None:
        bootstrap = project / "script" / "bootstrap"
        first = run(bootstrap, PATH=str(bare_path))
        assert first.returncode == 0, first.stderr
        assert "Making .venv" in first.stderr
        assert "Installing requirements.txt" in first.stderr

        again = run(bootstrap, PATH=str(bare_path))
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

        (project / "requirements.txt").write_text("# still nothing\n")
        changed = run(bootstrap, PATH=str(bare_path))
        assert changed.returncode == 0
        assert "Making .venv" not in changed.stderr
        assert "Installing requirements.txt" in changed.stderr

    def test_what_failed_is_tried_again(self, project: Path, bare_path: Path) -> None:
        borrow_venv(project)
        (project / "requirements.txt").write_text("this is no requirement\n")
        for _ in range(2):
            failed = run(project / "script" / "bootstrap", PATH=str(bare_path))
            assert failed.returncode != 0
            assert "this is no requirement" in failed.stderr

    def test_a_missing_python_is_named(self, project: Path, bare_path: Path) -> None:
        result = run(project / "script" / "bootstrap", PATH=str(bare_path))
        assert result.returncode == 1
        assert "needs Python 3.11 or later" in result.stderr
        assert "apt-get install python3 python3-venv" in result.stderr

    def test_a_missing_venv_module_is_named(self, project: Path, bare_path: Path, python: Path, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        broken.mkdir()
        (broken / "ensurepip.py").write_text("raise ImportError('Debian has it in another package')")
        result = run(project / "script" / "bootstrap", PATH=str(bare_path), PYTHONPATH=str(broken))
        assert result.returncode == 1
        assert f"apt-get install python3.{sys.version_info.minor}-venv" in result.stderr
        assert not (project / ".venv").exists()


class TestServer:
    @pytest.fixture
    def clone(self, tmp_path: Path) -> Path:
        """This project, with the running tests' packages as its installed .venv."""
        folder = tmp_path / "clone"
        folder.mkdir()
        for item in ROOT.iterdir():
            if not item.name.startswith("."):
                (folder / item.name).symlink_to(item)
        shutil.copy(ROOT / "requirements.txt", borrow_venv(folder))
        return folder

    @pytest.fixture
    def started(self, clone: Path, tmp_path: Path) -> Iterator[tuple[str, Path, float]]:
        """Its address, its output and how many seconds it took to answer."""
        url, output = f"http://127.0.0.1:{free_port()}", tmp_path / "output.log"
        begin = time.monotonic()
        with output.open("w") as file:
            server = subprocess.Popen(
                [clone / "script" / "server"],
                env={**os.environ, "PORT": url.rpartition(":")[2], "BITCOIN_RPC_URL": "http://me:secret@127.0.0.1:1"},
                stdout=file,
                stderr=file,
            )
        try:
            while True:
                try:
                    urlopen(f"{url}/healthz", timeout=5).close()
                    break
                except URLError:
                    assert server.poll() is None, output.read_text()
                    time.sleep(0.02)
            yield url, output, time.monotonic() - begin
        finally:
            server.terminate()
            server.wait(20)

    def test_a_second_start_answers_within_three_seconds_and_installs_nothing(
        self, started: tuple[str, Path, float]
    ) -> None:
        _, output, seconds = started
        assert seconds < 3
        assert "Installing" not in output.read_text()

    def test_it_tells_its_address_its_node_and_how_to_choose_another(self, started: tuple[str, Path, float]) -> None:
        url, output, _ = started
        said = output.read_text()
        assert f"The explorer is at {url}/" in said
        assert "Its node is 127.0.0.1:1, named by BITCOIN_RPC_URL" in said
        assert "Another node: BITCOIN_RPC_URL=" in said
        assert "secret" not in said

    def test_a_port_in_use_is_said(self, clone: Path, live_server: StartServer) -> None:
        running = live_server()
        result = run(clone / "script" / "server", PORT=str(running.port))
        assert result.returncode == 1
        assert f"Cannot listen on {running.url}: Address already in use" in result.stderr
        assert f"PORT={running.port + 1} script/server" in result.stderr
        assert "Listening" not in result.stderr
        assert "Traceback" not in result.stderr

    def test_a_listener_on_every_address_is_in_the_way_too(self, clone: Path) -> None:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("0.0.0.0", 0))
            other.listen()
            result = run(clone / "script" / "server", PORT=str(other.getsockname()[1]))
        assert result.returncode == 1
        assert "Cannot listen" in result.stderr

    def test_every_wrong_setting_is_said_at_once(self, clone: Path) -> None:
        result = run(clone / "script" / "server", PORT="high", LOG_LEVEL="loud", BITCOIN_DATADIR="/nowhere")
        assert result.returncode == 1
        assert result.stdout == ""
        assert [line.split()[1] for line in result.stderr.splitlines() if line.startswith("- ")] == [
            "BITCOIN_DATADIR",
            "LOG_LEVEL",
            "PORT",
        ]
        assert "Traceback" not in result.stderr


class TestBitcoind:
    """None of these fetches anything: they run with a PATH that has no apt-get."""

    SCRIPT = ROOT / "script" / "bitcoind"

    def test_the_variable_wins(self, bare_path: Path, tmp_path: Path) -> None:
        executable(bare_path / "bitcoind", "exit 0")
        mine = executable(tmp_path / "mine", "exit 0")
        result = run(self.SCRIPT, PATH=str(bare_path), BITCOIND=str(mine))
        assert (result.returncode, result.stdout) == (0, f"{mine}\n")

    def test_a_variable_that_names_nothing_is_not_ignored(self, bare_path: Path, tmp_path: Path) -> None:
        executable(bare_path / "bitcoind", "exit 0")
        result = run(self.SCRIPT, PATH=str(bare_path), BITCOIND=str(tmp_path / "missing"))
        assert (result.returncode, result.stdout) == (1, "")
        assert str(tmp_path / "missing") in result.stderr

    def test_one_on_the_path_comes_before_the_cache(self, bare_path: Path, tmp_path: Path) -> None:
        cached = executable(tmp_path / "cache" / "bitcoin-explorer" / "bitcoind" / "bitcoind", "exit 0")
        found = run(self.SCRIPT, PATH=str(bare_path), BITCOIND="", XDG_CACHE_HOME=str(tmp_path / "cache"))
        assert found.stdout == f"{cached}\n"

        on_path = executable(bare_path / "bitcoind", "exit 0")
        found = run(self.SCRIPT, PATH=str(bare_path), BITCOIND="", XDG_CACHE_HOME=str(tmp_path / "cache"))
        assert found.stdout == f"{on_path}\n"

    def test_one_that_does_not_run_is_passed_over(self, bare_path: Path, tmp_path: Path) -> None:
        executable(bare_path / "bitcoind", "exit 127")
        result = run(self.SCRIPT, "--no-fetch", PATH=str(bare_path), BITCOIND="")
        assert (result.returncode, result.stdout, result.stderr) == (1, "", "")

    def test_elsewhere_than_on_debian_it_says_what_to_install(self, bare_path: Path) -> None:
        (bare_path / "rm").symlink_to("/bin/rm")
        result = run(self.SCRIPT, PATH=str(bare_path), BITCOIND="")
        assert (result.returncode, result.stdout) == (1, "")
        assert "install Bitcoin Core" in result.stderr
