"""The lowest mean of the last ten latencies."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.errors import ConfigError
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Fate, Outcome
from zeta_router.policies.rivals.base import Rival, pick
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

WINDOW = 10
TIMEOUT_S = 1000.0
"""What a timeout counts as."""


class LowestLatency(Rival):
    """Any model whose mean of the last ten latencies is within `buffer` of the lowest.

    A latency is seconds per output token; a timeout counts as 1,000 s, other failures not at all. Every list begins
    with a 0, so that each model is tried. Source: LiteLLM 1.106, `router_strategy/lowest_latency.py`, where the list
    slides (earlier versions kept its first nine) and the buffer is 0 unless it is set.
    """

    def __init__(self, *, buffer: float = 0.1) -> None:
        if not buffer >= 0:
            raise ConfigError(f"buffer must be 0 or more, got {buffer!r}")
        self._buffer = buffer
        self._latencies: dict[tuple[str, str], deque[float]] = {}

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick one of the fastest."""
        means = [self._mean(c.key) for c in candidates]
        bound = min(means) * (1.0 + self._buffer)
        near = [i for i, mean in enumerate(means) if mean <= bound]
        picked = rng.choice(near)
        values = [-mean for mean in means]
        return pick(candidates, values, picked, f"{means[picked] * 1e3:.1f} ms per token", propensity=1.0 / len(near))

    def _mean(self, key: tuple[str, str]) -> float:
        seen = self._latencies.get(key)
        return sum(seen) / len(seen) if seen else 0.0

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Append the latency, and let the eleventh last one go."""
        if outcome.fate is Fate.timeout:
            latency = TIMEOUT_S
        elif outcome.fate is Fate.ok and outcome.timings.total is not None:
            latency = outcome.timings.total / (outcome.output_tokens or 1)
        else:
            return ()
        self._latencies.setdefault(decision.key, deque((0.0,), maxlen=WINDOW)).append(latency)
        return ()
