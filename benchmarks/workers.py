"""What several processes lose to one: a scenario of the bench, each request in a worker drawn by lot. SIMULATED.

    python benchmarks/workers.py --data DATA [--seeds 0-4] [--workers 4,16] [--scenario stationary]

Each worker is a router of its own. Alone, it knows its own requests only. Sharing a store, it takes a turn whenever a
request comes, and so knows what the others learned and what they have in flight; in a process that turn comes four
times a second by itself. Bound: 16 workers that share stay within 0.005 of one.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import mean, stdev

from zeta_router import ZetaDynamicRouter
from zeta_router.bench.contenders import contender
from zeta_router.bench.play import Player, router_of
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.workload import workload
from zeta_router.bench.world import World
from zeta_router.store import MemoryStore
from zeta_router.store.journal import Journal

REQUESTS = 3_000
NEVER_S = 1e6
"""Between two turns of a store's own thread: here turns are taken in virtual time."""
BOUND = 0.005


class Workers(Player):
    """One run in progress, its requests spread over several routers."""

    def __init__(self, world: World, seed: int, number: int, store: MemoryStore | None) -> None:
        make = contender("phase-times")
        super().__init__("phase-times", make(world)[0], world, seed=seed, load=1.0)
        self.routers = [router_of(world, make(world)[0], Random(f"router {seed} {i}")) for i in range(number)]
        self._lot = Random(f"workers {seed}")
        self._journals: dict[ZetaDynamicRouter, Journal] = {}
        if store is not None:
            for router in self.routers:
                self._journals[router] = journal = Journal(store, router._dispatcher, turn_s=NEVER_S)
                router._dispatcher.journal = journal
                journal.start()

    def next_router(self) -> ZetaDynamicRouter:
        """Return one of the workers, which knows what has happened until now."""
        chosen = self._lot.choice(self.routers)
        if self._journals:
            for journal in self._journals.values():
                if journal.state().waiting:
                    journal.sync()
            self._journals[chosen].sync()
        return chosen


def utility(scenario: str, data: Path, seed: int, number: int, *, shares: bool) -> float:
    """Return the mean utility of a run."""
    chosen = SCENARIOS[scenario]
    world = World(chosen, workload(chosen, load=1.0, seed=seed, requests=REQUESTS, data=data), seed)
    workers = Workers(world, seed, number, MemoryStore() if shares else None)
    workers.play()
    if workers.run.troubles:
        raise SystemExit(f"the routers had trouble: {workers.run.troubles}")
    for router in workers.routers:
        router.close()
    return mean(record.utility for record in workers.run.records)


def told(gains: Sequence[float]) -> str:
    """Return the mean with its standard error."""
    error = stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else math.nan
    return f"{mean(gains):+.4f} ± {error:.4f}"


def main() -> None:
    """Play, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", default="0-4")
    parser.add_argument("--workers", default="4,16")
    parser.add_argument("--scenario", default="stationary", choices=sorted(SCENARIOS))
    asked = parser.parse_args()
    first, _, last = asked.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    one = [utility(asked.scenario, asked.data, seed, 1, shares=False) for seed in seeds]
    print(f"SIMULATED. {asked.scenario}, seeds {asked.seeds}: utility of one worker {mean(one):.4f}", flush=True)
    for number in map(int, asked.workers.split(",")):
        for shares in (False, True):
            many = [utility(asked.scenario, asked.data, seed, number, shares=shares) for seed in seeds]
            gains = told([more - alone for more, alone in zip(many, one, strict=True)])
            bound = f"   (bound -{BOUND})" if shares else ""
            print(f"{number:3} workers, {'sharing a store' if shares else 'alone':16} {gains}{bound}", flush=True)


if __name__ == "__main__":
    main()
