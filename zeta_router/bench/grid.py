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
from zeta_router.bench.kept import Key, keep, kept, key_of
from zeta_router.bench.measures import Measures, measure
from zeta_router.bench.play import play
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.traces import name_of
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

    @property
    def key(self) -> Key:
        """What tells it from others."""
        return (self.policy, self.scenario, self.load, self.seed, self.requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared."""

    policies: Sequence[str]
    scenarios: Sequence[str]
    seeds: Sequence[int]
    loads: Sequence[float] = (1.0,)
    requests: int = REQUESTS
    data: Path | None = None
    """Where the Azure traces are, or a log; None is the synthetic trace."""

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
    plan: Plan,
    *,
    processes: int | None = None,
    keep_in: Path | None = None,
    done: Callable[[Measures], None] = lambda measures: None,
) -> list[Measures]:
    """Make all runs and return their figures, in the order of the plan.

    Args:
        plan: What to run.
        processes: How many at once; None is one per core. With 1 all is done in this process.
        keep_in: A file that every run is added to; those that it has already are not made again.
        done: Called after every run.
    """
    trace = name_of(plan.data)
    tasks = list(plan.tasks())
    found = kept(keep_in, trace) if keep_in is not None else {}
    left = [task for task in tasks if task.key not in found]
    for task in tasks:
        if task.key in found:
            done(found[task.key])
    for measures in _run_all(left, processes or os.cpu_count() or 1):
        found[key_of(measures)] = measures
        if keep_in is not None:
            keep(keep_in, measures, trace)
        done(measures)
    return [found[task.key] for task in tasks]


def _run_all(tasks: Sequence[Task], processes: int) -> Iterator[Measures]:
    """Make runs, over several processes where more than one is asked for; yield each as it ends."""
    if min(processes, len(tasks)) <= 1:
        yield from map(run_task, tasks)
        return
    with ProcessPoolExecutor(min(processes, len(tasks)), mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(run_task, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
