"""`Stopwatch`: a policy as it is, with the CPU time taken of some of its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from time import thread_time

from zeta_router.decision import Candidate, Choice
from zeta_router.policies.base import Policy
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

TIMED_EVERY = 16
"""Decisions per one whose time is taken: looking at the clock is not free either."""


class Stopwatch:
    """Hands everything on to a policy."""

    def __init__(self, policy: Policy, taken_us: list[float]) -> None:
        """Measure `policy`; microseconds go to `taken_us`."""
        self._choose = policy.choose
        self._taken_us = taken_us
        self._count = 0
        self.begin = policy.begin
        self.learn = policy.learn
        self.feedback = policy.feedback
        self.beliefs = policy.beliefs

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """As the policy's."""
        self._count += 1
        if self._count % TIMED_EVERY:
            return self._choose(request, guess, candidates, now=now, rng=rng)
        began = thread_time()
        choice = self._choose(request, guess, candidates, now=now, rng=rng)
        self._taken_us.append((thread_time() - began) * 1e6)
        return choice
