"""A run in figures: small enough to be sent between processes, and to be kept for every seed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from zeta_router.bench.affected import Moved, moved
from zeta_router.bench.records import Run
from zeta_router.bench.world import World
from zeta_router.metrics import quantile

CURVE_POINTS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One policy in one scenario at one load with one seed. Simulated."""

    policy: str
    scenario: str
    load: float
    seed: int
    requests: int
    utility: float
    """Mean."""
    quality: float
    """Mean, 0 for requests without an answer."""
    in_time: float
    """Share that was answered within the expected seconds."""
    failed: float
    """Share without an answer."""
    p50_s: float
    p95_s: float
    p99_s: float
    loads_per_100: float
    """Models brought into memory per 100 requests."""
    probe_share: float
    """Share of the calls that were made to learn."""
    choose_us: float | None
    """Microseconds of CPU that the policy needs for one decision, median."""
    choose_p99_us: float | None
    moved: Moved
    curve: tuple[float, ...]
    """Mean utility of each sixtieth of the run."""
    troubles: tuple[str, ...]
    requests_per_s: float
    """How fast it was played."""


def measure(run: Run, world: World) -> Measures:
    """Return the figures of a run."""
    records, requests = run.records, len(run.records)
    seconds = sorted(r.seconds for r in records)
    us = sorted(run.choose_us)
    cuts = [round(requests * i / CURVE_POINTS) for i in range(CURVE_POINTS + 1)]
    parts = [records[a:b] for a, b in itertools.pairwise(cuts)]
    return Measures(
        policy=run.policy,
        scenario=run.scenario,
        load=run.load,
        seed=run.seed,
        requests=requests,
        utility=sum(r.utility for r in records) / requests,
        quality=sum(r.quality for r in records) / requests,
        in_time=sum(r.in_time for r in records) / requests,
        failed=sum(r.quality == 0.0 for r in records) / requests,
        p50_s=quantile(seconds, 0.50) or 0.0,
        p95_s=quantile(seconds, 0.95) or 0.0,
        p99_s=quantile(seconds, 0.99) or 0.0,
        loads_per_100=100.0 * run.loads / requests,
        probe_share=run.explored / run.calls if run.calls else 0.0,
        choose_us=quantile(us, 0.50),
        choose_p99_us=quantile(us, 0.99),
        moved=moved(records, world.work, world.scenario, run.seed),
        curve=tuple(sum(r.utility for r in part) / len(part) for part in parts if part),
        troubles=run.troubles,
        requests_per_s=requests / run.wall_s if run.wall_s else 0.0,
    )
