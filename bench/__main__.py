"""`script/bench`: measures the explorer as it is served in production, each figure beside its yardstick.

A real node on regtest is filled for it. Everything listens on 127.0.0.1 only, and ends with the run.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import subprocess
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import report
from bench.report import Figure, Skipped
from bench.rows import ON_REQUEST, ROWS
from bench.world import Options, World
from tests.server import ROOT

TURNS, QUICK_TURNS = 5, 1
DEPTH, QUICK_DEPTH = 100_000, 400
RESULTS = ROOT / "bench" / "results" / "latest.json"


def main() -> int:
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # nodes and servers end with the run all the same
    binary = os.environ.get("BITCOIND")
    if not binary:
        print("There is no bitcoind to measure with: script/bitcoind says what can be done.", file=sys.stderr)
        return 2
    try:
        names = _chosen(arguments.rows, with_depth=arguments.depth is not None)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    quick = arguments.quick
    options = Options(
        binary=binary,
        turns=arguments.turns or (QUICK_TURNS if quick else TURNS),
        quick=quick,
        depth=arguments.depth or (QUICK_DEPTH if quick else DEPTH),
    )
    facts = _machine() | {"turns": options.turns, "quick": quick}
    figures: list[Figure] = []
    lost: dict[str, str] = {}
    with World(options) as world:
        _say("Building the chain …")
        world.node()
        facts |= world.facts
        print(*(f"{name}: {value}" for name, value in facts.items()), sep="\n", end="\n\n")
        print(report.heading(), flush=True)
        for name in names:
            began = time.monotonic()
            try:
                for figure in ROWS[name](world):
                    figures.append(figure)
                    print(figure.line(), *figure.details(), sep="\n", flush=True)
            except Skipped as reason:
                lost[name] = f"skipped: {reason}"
            except Exception as error:  # of one row: the others are measured all the same
                lost[name] = f"failed: {type(error).__name__}: {error}"
                _say(traceback.format_exc())
            if name in lost:
                print(f"{name}  {lost[name]}", flush=True)
            _say(f"    ({name} took {time.monotonic() - began:.0f} s)")
    report.write(arguments.json, facts, figures, lost)
    met = sum(figure.is_met for figure in figures)
    print(f"\n{met} of {len(figures)} goals met; {len(lost)} rows without figures. Written to {arguments.json}")
    if quick:
        print("This was a quick run: its figures mean nothing.")
    return 1 if any(why.startswith("failed") for why in lost.values()) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description=(__doc__ or "").split("\n\n", 1)[1],
        epilog=f"Rows: {', '.join(ROWS)}. The end is 1 if a row failed; goals that are not met do not count.",
    )
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help="rows by name, or by its beginning: warm means all of warm-…"
    )
    parser.add_argument("--quick", action="store_true", help="a tiny chain and short turns, to see that all rows run")
    parser.add_argument("--turns", type=_positive, metavar="N", help=f"turns of each row ({TURNS})")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where the figures go")
    parser.add_argument(
        "--depth",
        type=_positive,
        metavar="N",
        help=f"height of the long chain ({DEPTH:,}); the row depth runs when it is named, or with this option",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _chosen(asked: list[str], *, with_depth: bool) -> list[str]:
    """Rows in their order. Raises ValueError for a name that there is not."""
    if not asked:
        return [name for name in ROWS if with_depth or name not in ON_REQUEST]
    for word in asked:
        if not any(_means(word, name) for name in ROWS):
            raise ValueError(f"There is no row {word}. Rows: {', '.join(ROWS)}")
    return [name for name in ROWS if any(_means(word, name) for word in asked)]


def _means(word: str, name: str) -> bool:
    return name == word or name.startswith(f"{word}-")


def _machine() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("describe", "--always", "--dirty"),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": ", ".join(f"{load:.2f}" for load in os.getloadavg()) + " (before the run)",
    }


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _say(text: str) -> None:
    """To whoever waits for it."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
