"""`Qualities`: how good a model's answer to a request will be, as far as anybody said."""

from __future__ import annotations

from zeta_router.learning import quality_priors
from zeta_router.learning.curiosity import spread_of, worth_of_trying
from zeta_router.learning.quality_belief import NOISE, QualityBelief
from zeta_router.learning.quality_change import ChangeOfQuality
from zeta_router.learning.quality_reading import Reading, read, read_decision, told
from zeta_router.model import ModelCard

__all__ = ["Qualities", "Reading", "read", "read_decision", "told"]

READY_MOST = 4_096
"""Priors kept ready; they are worked out anew when needed."""
RECENT = 50.0
"""Requests of a task over which the rate of opinions is taken."""
CONFIRMED = 5.0
"""Opinions that the recent mean counts for after a change."""


class Qualities:
    """Expected quality: the prior of the model's card on the likely tasks, shifted by what opinions showed.

    Strength is shared: an opinion on one task teaches something of the model on all, and more of the same kind of
    prompt. A change of quality is found by a detector per model and task, which makes the belief doubtful again. All
    models of one name are one, whatever host they are on. Source: the Zeta learning study, sections 4 and 8.4, with
    shared strength instead of one count per task.
    """

    def __init__(self) -> None:
        self._beliefs: dict[str, QualityBelief] = {}
        self._changes: dict[tuple[str, str], ChangeOfQuality] = {}
        self._rates: dict[str, tuple[float, float]] = {}
        self._priors: dict[tuple[str, int | None, str | None, str], float] = {}

    # -- asking --------------------------------------------------------------------------------------------------

    def expect(self, card: ModelCard, reading: Reading) -> float:
        """Return the expected quality in [0, 1]. Costs a microsecond."""
        quality = 0.0
        for task, share in reading.tasks:
            known = card.quality.get(task)  # the user's word, which another card of this name may not have
            if known is None:
                known = self._priors.get((card.name, card.parameter_count, card.quantization, task))
            quality += share * (self._prior(card, task) if known is None else known)
        belief = self._beliefs.get(card.name)
        if belief is not None:
            quality += belief.shift(reading.features)
        return 0.0 if quality < 0.0 else 1.0 if quality > 1.0 else quality

    def heard(self, reading: Reading) -> float:
        """Return how many opinions come per request of this kind, in [0, 1]; 0: nothing can be learned."""
        total = 0.0
        for task, share in reading.tasks:
            rate = self._rates.get(task)
            if rate is not None:
                total += share * min(rate[1] / (rate[0] + 1.0), 1.0)
        return total

    def curiosity(self, card: ModelCard, reading: Reading, quality: float, behind: float, heard: float) -> float:
        """Return what asking this model is worth for what it may teach, in units of utility.

        Args:
            card: The model.
            reading: The request.
            quality: What `expect` said.
            behind: Utility that it lacks to the best candidate; of the best itself, its lead over the second.
            heard: What `heard` said.
        """
        belief = self._beliefs.get(card.name, UNTOUCHED)
        return worth_of_trying(behind, belief.variance(reading.features), NOISE, heard)

    def spread(self, card: ModelCard, reading: Reading) -> float:
        """Return by how much some more opinions will move what is expected of a model, as a standard deviation."""
        return spread_of(self._beliefs.get(card.name, UNTOUCHED).variance(reading.features), NOISE)

    def forget(self, model: str) -> None:
        """Let go of a model that is no longer there."""
        self._beliefs.pop(model, None)
        for known in [key for key in self._changes if key[0] == model]:
            del self._changes[known]

    def tasks(self, model: str) -> tuple[str, ...]:
        """Return the tasks that somebody had an opinion on."""
        return tuple(task for name, task in self._changes if name == model)

    # -- learning ------------------------------------------------------------------------------------------------

    def begin(self, reading: Reading) -> None:
        """Count a request, so that the share of requests that get an opinion is known."""
        for task, share in reading.tasks:
            asked, opinions = self._rates.get(task, (0.0, 0.0))
            keep = 1.0 - share / RECENT
            self._rates[task] = (asked * keep + share, opinions * keep)

    def learn(self, card: ModelCard, reading: Reading, score: float, *, weight: float = 1.0) -> None:
        """Fold in one opinion in [0, 1]; weak evidence has a weight below 1."""
        expected = self.expect(card, reading)
        belief = self._beliefs.get(card.name)
        if belief is None:
            belief = self._beliefs[card.name] = QualityBelief()
        belief.learn(reading.features, score - expected, weight=weight)
        key = (card.name, reading.task)
        change = self._changes.get(key)
        if change is None:
            change = self._changes[key] = ChangeOfQuality()
        if change.see(score, expected, weight=weight):
            belief.reopen(reading.features)
            belief.learn(reading.features, change.recent - self.expect(card, reading), weight=CONFIRMED)
        if weight < 1.0:
            return  # signals come by themselves: to explore for them would cost good answers and show little
        for task, share in reading.tasks:
            asked, opinions = self._rates.get(task, (0.0, 0.0))
            self._rates[task] = (asked, opinions + share)

    def _prior(self, card: ModelCard, task: str) -> float:
        if len(self._priors) >= READY_MOST:
            self._priors.clear()
        key = (card.name, card.parameter_count, card.quantization, task)
        quality = self._priors[key] = quality_priors.quality(card, task)
        return quality


UNTOUCHED = QualityBelief()
"""Of a model that nobody had an opinion on."""
