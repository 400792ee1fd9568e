"""`Rewards`: an outcome as the one number that a bandit learns from."""

from __future__ import annotations

from zeta_router.decision import Decision
from zeta_router.objective import Objective
from zeta_router.outcome import Outcome

PRIOR_QUALITY, PRIOR_WEIGHT = 0.5, 1.0
"""What an answer is taken to be worth before anybody had an opinion on the model, and the opinions this counts for."""
OPEN_MOST = 1_000
"""Decisions whose opinion is waited for."""


class Rewards:
    """Utility of an attempt: the quality expected of its model so far, less the penalty on its time.

    Most answers never get an opinion, and those that do get it late. So the mean opinion on the model and task stands
    in for the quality at first, and a late opinion brings the difference.
    """

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._opinions: dict[tuple[str, str], tuple[float, float]] = {}
        self._assumed: dict[str, float] = {}

    def of(self, decision: Decision, outcome: Outcome) -> float | None:
        """Return the reward, or None where nothing can be learned: the caller went away, or a cache answered."""
        seconds = outcome.timings.total
        if outcome.fate.abandoned or seconds is None:
            return None
        quality = 0.0
        if outcome.fate.answered:
            weight, total = self._opinions.get((decision.model, decision.task), (0.0, 0.0))
            quality = (total + PRIOR_QUALITY * PRIOR_WEIGHT) / (weight + PRIOR_WEIGHT)
            self._assumed[decision.id] = quality
            if len(self._assumed) > OPEN_MOST:
                del self._assumed[next(iter(self._assumed))]
        nodes = (seconds, seconds, seconds)
        return quality - self._objective.expected_penalty(0.0, nodes, self._objective.seconds_for(decision.task))

    def correction(self, decision: Decision, score: float) -> float:
        """Fold in an opinion and return what has to be added to the reward that was given for this decision."""
        key = (decision.model, decision.task)
        weight, total = self._opinions.get(key, (0.0, 0.0))
        self._opinions[key] = (weight + 1.0, total + score)
        assumed = self._assumed.pop(decision.id, None)
        return 0.0 if assumed is None else score - assumed

    @property
    def lowest(self) -> float:
        """The lowest reward there can be; the highest is 1."""
        return -self._objective.most
