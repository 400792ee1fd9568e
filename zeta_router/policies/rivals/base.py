"""What rivals share: the methods that most of them need not, and how a pick becomes a `Choice`."""

from __future__ import annotations

from collections.abc import Sequence

from zeta_router.decision import Candidate, Choice, Decision, Score
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Outcome
from zeta_router.policies.base import Belief

Arm = tuple[str, str, str]
"""Task, model and host: what a bandit keeps apart."""


class Rival:
    """A policy that learns nothing; each rival overrides what it needs."""

    def begin(self, decision: Decision) -> None:
        """Nothing is kept."""

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Nothing is learned."""
        return ()

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Nothing is learned."""

    def beliefs(self, *, now: float) -> Sequence[Belief]:
        """Nothing is believed."""
        return ()


def pick(
    candidates: Sequence[Candidate],
    values: Sequence[float],
    picked: int,
    reason: str,
    *,
    propensity: float = 1.0,
    explored: bool = False,
) -> Choice:
    """Return the choice of the candidate number `picked`; `values` are what the policy goes by, higher is better."""
    scores = [Score(c, value) for c, value in zip(candidates, values, strict=True)]
    first = scores.pop(picked)
    scores.sort(key=lambda score: -score.utility)
    return Choice(first, (first, *scores), reason, propensity=propensity, explored=explored)


def best_of(values: Sequence[float]) -> int:
    """Return the number of the highest value, the first of several."""
    return max(range(len(values)), key=values.__getitem__)
