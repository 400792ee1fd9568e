"""The path of a decision with each store: choose, begin, settle; as ratios within one run.

    python benchmarks/store_decisions.py

Every store's router takes its turn in one round after the other, so that all see the same machine. Requests come at a
rate that a busy service has; the store's thread writes meanwhile. No model runs: outcomes are invented.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from zeta_router import Fate, ModelCard, Outcome, Request, Timings, ZetaDynamicRouter
from zeta_router.store import MemoryStore

MODELS = [f"model-{number}:7b" for number in range(8)]
OUTCOME = Outcome(
    fate=Fate.ok,
    timings=Timings(wait=0.0, load=0.004, prefill=0.05, decode=1.0, total=1.054),
    prompt_tokens=200,
    output_tokens=100,
)
BOUND = 1.10
"""With a store the median may be a tenth above that of memory."""


def timed(router: ZetaDynamicRouter, request: Request) -> float:
    """Serve one request, and return the microseconds that the router took for it."""
    began = time.perf_counter()
    for attempt in router.plan(request):
        with attempt:
            attempt.settle(OUTCOME)
    return (time.perf_counter() - began) * 1e6


def measure(routers: dict[str, ZetaDynamicRouter], rounds: int, rate: float) -> dict[str, list[float]]:
    """Return the microseconds of every request, store by store."""
    took: dict[str, list[float]] = {name: [] for name in routers}
    rng = random.Random(7)
    names = list(routers)
    for _ in range(rounds):
        rng.shuffle(names)
        for name in names:
            took[name].append(timed(routers[name], Request(task="code", prompt_tokens=200)))
            time.sleep(rng.expovariate(rate))
    return {name: values[len(values) // 10 :] for name, values in took.items()}  # the first tenth warms up


def main() -> None:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3_000)
    parser.add_argument("--rate", type=float, default=400.0, help="requests a second, all stores together")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parent))
    from store_soak import Server

    with tempfile.TemporaryDirectory() as folder:
        stores: dict[str, object] = {"none": None, "memory": MemoryStore(), "sqlite": f"{folder}/log.db"}
        server = Server(Path(folder)) if shutil.which("redis-server") else None
        if server is not None:
            stores["redis"] = f"redis://127.0.0.1:{server.port}/0"
        routers = {
            name: ZetaDynamicRouter([ModelCard(name=m, host="http://h") for m in MODELS], store=store, rng=7)  # type: ignore[arg-type]
            for name, store in stores.items()
        }
        took = measure(routers, options.rounds, options.rate)
        for router in routers.values():
            router.close()
        if server is not None:
            server.stop()
    base = statistics.median(took["memory"])
    print(f"{'store':8} {'median µs':>10} {'p99 µs':>8} {'/ memory':>9}   8 candidates, choose + begin + settle")
    for name, values in took.items():
        median, p99 = statistics.median(values), statistics.quantiles(values, n=100)[98]
        print(f"{name:8} {median:10.1f} {p99:8.1f} {median / base:9.2f}")
    worst = max(statistics.median(values) for values in took.values()) / base
    if worst > BOUND:
        sys.exit(f"a store makes the path of a decision {worst:.2f} times as long as memory; the bound is {BOUND}")


if __name__ == "__main__":
    main()
