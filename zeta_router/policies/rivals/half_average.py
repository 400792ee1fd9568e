"""The seed's pseudocode, made to run: half-averages of times, and counts."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Literal

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Outcome
from zeta_router.policies.rivals.base import Rival, best_of, pick
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess


class HalfAverage(Rival):
    """Keeps `metric = (old + new) / 2` per model, from 0, and a count per task and model.

    By `time` it picks the lowest metric: all models look infinitely fast at first, and the fastest wins in the end,
    good or not. By `count` it picks what was picked most, ties by the metric: it stays with its first choice for ever.
    Source: the project's seed, whose pseudocode allows both readings.
    """

    def __init__(self, by: Literal["time", "count"] = "time") -> None:
        self._by = by
        self._metric: dict[tuple[str, str], float] = {}
        self._count: dict[tuple[str, str, str], int] = {}

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick the lowest metric, or the highest count."""
        values = [-self._metric.get(c.key, 0.0) for c in candidates]
        if self._by == "count":
            # times are far below 1e6 s: the metric only decides between equal counts
            values = [
                self._count.get((guess.task, *c.key), 0) + v / 1e6 for c, v in zip(candidates, values, strict=True)
            ]
        picked = best_of(values)
        metric = self._metric.get(candidates[picked].key, 0.0)
        return pick(candidates, values, picked, f"half-average {metric:.1f} s")

    def begin(self, decision: Decision) -> None:
        """Count the preference."""
        arm = (decision.task, *decision.key)
        self._count[arm] = self._count.get(arm, 0) + 1

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Average the time in."""
        if outcome.timings.total is not None:
            self._metric[decision.key] = (self._metric.get(decision.key, 0.0) + outcome.timings.total) / 2.0
        return ()
