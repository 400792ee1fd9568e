"""`fit`: quality priors from published tables, so that a stream can be run with those its own table had no part in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from math import log
from statistics import mean

from zeta_router.bench.streams.published import Measured

SLOPE = 0.55
"""Logits per unit of ln(billions): 0.13 of quality, as the built-in line has, where quality is about 0.6."""
STEADY = 0.5
"""Measurements that a strength of 0 counts for. Tables disagree, so one alone is believed by two thirds."""
PER_LOGIT = 0.20
"""Quality per logit of accuracy where quality is about 0.7."""
MOST = 0.25
"""Largest shift: benchmarks exaggerate what differs in use."""
ROUNDS = 500

Shifts = dict[str, dict[str, float]]
"""Tag → task ("" for all tasks) → shift of quality against its size."""


def fit(rows: Collection[Measured]) -> Shifts:
    """Return the shifts that explain the rows best, by alternating means.

    The model: logit(accuracy) = ease of the benchmark + SLOPE * ln(billions) + strength of the model + its strength on
    the task, the last two drawn to 0. Benchmarks differ in difficulty, so only differences between models on one
    benchmark count. A model's strengths become a shift of quality against what its size says.
    """
    ease: dict[tuple[str, str], float] = defaultdict(float)
    strength: dict[str, float] = defaultdict(float)
    on_task: dict[tuple[str, str], float] = defaultdict(float)
    logits = [(row, log(row.accuracy / (1 - row.accuracy)) - SLOPE * log(row.billions)) for row in rows]
    for _ in range(ROUNDS):
        rest = defaultdict(list)
        for row, logit in logits:
            rest[row.table, row.benchmark].append(logit - strength[row.tag] - on_task[row.tag, row.task])
        ease.update({key: mean(values) for key, values in rest.items()})
        by_model, by_task = defaultdict(list), defaultdict(list)
        for row, logit in logits:
            by_model[row.tag].append(logit - ease[row.table, row.benchmark] - on_task[row.tag, row.task])
        strength.update({tag: sum(values) / (len(values) + STEADY) for tag, values in by_model.items()})
        for row, logit in logits:
            by_task[row.tag, row.task].append(logit - ease[row.table, row.benchmark] - strength[row.tag])
        on_task.update({key: sum(values) / (len(values) + STEADY) for key, values in by_task.items()})
    shifts: Shifts = {tag: {"": _bounded(PER_LOGIT * value)} for tag, value in strength.items()}
    for (tag, task), value in on_task.items():
        shifts[tag][task] = _bounded(PER_LOGIT * (strength[tag] + value))
    return shifts


def _bounded(shift: float) -> float:
    return round(min(max(shift, -MOST), MOST), 3)
