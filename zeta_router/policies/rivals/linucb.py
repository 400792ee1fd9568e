"""A linear model of the reward per arm, with its confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from zeta_router.decision import Candidate, Choice, Decision
from zeta_router.errors import ConfigError
from zeta_router.events import DriftFound, DriftOver
from zeta_router.objective import Objective
from zeta_router.outcome import Outcome
from zeta_router.policies.rivals.base import Rival, best_of, pick
from zeta_router.policies.rivals.reward import Rewards
from zeta_router.request import Request
from zeta_router.tasks.task_guess import TaskGuess

TASKS = ("code", "chat", "reasoning", "extract")
"""Tasks that have a feature of their own; all others share what is left to the constant."""
SIZE = len(TASKS) + 5
TYPICAL_LOG_TOKENS = 7.0
"""ln 1,100: prompts of this length have size 0."""
LOST_AT = 1e12
"""Trace of the inverse from which forgetting has lost all that was learned in some direction."""

Vector = list[float]


class _Ridge:
    """Ridge regression that forgets: `inverse` is A^-1, `b` the sum of reward times features."""

    __slots__ = ("b", "inverse", "theta")

    def __init__(self) -> None:
        self.inverse = [[1.0 if i == j else 0.0 for j in range(SIZE)] for i in range(SIZE)]
        self.b: Vector = [0.0] * SIZE
        self.theta: Vector = [0.0] * SIZE

    def bound(self, x: Vector, alpha: float) -> float:
        """Return x.theta + alpha * sqrt(x' A^-1 x)."""
        mean = sum(a * b for a, b in zip(self.theta, x, strict=True))
        spread = sum(a * b for a, b in zip(_times(self.inverse, x), x, strict=True))
        return mean + alpha * math.sqrt(max(spread, 0.0))

    def learn(self, x: Vector, reward: float, forgetting: float) -> None:
        """Fold in one reward by Sherman and Morrison's formula."""
        if forgetting < 1.0 and sum(self.inverse[i][i] for i in range(SIZE)) < LOST_AT:
            self.inverse = [[value / forgetting for value in row] for row in self.inverse]
            self.b = [value * forgetting for value in self.b]
        ax = _times(self.inverse, x)
        scale = 1.0 + sum(a * b for a, b in zip(ax, x, strict=True))
        self.inverse = [
            [value - ax[i] * ax[j] / scale for j, value in enumerate(row)] for i, row in enumerate(self.inverse)
        ]
        self.shift(x, reward)

    def shift(self, x: Vector, reward: float) -> None:
        """Add to the reward of features that were seen before."""
        self.b = [b + reward * value for b, value in zip(self.b, x, strict=True)]
        self.theta = _times(self.inverse, self.b)


class LinUCB(Rival):
    """Picks the highest `x.theta + alpha * sqrt(x' A^-1 x)`, with a regression of its own for every model and host.

    Features: the task, length of the prompt, its first trait (how hard it is), whether the model is in memory, what is
    in flight on it, and a constant. Source: Li et al. 2010, algorithm 1, https://arxiv.org/abs/1003.0146. With
    `forgetting` below 1 old rewards fade per reward of the arm; 1 is the original. The default `alpha` is what does
    best in the bench, on seeds it is not judged by.
    """

    def __init__(self, objective: Objective, *, alpha: float = 1.0, forgetting: float = 1.0) -> None:
        if not alpha >= 0:
            raise ConfigError(f"alpha must be 0 or more, got {alpha!r}")
        if not 0 < forgetting <= 1:
            raise ConfigError(f"forgetting must be in (0, 1], got {forgetting!r}")
        self._alpha = alpha
        self._forgetting = forgetting
        self._rewards = Rewards(objective)
        self._arms: dict[tuple[str, str], _Ridge] = {}

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        """Pick the highest bound."""
        values = []
        for candidate in candidates:
            x = _features(guess, request.tokens, candidate)
            values.append(self._arms.get(candidate.key, NEW).bound(x, self._alpha))
        picked = best_of(values)
        return pick(candidates, values, picked, f"upper bound {values[picked]:.2f}")

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        """Fold in the reward."""
        reward = self._rewards.of(decision, outcome)
        x = _features_of(decision)
        if reward is not None and x is not None:
            self._arms.setdefault(decision.key, _Ridge()).learn(x, reward, self._forgetting)
        return ()

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        """Shift the reward by the difference that an opinion makes."""
        change = self._rewards.correction(decision, score)
        x = _features_of(decision)
        if x is not None and decision.key in self._arms:
            self._arms[decision.key].shift(x, change)


NEW = _Ridge()
"""An arm that was never tried; never changed."""


def _features(guess: TaskGuess | None, tokens: int, candidate: Candidate) -> Vector:
    task = guess.task if guess is not None else ""
    traits = guess.traits if guess is not None else ()
    return [
        *(1.0 if task == name else 0.0 for name in TASKS),
        (math.log(max(tokens, 1)) - TYPICAL_LOG_TOKENS) / 2.0,
        min(max(traits[0], -1.0), 1.0) if traits else 0.0,
        1.0 if candidate.loaded else 0.0,
        min(candidate.in_flight, 4) / 2.0,
        1.0,
    ]


def _features_of(decision: Decision) -> Vector | None:
    """Return the features that a decision was made on, or None where its candidates are not kept."""
    for score in decision.candidates:
        if score.candidate.key == decision.key:
            return _features(decision.guess, decision.prompt_tokens, score.candidate)
    return None


def _times(matrix: list[Vector], x: Vector) -> Vector:
    return [sum(a * b for a, b in zip(row, x, strict=True)) for row in matrix]
