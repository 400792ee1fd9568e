"""Shadow mode: the static rule serves, Zeta decides beside it and learns from what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Outcome
from zeta_router.policies.base import Belief, Policy, tell_policy
from zeta_router.policies.static_rule import StaticRule
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess


class Shadow:
    """Asks one policy, serves another one's pick, and keeps both on the decision.

    The first of a decision's candidates is what `policy` would have picked; the decision's model is what served. What
    was predicted is `policy`'s.

    Args:
        policy: Decides and learns.
        serves: Picks what is really asked; None is the `StaticRule`.
    """

    def __init__(self, policy: Policy, serves: Policy | None = None) -> None:
        self.policy = policy
        self.serves: Policy = serves if serves is not None else StaticRule()

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick as `serves` does, with the scores of `policy`."""
        wanted = self.policy.choose(request, guess, candidates, now=now, rng=rng)
        served = self.serves.choose(request, guess, candidates, now=now, rng=rng)
        key = served.picked.candidate.key
        if key == wanted.picked.candidate.key:
            reason = f"shadow: {served.reason}; Zeta agrees"
            return wanted._replace(reason=reason, propensity=served.propensity, explored=False)
        picked = next(score for score in wanted.scores if score.candidate.key == key)
        reason = f"shadow: {served.reason}; Zeta would have picked {wanted.picked.model}: {wanted.reason}"
        return Choice(picked, wanted.scores, reason, propensity=served.propensity)

    def begin(self, decision: Decision) -> None:
        """Tell both."""
        self.policy.begin(decision)
        self.serves.begin(decision)

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Let both learn."""
        noticed = tuple(self.policy.learn(decision, outcome, now=now))
        self.serves.learn(decision, outcome, now=now)
        return noticed

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Let both learn."""
        self.policy.feedback(decision, score, now=now)
        self.serves.feedback(decision, score, now=now)

    def evidence(self, decision: Decision, score: float, weight: float, *, now: float) -> None:
        """Let both learn, if they can weigh it."""
        tell_policy(self.policy, decision, score, weight, now)
        tell_policy(self.serves, decision, score, weight, now)

    def beliefs(self, *, now: float) -> Sequence[Belief]:
        """Return what `policy` has learned."""
        return self.policy.beliefs(now=now)
