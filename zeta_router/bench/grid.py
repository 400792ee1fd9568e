"""All runs of a comparison: policies × scenarios × loads × seeds, over the cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from zeta_router.bench.contenders import contender
from zeta_router.bench.measures import Measures, measure
from zeta_router.bench.play import play
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.workload import workload
from zeta_router.bench.world import World

REQUESTS = 3_000
"""Of a run, as in the study."""


class Task(NamedTuple):
    """One run that is to be made."""

    policy: str
    scenario: str
    load: float
    seed: int
    requests: int
    data: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared."""

    policies: Sequence[str]
    scenarios: Sequence[str]
    seeds: Sequence[int]
    loads: Sequence[float] = (1.0,)
    requests: int = REQUESTS
    data: Path | None = None
    """Where the traces are; None is the synthetic one."""

    def tasks(self) -> Iterator[Task]:
        """Return the runs, those with the same requests one after the other."""
        for seed in self.seeds:
            for scenario in self.scenarios:
                for load in self.loads:
                    for policy in self.policies:
                        yield Task(policy, scenario, load, seed, self.requests, self.data)


def run_task(task: Task) -> Measures:
    """Make one run and return its figures."""
    scenario = SCENARIOS[task.scenario]
    work = workload(scenario, load=task.load, seed=task.seed, requests=task.requests, data=task.data)
    make = contender(task.policy)
    found = []
    for number in range(len(make(World(scenario, work, task.seed)))):
        world = World(scenario, work, task.seed)
        run = play(task.policy, make(world)[number], world, seed=task.seed, load=task.load)
        found.append(measure(run, world))
    return max(found, key=lambda measures: measures.utility)


def run_plan(
    plan: Plan, *, processes: int | None = None, done: Callable[[Measures], None] = lambda measures: None
) -> list[Measures]:
    """Make all runs and return their figures, in the order of the plan.

    Args:
        plan: What to run.
        processes: How many at once; None is one per core. With 1 all is done in this process.
        done: Called after every run.
    """
    tasks = list(plan.tasks())
    count = min(processes or os.cpu_count() or 1, len(tasks))
    found: dict[int, Measures] = {}
    if count == 1:
        for number, task in enumerate(tasks):
            found[number] = run_task(task)
            done(found[number])
    else:
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            numbers = {pool.submit(run_task, task): number for number, task in enumerate(tasks)}
            for future in as_completed(numbers):
                found[numbers[future]] = future.result()
                done(future.result())
    return [found[number] for number in range(len(tasks))]
