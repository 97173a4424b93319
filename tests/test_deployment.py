"""What is deployed: gunicorn's configuration, the image and the compose file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

import config
from tests.conftest import StartServer
from tests.server import ROOT, LiveServer

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
COMPOSE = (ROOT / "compose.yaml").read_text()


def instructions(name: str) -> list[str]:
    """The arguments of an instruction of the Dockerfile, in order."""
    return re.findall(rf"^{name}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def copied() -> list[str]:
    """What the Dockerfile takes from this project."""
    sources = [line.split()[:-1] for line in instructions("COPY") if not line.startswith("--from")]
    return [source for line in sources for source in line]


class TestGunicorn:
    def test_it_takes_its_size_and_its_address_from_the_settings(self) -> None:
        settings = {"HOST": "::1", "PORT": "8099", "WEB_WORKERS": "3", "WEB_THREADS": "5", "LOG_LEVEL": "warning"}
        shown = subprocess.run(
            [sys.executable, "-m", "gunicorn", "--print-config", "app:app"],
            cwd=ROOT,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        values = dict(re.findall(r"^(\w+) += (.*)$", shown, re.MULTILINE))
        assert values["bind"] == "['[::1]:8099']"
        assert (values["workers"], values["threads"], values["worker_class"]) == ("3", "5", "gthread")
        assert (values["reuse_port"], values["loglevel"]) == ("True", "warning")

    def test_a_visitor_cannot_move_the_pages(self, live_server: StartServer) -> None:
        """gunicorn by itself believes this header from everybody on this machine: through a proxy here, from anyone."""
        moved = Request(f"{live_server().url}/healthz", headers={"SCRIPT_NAME": "/elsewhere"})
        assert urlopen(moved).status == 200

    def test_it_stops_when_told_to(self, live_server: StartServer) -> None:
        server = live_server()
        server.stop()
        assert server.process
        assert server.process.returncode == 0


class TestImage:
    def test_it_does_not_run_as_root(self) -> None:
        user = instructions("USER")[-1].partition(":")[0]
        assert user.isdigit()  # by number, which Kubernetes' runAsNonRoot can check
        assert int(user) > 0

    def test_the_build_sees_what_it_copies_and_nothing_else(self) -> None:
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        assert "*" in ignored
        assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted(copied())

    @pytest.fixture
    def image(self, tmp_path: Path) -> Path:
        """What the image holds at /app."""
        folder = tmp_path / "app"
        folder.mkdir()
        for name in copied():
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name)
            else:
                shutil.copy(ROOT / name, folder)
        return folder

    def test_the_copied_files_are_enough(self, image: Path) -> None:
        command = json.loads(instructions("CMD")[-1])
        subprocess.run([sys.executable, "-m", *command, "--check-config"], cwd=image, check=True, timeout=60)

    @pytest.mark.parametrize("base_path", ["", "/explorer/"])
    def test_the_health_check_follows_port_and_base_path(self, image: Path, base_path: str) -> None:
        check = json.loads(re.findall(r"CMD (\[.*\])", instructions("HEALTHCHECK")[0])[0])
        check[0] = sys.executable

        def status() -> int:
            environment = {**os.environ, "PORT": str(server.port), "BASE_PATH": base_path}
            return subprocess.run(check, cwd=image, env=environment, capture_output=True, check=False).returncode

        with LiveServer({"BASE_PATH": base_path}) as server:
            assert status() == 0
        assert status() != 0


class TestCompose:
    def test_it_passes_settings_that_exist(self) -> None:
        environment = re.findall(r"^      ([A-Z_]+): ", COMPOSE, re.MULTILINE)
        assert "BITCOIN_RPC_HOST" in environment
        assert set(environment) <= {setting.name for setting in config.SETTINGS}

    def test_only_this_machine_reaches_it(self) -> None:
        published = re.findall(r'^      - "(.*):5000"$', COMPOSE, re.MULTILINE)
        assert published == ["${PUBLISH:-127.0.0.1:5000}"]
