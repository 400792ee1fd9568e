"""Whatever is run and is no model, as candidates of a router: chains, retrievers, tools, query engines.

A run has one phase and no tokens that anybody counts. It is booked as if it read `RUN_TOKENS` tokens and wrote none, so
that the rate which is learned for a candidate is its seconds per run, and everything else holds as for models: slower
than expected, failing, useful, in flight.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision, Score
from zeta_router.events import DriftFound, DriftOver
from zeta_router.model import ModelCard
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.policies.base import Belief
from zeta_router.policies.wrapped import Wrapped
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

RUN_TOKENS = 100
"""A run of 10 µs to a day stays within what the router takes for plausible seconds per token."""

ALIKE = 7_000_000_000
"""Parameters that every run is said to have, so that nothing is expected of one that is not expected of another."""


def run_card(name: str, *, kind: str, quality: float | None = None, tasks: Sequence[str] = ()) -> ModelCard:
    """Return the card of something that is run, on a host of its own: `chain:summary`.

    Args:
        name: Unique among its router's candidates, whatever its case.
        kind: What it is, e.g. `chain`; the first half of its host.
        quality: Expected usefulness in [0, 1]; None where nothing is known.
        tasks: Tasks that the quality holds for.
    """
    expected = {} if quality is None else dict.fromkeys(tasks, quality)
    return ModelCard(name=name, host=f"{kind}:{name}", parameter_count=ALIKE, quality=expected)


def run_request(
    *, text: str = "", task: str | None = None, session: str | None = None, deadline: float | None = None
) -> Request:
    """Return the request for one run."""
    return Request(
        text=text,
        task=task,
        prompt_tokens=RUN_TOKENS,
        max_output_tokens=0,
        session=session,
        deadline=deadline,
    )


def run_outcome(fate: Fate, *, seconds: float | None, first: float | None = None, error: str | None = None) -> Outcome:
    """Return how one run went, after so many seconds; `first` is when its first part came."""
    return Outcome(fate=fate, timings=Timings(first_token=first, total=seconds), error=error)


class AlwaysWarm(Wrapped):
    """A policy for candidates that are never loaded: the wrapped one is told that all of them are in memory."""

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick as the wrapped policy does."""
        warm = [candidate._replace(loaded=True, loaded_at=now) for candidate in candidates]
        return self.policy.choose(request, guess, warm, now=now, rng=rng)


class InOrder:
    """A policy that picks the first candidate that is left, in the order they joined, and learns nothing."""

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick the first."""
        scores = tuple(Score(candidate, 0.0) for candidate in candidates)
        return Choice(scores[0], scores, "the first in order")

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
