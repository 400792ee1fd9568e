"""The model with the fewest requests in flight."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice
from zeta_router.policies.rivals.base import Rival, pick
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess


class LeastBusy(Rival):
    """Picks the fewest in flight, any of several. Source: "least outstanding requests", as LiteLLM's `least-busy`."""

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick by what is in flight now."""
        values = [-float(c.in_flight) for c in candidates]
        idlest = max(values)
        ties = [i for i, value in enumerate(values) if value == idlest]
        return pick(candidates, values, rng.choice(ties), f"{-idlest:.0f} in flight", propensity=1.0 / len(ties))
