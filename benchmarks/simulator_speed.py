"""How many requests a minute the simulated host takes in virtual time: three models, one host, one core.

    python benchmarks/simulator_speed.py [requests]

Arrivals are Poisson at a rate that the host keeps up with, prompts and answers of sampled length, no tokens watched.
"""

from __future__ import annotations

import sys
import time
from random import Random

from zeta_router.simulator.engine import Engine, Job, JobEvent, JobState, Work
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.tags import model_from_tag

SIDE_BY_SIDE = ("llama3.2:3b", "qwen2.5-coder:7b", "llama3.2:1b")
IN_TURNS = ("phi4:14b", "deepseek-r1:14b", "qwen2.5:14b")  # only one fits
NUM_CTX = 8192


def simulate(tags: tuple[str, ...], requests: int, *, arrivals_per_s: float, num_parallel: int = 1) -> Engine:
    """Play `requests` arrivals to their end and return the host."""
    rng = Random(1)
    models = [model_from_tag(tag) for tag in tags]
    engine = Engine(models, settings=ServerSettings(num_parallel=num_parallel))
    ended: list[Job] = []

    def hear(job: Job, event: JobEvent) -> None:
        if event is JobEvent.finished:
            ended.append(job)

    now = 0.0
    for _ in range(requests):
        now += rng.expovariate(arrivals_per_s)
        engine.advance(now)
        work = Work(
            model=rng.choice(models),
            prompt_tokens=1 + int(rng.expovariate(1 / 400)),
            output_tokens=1 + int(rng.expovariate(1 / 150)),
            num_ctx=NUM_CTX,
        )
        engine.submit(work, listener=hear)
    engine.run_until_idle()
    assert len(ended) == requests
    assert all(job.state is JobState.finished for job in ended)
    return engine


def measure(title: str, tags: tuple[str, ...], requests: int, *, arrivals_per_s: float, num_parallel: int = 1) -> None:
    """Print how fast one setting goes."""
    started = time.process_time()
    engine = simulate(tags, requests, arrivals_per_s=arrivals_per_s, num_parallel=num_parallel)
    seconds = time.process_time() - started
    print(
        f"{title}: {requests} simulated requests, {engine.now / 3600:.1f} simulated hours, "
        f"in {seconds:.1f} s of CPU: {requests / seconds * 60:,.0f} requests/min"
    )


def main() -> None:
    """Print one line per setting."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    measure("three models loaded, 1 slot", SIDE_BY_SIDE, requests, arrivals_per_s=0.8)
    measure("three models loaded, 4 slots", SIDE_BY_SIDE, requests, arrivals_per_s=0.8, num_parallel=4)
    measure("three models taking turns", IN_TURNS, requests, arrivals_per_s=0.1)


if __name__ == "__main__":
    main()
