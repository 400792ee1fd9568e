"""The power of two choices, on a latency that believes bad news at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.errors import ConfigError
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Outcome
from zeta_router.policies.rivals.base import Rival, best_of, pick
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

BUSY_UNKNOWN_S = 1e6
"""Latency of a model that has answered nothing yet, and is at work: it must not get everything."""


class PeakEwma(Rival):
    """Of two candidates drawn at random, the one with the lower `latency * (in flight + 1)`.

    The latency jumps up to a slower answer, and fades towards a faster one with time constant `decay_s`. Source:
    Twitter Finagle, `PeakEwma`; two choices: Mitzenmacher, IEEE TPDS 12 (2001).
    """

    def __init__(self, *, decay_s: float = 60.0) -> None:
        if not decay_s > 0:
            raise ConfigError(f"decay_s must be above 0, got {decay_s!r}")
        self._decay_s = decay_s
        self._latency: dict[tuple[str, str], tuple[float, float]] = {}

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Draw two, pick the cheaper."""
        values = [-self._cost(c, now) for c in candidates]
        count = len(candidates)
        if count == 1:
            return pick(candidates, values, 0, "the only one")
        drawn = rng.sample(range(count), 2)
        picked = drawn[best_of([values[i] for i in drawn])]
        # it wins every pair with a dearer one; with equally dear ones, when it is drawn first
        beaten = sum(v < values[picked] for v in values) + (sum(v == values[picked] for v in values) - 1) / 2
        propensity = beaten / (count * (count - 1) / 2)
        return pick(candidates, values, picked, f"cost {-values[picked]:.1f}, the lower of two", propensity=propensity)

    def _cost(self, candidate: Candidate, now: float) -> float:
        known = self._latency.get(candidate.key)
        if known is None:
            return BUSY_UNKNOWN_S + candidate.in_flight if candidate.in_flight else 0.0
        latency, at = known
        return latency * math.exp(-max(now - at, 0.0) / self._decay_s) * (candidate.in_flight + 1)

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Jump to the peak, or fade towards what was seen."""
        seen = outcome.timings.total
        if seen is None or outcome.fate.abandoned:
            return ()
        latency, at = self._latency.get(decision.key, (seen, now))
        if seen < latency:
            weight = math.exp(-max(now - at, 0.0) / self._decay_s)
            seen = latency * weight + seen * (1.0 - weight)
        self._latency[decision.key] = (seen, max(now, at))
        return ()
