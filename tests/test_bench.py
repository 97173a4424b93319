"""That the measurements can be made: on a tiny chain, and without a word about what they say."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

from bench.simulate import Plan, costs, simulate
from tests.server import ROOT

FIGURES = {
    "warm-home": (3_000, 3_000),
    "warm-block": (2_900, 3_000),
    "warm-tx": (3_000, 3_000),
    "cold-tx": (12, 8),
    "cold-block-txindex": (30, 25),
}
RESULTS = {
    "machine": {"cores": 2},
    "figures": [{"name": name, "measured": m, "yardstick": y} for name, (m, y) in FIGURES.items()],
}


def test_a_row_is_measured(bitcoind_path: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    command = [sys.executable, "-m", "bench", "--quick", "--json", str(path), "wire"]
    done = subprocess.run(
        command, cwd=ROOT, env={"BITCOIND": bitcoind_path, "PATH": "/usr/bin:/bin"}, capture_output=True, timeout=240
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(path.read_text())
    assert not found["lost"]
    assert {"wire-home-zstd", "wire-block-gzip", "wire-tx-identity"} <= {figure["name"] for figure in found["figures"]}


def test_more_visitors_need_more() -> None:
    chance, found = random.Random(1), costs(RESULTS)
    few, many = (simulate(Plan(visitors, 1, 2, 1, 0), found, chance) for visitors in (20, 400))
    assert few.cores_busy < many.cores_busy
    assert few.nodes_busy < many.nodes_busy
    proxied = simulate(Plan(400, 1, 2, 1, 1), found, chance)
    assert proxied.at_machines < many.at_machines
