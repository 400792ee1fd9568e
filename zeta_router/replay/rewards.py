"""What an attempt was worth, in the parts that a log shows, and a running model of what others would be worth."""

from __future__ import annotations

from typing import NamedTuple

from zeta_router.decision import Score
from zeta_router.history.attempts import LoggedAttempt
from zeta_router.objective import Objective
from zeta_router.outcome import Fate, Outcome

FAILURE_COST = 0.25
"""Utility that a failed attempt costs beside its answer and its time: the next model has to start over."""
PRIOR_CALLS = 2.0
"""Calls that what the log's router expected counts for, against what was then seen."""
PRIOR_OPINIONS = 4.0


class Worth(NamedTuple):
    """What one attempt brings. The order is that of `PARTS`."""

    utility: float
    """Quality less the penalty on its time; below 0 where it fails."""
    seconds: float
    answered: float
    """1 or 0; expected: a probability."""
    quality: float
    """Of the answer, in [0, 1]; 0 where there is none."""


PARTS = Worth._fields


class Mean:
    """A running mean from a prior."""

    __slots__ = ("count", "total")

    def __init__(self) -> None:
        self.count = self.total = 0.0

    def add(self, value: float) -> None:
        """Take in one value."""
        self.count += 1.0
        self.total += value

    def of(self, prior: float, counts_for: float) -> float:
        """Return the mean, `prior` being worth so many values."""
        return (self.total + prior * counts_for) / (self.count + counts_for)


Arm = tuple[str, str, str]
"""Task, model, host."""


class RewardModel:
    """Expects of each model, host and task the mean of what was seen so far, from what the log's router expected.

    It has seen only the past when it is asked, so that its errors average out. Opinions are rare: the mean opinion
    stands in for a missing one, and a present one is weighted up by how rare they are (doubly robust once more, for
    opinions that are given at random).
    """

    def __init__(self, objective: Objective, *, opinion_share: float) -> None:
        self._objective = objective
        self._opinion_share = opinion_share
        self._answered: dict[Arm, Mean] = {}
        self._seconds: dict[Arm, Mean] = {}
        self._penalty: dict[Arm, Mean] = {}
        self._usual: dict[str, Mean] = {}
        self._opinions: dict[tuple[str, str], Mean] = {}

    def expect(self, task: str, score: Score) -> Worth:
        """Return what a candidate would bring."""
        arm = (task, *score.candidate.key)
        told = score.seconds if score.seconds is not None else self._usual_seconds(task)
        seconds = self._seconds.get(arm, NONE).of(told, PRIOR_CALLS)
        penalty = self._penalty.get(arm, NONE).of(self._penalty_of(told, task), PRIOR_CALLS)
        answered = self._answered.get(arm, NONE).of(1.0, PRIOR_CALLS)
        quality = answered * self.quality(task, score)
        return Worth(quality - penalty - (1.0 - answered) * FAILURE_COST, seconds, answered, quality)

    def quality(self, task: str, score: Score) -> float:
        """Return the expected quality of an answer, in [0, 1]."""
        prior = score.quality if score.quality is not None else 0.5
        return self._opinions.get((task, score.model), NONE).of(prior, PRIOR_OPINIONS)

    def seen(self, attempt: LoggedAttempt, outcome: Outcome, served: Score, *, quality: float) -> Worth:
        """Return what an attempt brought.

        Args:
            attempt: It.
            outcome: How it ended.
            served: The score of what served it.
            quality: What `quality` said of it when it was decided.
        """
        task = attempt.decision.task
        seconds = outcome.timings.total or 0.0
        answered = float(outcome.fate.answered)
        if answered and attempt.score is not None and self._opinion_share > 0.0:
            quality += (attempt.score - quality) / self._opinion_share
        utility = answered * quality - self._penalty_of(seconds, task) - (1.0 - answered) * FAILURE_COST
        return Worth(utility, seconds, answered, answered * quality)

    def learn(self, attempt: LoggedAttempt, outcome: Outcome) -> None:
        """Take in how an attempt ended."""
        decision = attempt.decision
        arm = (decision.task, *decision.key)
        seconds = outcome.timings.total or 0.0
        self._answered.setdefault(arm, Mean()).add(float(outcome.fate.answered))
        self._seconds.setdefault(arm, Mean()).add(seconds)
        self._usual.setdefault(decision.task, Mean()).add(seconds)
        self._penalty.setdefault(arm, Mean()).add(self._penalty_of(seconds, decision.task))

    def hear(self, attempt: LoggedAttempt, score: float) -> None:
        """Take in an opinion."""
        self._opinions.setdefault((attempt.decision.task, attempt.decision.model), Mean()).add(score)

    def _usual_seconds(self, task: str) -> float:
        """Return what attempts at a task took so far: for a log whose router expected no times."""
        return self._usual.get(task, NONE).of(self._objective.seconds_for(task), 1.0)

    def _penalty_of(self, seconds: float, task: str) -> float:
        return self._objective.expected_penalty(seconds, (0.0, 0.0, 0.0), self._objective.seconds_for(task))


NONE = Mean()


def tells(outcome: Outcome | None) -> bool:
    """Whether an outcome shows what its model does: nobody gave it up, no cache answered, and its time is known."""
    return (
        outcome is not None
        and not outcome.fate.abandoned
        and outcome.fate is not Fate.cache_hit
        and outcome.timings.total is not None
    )
