"""Who plays a stream: Zeta's qualities, and rivals. None sees a score but that of the model it picked."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

from zeta_router.bench.streams.outcomes import Step
from zeta_router.learning.quality import Qualities, read
from zeta_router.model import ModelCard


class Player(Protocol):
    """Picks a model per step, and is told a score some time later, or never."""

    def pick(self, step: Step) -> int:
        """Return the place of the model picked."""
        ...

    def learn(self, step: Step, picked: int, score: float) -> None:
        """Fold in a score in [0, 1]."""
        ...


class Zeta:
    """The qualities that `PhaseTimes` learns, with its curiosity, where all models are as fast and ready."""

    def __init__(self, cards: Sequence[ModelCard], rng: Random) -> None:
        self._cards = cards
        self._qualities = Qualities()

    def pick(self, step: Step) -> int:
        """Return the place of the model picked."""
        qualities, reading = self._qualities, read(step.guess)
        worth = [qualities.expect(card, reading) for card in self._cards]
        heard = qualities.heard(reading)
        qualities.begin(reading)
        if heard > 0.0:
            second, first = sorted(worth)[-2:]
            worth = [
                value + qualities.curiosity(card, reading, value, first - (value if value < first else second), heard)
                for card, value in zip(self._cards, worth, strict=True)
            ]
        return max(range(len(worth)), key=worth.__getitem__)

    def learn(self, step: Step, picked: int, score: float) -> None:
        """Fold in a score."""
        self._qualities.learn(self._cards[picked], read(step.guess), score)


class RandomPick:
    """Any model, each as often."""

    def __init__(self, cards: Sequence[ModelCard], rng: Random) -> None:
        self._models = len(cards)
        self._rng = rng

    def pick(self, step: Step) -> int:
        """Return the place of the model picked."""
        return self._rng.randrange(self._models)

    def learn(self, step: Step, picked: int, score: float) -> None:
        """Learns nothing."""


class Thompson:
    """Beta posterior per model and declared task, uniform at first. Source: Thompson 1933."""

    def __init__(self, cards: Sequence[ModelCard], rng: Random) -> None:
        self._models = range(len(cards))
        self._rng = rng
        self._seen: defaultdict[tuple[int, str], tuple[float, float]] = defaultdict(lambda: (1.0, 1.0))

    def pick(self, step: Step) -> int:
        """Return the place of the model picked."""
        return max(self._models, key=lambda m: self._rng.betavariate(*self._seen[m, step.declared]))

    def learn(self, step: Step, picked: int, score: float) -> None:
        """Fold in a score."""
        good, bad = self._seen[picked, step.declared]
        self._seen[picked, step.declared] = (good + score, bad + 1.0 - score)


class LinUCB:
    """A ridge regression per model on task probabilities and traits, and its bound. Source: Li et al. 2010."""

    WIDTH = 0.3

    def __init__(self, cards: Sequence[ModelCard], rng: Random) -> None:
        self._order = rng.sample(range(len(cards)), len(cards))  # else ties would go to the first model always
        self._theta: list[list[float]] = []
        self._inverse: list[list[list[float]]] = []

    def pick(self, step: Step) -> int:
        """Return the place of the model picked."""
        x = self._features(step)
        if not self._theta:
            self._theta = [[0.0] * len(x) for _ in self._order]
            self._inverse = [[[float(i == j) for j in range(len(x))] for i in range(len(x))] for _ in self._order]
        return max(self._order, key=lambda m: self._bound(m, x))

    def _bound(self, model: int, x: Sequence[float]) -> float:
        spread = sum(value * _dot(row, x) for value, row in zip(x, self._inverse[model], strict=True) if value)
        return _dot(self._theta[model], x) + self.WIDTH * math.sqrt(max(spread, 0.0))

    def learn(self, step: Step, picked: int, score: float) -> None:
        """Fold in a score."""
        x = self._features(step)
        inverse, theta = self._inverse[picked], self._theta[picked]
        ax = [_dot(row, x) for row in inverse]
        scale = 1.0 / (1.0 + _dot(ax, x))
        error = score - _dot(theta, x)
        for i, gain in enumerate(ax):
            theta[i] += gain * scale * error
            inverse[i] = [a - gain * scale * b for a, b in zip(inverse[i], ax, strict=True)]

    @staticmethod
    def _features(step: Step) -> tuple[float, ...]:
        return (*step.guess.probabilities.values(), *step.guess.traits)


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum([x * y for x, y in zip(a, b, strict=True)])


PLAYERS: dict[str, Callable[[Sequence[ModelCard], Random], Player]] = {
    "Zeta": Zeta,
    "random": RandomPick,
    "Thompson, task declared": Thompson,
    "LinUCB": LinUCB,
}
