"""The rule that people write by hand: code to the coder, vectors to the embedder, all else to the reasoner."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision, Score
from zeta_router.events import DriftFound, DriftOver
from zeta_router.outcome import Outcome
from zeta_router.policies.base import Belief
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

CODE_TASKS = frozenset({"code"})


class StaticRule:
    """Sends a task to the same model for ever: the seed's rule, and the baseline to beat.

    Code goes to the first model with "code" in its name, everything else to the largest other model, which is taken for
    the reasoner. (Embedding requests only ever see embedders.) It learns nothing. Source: the project's seed.
    """

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick by name and size alone; among hosts of one model, the first."""
        coders = [c for c in candidates if "code" in c.model.lower()]
        others = [c for c in candidates if c not in coders] or list(candidates)
        if guess.task in CODE_TASKS and coders:
            picked, reason = coders[0], "static rule: code goes to the coder"
        else:
            picked = max(others, key=lambda c: c.card.billions)
            reason = f"static rule: {guess.task} goes to the largest model that is no coder"
        ordered = (picked, *(c for c in candidates if c is not picked))
        scores = tuple(Score(c, 1.0 if c is picked else 0.0) for c in ordered)
        return Choice(scores[0], scores, reason)

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
