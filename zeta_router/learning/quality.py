"""`Qualities`: how good a model's answers to a request will be, as far as anybody said."""

from __future__ import annotations

import math

from zeta_router.learning import quality_priors
from zeta_router.model import ModelCard
from zeta_router.tasks.task_guess import TaskGuess

PSEUDO = 12.0
"""Opinions that the prior counts for."""
DISCOUNT = 0.995
"""Weight that an opinion keeps per further opinion: a model that got worse is found out."""
READY_MOST = 4_096
"""Expectations kept ready; they are made anew when needed."""
NEGLIGIBLE = 0.02
"""Tasks less probable than this are left out of the mean over tasks."""
BATCH = 10.0
"""Further opinions that an exploration is thought to buy."""
HORIZON = 300.0
"""Requests of a task that will profit from what an exploration shows."""
RECENT = 50.0
"""Requests of a task over which the rate of opinions is taken."""

Reading = tuple[tuple[str, float], ...]
"""What quality depends on, of one request: its likely tasks with their probabilities. Made once, for all candidates."""


def read(guess: TaskGuess) -> Reading:
    """Return what quality depends on, for `expect`, `curiosity` and `learn`."""
    likely = [(task, share) for task, share in guess.probabilities.items() if share >= NEGLIGIBLE]
    total = sum(share for _, share in likely)
    return tuple((task, share / total) for task, share in likely) if likely else ((guess.task, 1.0),)


class Qualities:
    """Discounted mean of feedback per (model, task), from the prior of the model's card.

    Source: the Zeta learning study, section 4, without its reset detector.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[float, float]] = {}
        self._rates: dict[str, tuple[float, float]] = {}
        self._ready: dict[tuple[str, str], tuple[ModelCard, float]] = {}

    def begin(self, reading: Reading) -> None:
        """Count a request, so that the share of requests that get an opinion is known."""
        for task, share in reading:
            asked, told = self._rates.get(task, (0.0, 0.0))
            keep = 1.0 - share / RECENT
            self._rates[task] = (asked * keep + share, told * keep)

    def learn(self, card: ModelCard, reading: Reading, score: float, *, weight: float = 1.0) -> None:
        """Fold in one opinion in [0, 1]; weak evidence has a weight below 1."""
        for task, share in reading:
            counts = share * weight
            seen, total = self._seen.get((card.name, task), (0.0, 0.0))
            keep = DISCOUNT**counts
            self._seen[(card.name, task)] = (seen * keep + counts, total * keep + counts * score)
            asked, told = self._rates.get(task, (0.0, 0.0))
            self._rates[task] = (asked, told + counts)
            self._ready.pop((card.name, task), None)

    def expect(self, card: ModelCard, reading: Reading) -> float:
        """Return the expected quality in [0, 1]."""
        quality = 0.0
        for task, share in reading:
            ready = self._ready.get((card.name, task))
            quality += share * (ready[1] if ready is not None and ready[0] is card else self._on_task(card, task))
        return quality

    def _on_task(self, card: ModelCard, task: str) -> float:
        if len(self._ready) >= READY_MOST:
            self._ready.clear()
        weight, total = self._seen.get((card.name, task), (0.0, 0.0))
        quality = (total + PSEUDO * quality_priors.quality(card, task)) / (weight + PSEUDO)
        self._ready[(card.name, task)] = (card, quality)
        return quality

    def heard(self, reading: Reading) -> float:
        """Return how many opinions come per request of this kind, in [0, 1]; 0: nothing can be learned."""
        total = 0.0
        for task, share in reading:
            asked, told = self._rates.get(task, (0.0, 0.0))
            total += share * min(told / (asked + 1.0), 1.0)
        return total

    def curiosity(self, card: ModelCard, reading: Reading, quality: float, behind: float, heard: float) -> float:
        """Return what asking this model is worth for what it may teach, in units of utility.

        An online knowledge gradient: how much `BATCH` more opinions may lift the model over the best, times the
        requests that will profit.

        Args:
            card: The model.
            reading: The request.
            quality: What `expect` said.
            behind: Utility that it lacks to the best candidate; of the best itself, its lead over the second.
            heard: What `heard` said.

        Source: Ryzhov, Powell and Frazier 2012; the Zeta learning study, section 4.
        """
        count = PSEUDO
        for task, share in reading:
            count += share * self._seen.get((card.name, task), (0.0, 0.0))[0]
        spread = math.sqrt(quality * (1.0 - quality) / (count + 1.0) * BATCH / (count + BATCH))
        if spread <= 0.0 or behind > 4.0 * spread:
            return 0.0
        z = behind / spread
        gain = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) - 0.5 * z * math.erfc(z / math.sqrt(2.0))
        return HORIZON * heard / BATCH * spread * gain

    def tasks(self, model: str) -> tuple[str, ...]:
        """Return the tasks that somebody had an opinion on."""
        return tuple(task for name, task in self._seen if name == model)
