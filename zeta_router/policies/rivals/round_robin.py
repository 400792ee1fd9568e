"""One after the other."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.policies.rivals.base import Rival, best_of, pick
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess


class RoundRobin(Rival):
    """Picks whose last turn is longest ago, the first in line among those that had none. Source: folklore."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, str], int] = {}
        self._count = 0

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick the next one."""
        values = [-float(self._turns.get(c.key, 0)) for c in candidates]
        return pick(candidates, values, best_of(values), "its turn")

    def begin(self, decision: Decision) -> None:
        """Note the turn."""
        self._count += 1
        self._turns[decision.key] = self._count
