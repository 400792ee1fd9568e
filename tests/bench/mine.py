"""Policies of a user's own, named by their import path."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from zeta_router import Candidate, Choice, Decision, Objective, Outcome, PhaseTimes, Policy, Request, TaskGuess
from zeta_router.bench.zoo import CHATTER, CODER, REASONER
from zeta_router.events import DriftFound, DriftOver
from zeta_router.policies.rivals import OneModel


def coder(objective: Objective) -> Policy:
    return OneModel(CODER.name)


def reasoner(objective: Objective) -> Policy:
    return OneModel(REASONER.name)


def chatter(objective: Objective) -> Policy:
    return OneModel(CHATTER.name)


class LearnsOnly(PhaseTimes):
    """The default policy as it would be if it saw that a prompt had been in the cache, but never expected it."""

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        return super().choose(replace(request, session=None), guess, candidates, now=now, rng=rng)


class Sessionless(LearnsOnly):
    """The default policy as it would be if nobody said which requests belong together."""

    def begin(self, decision: Decision) -> None:
        super().begin(replace(decision, session=None))

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        return super().learn(replace(decision, session=None), outcome, now=now)
