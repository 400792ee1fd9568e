"""`Qualities`: how good a model's answers to a task are, as far as anybody said."""

from __future__ import annotations

from zeta_router.learning import priors
from zeta_router.model import ModelCard

PSEUDO = 12.0
"""Opinions that the prior counts for."""
READY_MOST = 4_096
"""Expectations kept ready; they are made anew when needed."""
DISCOUNT = 0.995
"""Weight that an opinion keeps per further opinion: a model that got worse is found out."""


class Qualities:
    """Discounted mean of feedback per (model, task), from the prior of the model's card.

    Source: the Zeta learning study, section 4, without its reset detector.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[float, float]] = {}
        self._ready: dict[tuple[str, str], tuple[ModelCard, float]] = {}

    def learn(self, card: ModelCard, task: str, score: float) -> None:
        """Fold in one opinion in [0, 1]."""
        weight, total = self._seen.get((card.name, task), (0.0, 0.0))
        self._seen[(card.name, task)] = (weight * DISCOUNT + 1.0, total * DISCOUNT + score)
        self._ready.pop((card.name, task), None)

    def expect(self, card: ModelCard, task: str) -> float:
        """Return the expected quality in [0, 1]."""
        key = (card.name, task)
        ready = self._ready.get(key)
        if ready is None or ready[0] is not card:
            if len(self._ready) >= READY_MOST:
                self._ready.clear()
            weight, total = self._seen.get(key, (0.0, 0.0))
            prior = priors.quality(card, task)
            ready = self._ready[key] = (card, (total + PSEUDO * prior) / (weight + PSEUDO))
        return ready[1]

    def tasks(self, model: str) -> tuple[str, ...]:
        """Return the tasks that somebody had an opinion on."""
        return tuple(task for name, task in self._seen if name == model)
