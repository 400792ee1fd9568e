"""`Wrapped`: a policy around another one, that learns whatever that one learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Outcome
from zeta_router.policies.base import Belief, Policy, tell_policy
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess


@dataclass
class Wrapped:
    """Hands everything on to a policy. Those that add something replace `choose`."""

    policy: Policy

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick as the wrapped policy does."""
        return self.policy.choose(request, guess, candidates, now=now, rng=rng)

    def begin(self, decision: Decision) -> None:
        """Hand on."""
        self.policy.begin(decision)

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Hand on."""
        return self.policy.learn(decision, outcome, now=now)

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Hand on."""
        self.policy.feedback(decision, score, now=now)

    def evidence(self, decision: Decision, score: float, weight: float, *, now: float) -> None:
        """Hand on, where the wrapped policy can weigh it."""
        tell_policy(self.policy, decision, score, weight, now)

    def beliefs(self, *, now: float) -> Sequence[Belief]:
        """Hand on."""
        return self.policy.beliefs(now=now)
