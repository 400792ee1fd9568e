"""Everything to one model."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice
from zeta_router.policies.rivals.base import Rival, best_of, pick
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess


class OneModel(Rival):
    """Always the same model; on the host with the least in flight; where it cannot serve, the first that can.

    Source: what most programs do. The bench runs it once per model and shows the best of them, as only hindsight can.
    """

    def __init__(self, model: str) -> None:
        self.model = model

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick by name."""
        values = [(1.0 if c.model == self.model else -1e6) - c.in_flight for c in candidates]
        return pick(candidates, values, best_of(values), f"always {self.model}")
