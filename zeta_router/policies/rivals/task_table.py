"""A table that somebody wrote who knows the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from zeta_router.decision import Candidate, Choice
from zeta_router.policies.rivals.base import Rival, best_of, pick
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess


class TaskTable(Rival):
    """Task → model, by hand; on the host with the least in flight; where it cannot serve, the first that can.

    Source: what careful users write into their configuration. It beats most learners as long as nothing changes.
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = dict(table)

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Look it up."""
        wanted = self._table.get(guess.task)
        values = [(1.0 if c.model == wanted else -1e6) - c.in_flight for c in candidates]
        return pick(candidates, values, best_of(values), f"{guess.task} is for {wanted}")
