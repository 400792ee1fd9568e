"""`Stopwatch`: a policy as it is, with the CPU time taken of some of its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from time import thread_time

from zeta_router.decision import Candidate, Choice
from zeta_router.policies.base import Policy
from zeta_router.policies.wrapped import Wrapped
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

TIMED_EVERY = 16
"""Decisions per one whose time is taken: looking at the clock is not free either."""


class Stopwatch(Wrapped):
    """Hands everything on to a policy; microseconds of some decisions go to `taken_us`."""

    def __init__(self, policy: Policy, taken_us: list[float]) -> None:
        super().__init__(policy)
        self._taken_us = taken_us
        self._count = 0

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick as the policy does."""
        self._count += 1
        if self._count % TIMED_EVERY:
            return self.policy.choose(request, guess, candidates, now=now, rng=rng)
        began = thread_time()
        choice = self.policy.choose(request, guess, candidates, now=now, rng=rng)
        self._taken_us.append((thread_time() - began) * 1e6)
        return choice
