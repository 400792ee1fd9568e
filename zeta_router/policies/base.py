"""The protocol that every policy follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol, cast, runtime_checkable

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Outcome
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What a policy has learned of one model on one host, for people to read."""

    model: str
    host: str
    seconds_per_output_token: float | None = None
    seconds_per_prompt_token: float | None = None
    load_seconds: float | None = None
    slowdown: float = 1.0
    """Present time over healthy time."""
    drifting: bool = False
    """Slower than expected, and avoided for it."""
    success: float | None = None
    """Probability that an attempt brings an answer."""
    quality: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Expected quality per task, in [0, 1]."""


class WeighsEvidence(Protocol):
    """A policy that can learn from weak evidence too; others are told opinions only."""

    def evidence(self, decision: Decision, score: float, weight: float, *, now: float) -> None:
        """Fold in how good an answer seems; a weight of 1 counts as much as `feedback`, less as less."""
        ...


def tell_policy(policy: Policy, decision: Decision, score: float, weight: float, now: float) -> None:
    """Tell a policy how good an answer was: opinions to every one, weak evidence to those that can weigh it."""
    if weight >= 1.0:
        policy.feedback(decision, score, now=now)
    elif hasattr(policy, "evidence"):  # not `isinstance`: to ask a protocol takes as long as to learn
        cast(WeighsEvidence, policy).evidence(decision, score, weight, now=now)


@runtime_checkable
class Policy(Protocol):
    """Picks a model, then learns from how it went.

    A policy only computes: it opens nothing, awaits nothing, reads no clock (`now` is given, in seconds since the
    epoch, and never goes back), and draws every random number from the generator it is handed. A seed and a log
    therefore replay the same decisions, in the simulator as in production.
    """

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick one of `candidates`, which is never empty. Changes nothing but `rng`, so that it can be rehearsed.

        `guess` is what is known of the request's task: declared ones are certain, others have probabilities.
        """
        ...

    def begin(self, decision: Decision) -> None:
        """Take note that a decision is acted on: its attempt begins at `decision.decided_at`."""
        ...

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Fold in how an attempt ended, and return what it made noticeable."""
        ...

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Fold in how good an answer was; `score` is in [0, 1], higher is better."""
        ...

    def beliefs(self, *, now: float) -> Sequence[Belief]:
        """Return what was learned of each model and host, for people to read."""
        ...
