"""`Reading`: what quality is learned on, of one request."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from zeta_router.decision import Decision
from zeta_router.tasks.task_guess import TaskGuess

LEVEL = ""
"""Name of the feature that every request has: how good a model is at all."""
HARD = -1
"""Name of the feature that tells hard requests from easy ones: between -0.5 and 0.5, absent in the middle."""
NEGLIGIBLE = 0.03
"""Tasks and traits below it are left out: they would cost time and tell nothing."""
USUAL = 1
"""`TaskGuess.complexity` of a request that is neither easy nor hard."""
TRAITS_MOST = 32
"""Traits beyond these are not learned on: what one model's beliefs hold stays bounded."""

Feature = tuple[str | int, float]
"""A name and a value in [-1, 1]. The name is `LEVEL`, a task, `HARD`, or the place of a trait."""


class Reading(NamedTuple):
    """What the quality of an answer may depend on. Made once per request, for all candidates."""

    tasks: tuple[tuple[str, float], ...]
    """Likely tasks with their probabilities, which sum to 1."""
    features: tuple[Feature, ...]

    @property
    def task(self) -> str:
        """The most likely."""
        return max(self.tasks, key=lambda task: task[1])[0]


_ready: dict[int, tuple[TaskGuess, Reading]] = {}
"""Readings of the newest guesses by their identity: a request is read when it is decided and when it ends, and a guess
that the classifier remembers serves many requests."""
READY_MOST = 256


def read(guess: TaskGuess) -> Reading:
    """Return what of a guess quality is learned on."""
    ready = _ready.get(id(guess))
    if ready is not None and ready[0] is guess:
        return ready[1]
    reading = _read(guess)
    if len(_ready) >= READY_MOST:
        _ready.clear()
    _ready[id(guess)] = (guess, reading)
    return reading


def _read(guess: TaskGuess) -> Reading:
    if guess.probability >= 1.0 and not guess.traits and guess.complexity == USUAL:
        return told(guess.task)
    likely = [(task, share) for task, share in guess.probabilities.items() if share >= NEGLIGIBLE]
    if not likely:
        return told(guess.task)
    total = sum(share for _, share in likely)
    tasks = tuple([(task, share / total) for task, share in likely])
    traits = [(i, value) for i, value in enumerate(guess.traits[:TRAITS_MOST]) if value >= NEGLIGIBLE]
    hard = () if guess.complexity == USUAL else ((HARD, 0.5 * (guess.complexity - USUAL)),)
    return Reading(tasks, ((LEVEL, 1.0), *tasks, *hard, *traits))


@lru_cache(maxsize=256)
def told(task: str) -> Reading:
    """Return the reading of a request of which only the task is known."""
    return Reading(((task, 1.0),), ((LEVEL, 1.0), (task, 1.0)))


def read_decision(decision: Decision) -> Reading:
    """Return the reading that a decision was made on."""
    return told(decision.task) if decision.guess is None else read(decision.guess)
