"""What so many visitors a second need, simulated on measured figures: `python -m bench.simulate [RESULTS.json]`.

Visitors come at random to a mix of pages; a machine's cores and a node's threads serve them in the order in which they
come. How long each kind of answer takes is what `script/bench` measured; how the mempool and the tip move is mainnet's.
"""

from __future__ import annotations

import heapq
import json
import random
import sys
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from statistics import quantiles
from typing import Any, Final, NamedTuple

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"
SECONDS: Final = 20  # simulated, after the caches have filled for as long
MEMPOOL_SECONDS: Final = 0.5  # between two contents of the mempool that a watcher sees, on a busy main chain
TIP_SECONDS: Final = 600  # between two blocks
NODE_CORES: Final = 4  # of each node's machine
MOST: Final = 400_000  # visits simulated of one plan

# What visitors open: the share, whether the mempool changes it, how many different pages there are, and how steeply
# their popularity falls (Zipf). Every eleventh visit is to a page that nobody ever opened: a crawler's.
MIX: Final = {
    "home": (0.30, True, 1, 1.0),
    "block": (0.25, False, 4_000, 1.0),
    "tx": (0.36, True, 60_000, 0.9),
    "cold tx": (0.06, True, 0, 0.0),
    "cold block": (0.03, False, 0, 0.0),
}


@dataclass(frozen=True)
class Costs:
    """Seconds. `hit` is of one core; making a page takes `cpu` of one and `node` of a node's."""

    hit: float
    again: tuple[float, float]  # (cpu, node), of a page whose facts are kept
    cold_tx: tuple[float, float]
    cold_block: tuple[float, float]


class Plan(NamedTuple):
    """`micro` is for how many seconds a proxy in front answers by itself with what it has; 0 without one."""

    visitors: int  # a second
    machines: int
    cores: int  # of each
    nodes: int
    micro: float


class Outcome(NamedTuple):
    plan: Plan
    at_machines: float  # visits a second that reach them
    cores_busy: float
    nodes_busy: float
    median: float  # seconds
    p99: float


PLANS: Final = (
    Plan(1, 1, 2, 1, 0),
    Plan(100, 1, 2, 1, 0),
    Plan(1_000, 1, 2, 1, 1),
    Plan(1_000, 2, 4, 1, 1),
    Plan(10_000, 2, 4, 2, 1),
    Plan(10_000, 4, 8, 4, 1),
)


def costs(results: dict[str, Any]) -> Costs:
    """From what script/bench measured: times of answers less those of the raw calls in them are ours."""
    figures = {figure["name"]: figure for figure in results["figures"]}

    def split(name: str) -> tuple[float, float]:
        whole, calls = figures[name]["measured"] / 1000, figures[name]["yardstick"] / 1000
        return max(whole - calls, 0.001), min(whole, calls)

    cores = results["machine"]["cores"]
    # The visitor and the node ran on the same cores, so this errs to the dear side.
    hit = max(cores / figures[name]["measured"] for name in ("warm-home", "warm-block", "warm-tx"))
    cpu, _ = split("cold-tx")
    return Costs(hit, (cpu, 0.0015), split("cold-tx"), split("cold-block-txindex"))


def simulate(plan: Plan, costs: Costs, chance: random.Random) -> Outcome:
    """Machines are dealt visitors in turn. The memory of one is that of all: they share a Redis."""
    kept: dict[tuple[str, int, int], float] = {}  # page and generation: when it is there
    proxied: dict[tuple[str, int], float] = {}  # page: until when the proxy answers
    cores = [[0.0] * plan.cores for _ in range(plan.machines)]
    node_cores = [0.0] * (plan.nodes * NODE_CORES)
    spans: list[float] = []
    reached, busy, node_busy = 0, 0.0, 0.0
    kinds = list(MIX)
    shares = list(accumulate(share for share, *_ in MIX.values()))
    pages = {
        name: list(accumulate(1 / rank**fall for rank in range(1, count + 1)))
        for name, (_, _, count, fall) in MIX.items()
    }
    seconds = min(2 * SECONDS, MOST / plan.visitors) if plan.visitors > 10 else 600
    now, never_seen = 0.0, 0
    while now < seconds:
        now += chance.expovariate(plan.visitors)
        (kind,) = chance.choices(kinds, cum_weights=shares)
        _, has_mempool, count, _ = MIX[kind]
        never_seen -= 1
        page = chance.choices(range(count), cum_weights=pages[kind])[0] if count else never_seen
        counts = now > seconds / 2
        if plan.micro and proxied.get((kind, page), -1.0) > now:
            if counts:
                spans.append(0.0)
            continue
        proxied[kind, page] = now + plan.micro
        generation = int(now / (MEMPOOL_SECONDS if has_mempool else TIP_SECONDS))
        cpu, node = costs.hit, 0.0
        there = kept.get((kind, page, generation))
        if there is None:
            cpu, node = {"cold tx": costs.cold_tx, "cold block": costs.cold_block}.get(kind, costs.again)
        machine = cores[reached % plan.machines]
        start = max(now, heapq.heappop(machine))
        if node:
            begin = max(start, heapq.heappop(node_cores))
            heapq.heappush(node_cores, begin + node)
            asked = begin + node
        else:
            asked = max(start, there or 0.0)
        heapq.heappush(machine, start + cpu)  # while the node answers, the core serves others
        end = asked + cpu
        if there is None:
            kept[kind, page, generation] = end
        reached += 1
        if counts:
            busy, node_busy = busy + cpu, node_busy + node
            spans.append(end - now)
    half = seconds / 2
    cut = quantiles(spans, n=100)
    return Outcome(
        plan,
        reached / seconds,
        busy / half / (plan.machines * plan.cores),
        node_busy / half / len(node_cores),
        cut[49],
        cut[98],
    )


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    found = costs(json.loads(path.read_text()))
    print(
        f"A page that is kept takes {found.hit * 1000:.2f} ms of a core; made again {found.again[0] * 1000:.1f} ms; "
        f"cold ones {found.cold_tx[0] * 1000:.1f} ms (transaction) and {found.cold_block[0] * 1000:.1f} ms (block), "
        f"and {found.cold_tx[1] * 1000:.1f} and {found.cold_block[1] * 1000:.1f} ms of the node.\n"
    )
    print(
        "| visitors/s | machines x cores | nodes | proxy keeps | reach us /s | cores busy | nodes busy | median | p99 |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for plan in PLANS:
        o = simulate(plan, found, random.Random(1))
        print(
            f"| {plan.visitors:,} | {plan.machines} x {plan.cores} | {plan.nodes} | "
            f"{f'{plan.micro:g} s' if plan.micro else 'no proxy'} | {o.at_machines:,.0f} | {o.cores_busy:.0%} | "
            f"{o.nodes_busy:.0%} | {o.median * 1000:.1f} ms | {o.p99 * 1000:.0f} ms |"
        )


if __name__ == "__main__":
    main()
