"""How many simulated requests per second of CPU `zeta bench` plays: `python benchmarks/bench_speed.py [requests]`.

The whole router works for each of them: it decides, counts, learns, takes feedback; on the synthetic trace, one core.
"""

from __future__ import annotations

import sys
import time

from zeta_router.bench.contenders import CONTENDERS
from zeta_router.bench.play import play
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.workload import workload
from zeta_router.bench.world import World


def measure(policy: str, scenario: str, requests: int) -> float:
    """Return requests per second of CPU."""
    setting = SCENARIOS[scenario]
    work = workload(setting, load=1.0, seed=1, requests=requests, data=None)
    world = World(setting, work, 1)
    made = CONTENDERS[policy](world)[0]
    began = time.process_time()
    play(policy, made, world, seed=1, load=1.0)
    return requests / (time.process_time() - began)


def main() -> None:
    """Print one line per policy."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000
    for policy in ("static", "lowest-latency", "ucb1", "linucb", "phase-times", "oracle"):
        found = [f"{scenario} {measure(policy, scenario, requests):6,.0f}" for scenario in ("stationary", "twelve")]
        print(f"{policy:15} requests/s of CPU: {', '.join(found)}")


if __name__ == "__main__":
    main()
