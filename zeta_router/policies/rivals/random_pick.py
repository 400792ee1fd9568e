"""Any model, each as likely as the others."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice
from zeta_router.policies.rivals.base import Rival, pick
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess


class RandomPick(Rival):
    """Picks uniformly. Source: LiteLLM's default, `simple-shuffle`, without weights."""

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick one of the candidates."""
        count = len(candidates)
        return pick(candidates, [0.0] * count, rng.randrange(count), "any model", propensity=1.0 / count)
