"""`QualityBelief`: how one model's answers differ from what its prior says, and on which requests."""

from __future__ import annotations

from collections.abc import Sequence

from zeta_router.learning.quality_reading import HARD, LEVEL, Feature
from zeta_router.tasks import KINDS

LEVEL_SD = 0.03
"""How far a model's quality is from its prior on all requests alike. Smaller than a task's own: what is learned of code
hardly tells of chat, and an opinion that moves all tasks makes the choice of each restless."""
TASK_SD = 0.10
"""How far beyond that on one task."""
KIND_SD = 0.12
"""How far beyond that on one kind of prompt: more than on a task, since no prior knows of kinds."""
HARD_SD = 0.05
"""How much more or less than others it loses from an easy request to a hard one."""
TRAIT_SD = 0.08
"""How far beyond that with another trait, such as the prompt's length."""
NOISE = 0.25
"""Variance of one opinion about the quality that it is an opinion of: the most that an opinion in [0, 1] can have. To
follow the quality's own (0.13 where nine of ten are good) learned no faster on published outcomes, and worse in the
bench."""
REMEMBERED = 600.0
"""Opinions after which a weight gets no surer: older ones fade, since models, prompts and users change."""


class QualityBelief:
    """A linear model with one Gaussian weight per feature, each as doubtful as what was seen of it leaves it.

    An opinion moves the weights of its features, the doubtful ones most: what holds for all requests, what is a task's
    own, and what is a kind of prompt's own are told apart as they are seen apart. So a task never seen profits from
    what other tasks showed. The weights are taken to be independent, which makes an opinion cost some microseconds, and
    on the streams of `zeta_router.bench.streams` does as well as keeping all covariances. Source of the update:
    Graepel et al. 2010 (adPredictor), section 3, with a Gaussian instead of a probit likelihood.
    """

    __slots__ = ("means", "variances")

    def __init__(self) -> None:
        self.means: dict[str | int, float] = {}
        self.variances: dict[str | int, float] = {}

    def shift(self, features: Sequence[Feature]) -> float:
        """Return by how much quality is above the prior, as far as is known."""
        means = self.means
        total = 0.0
        for name, value in features:
            if name in means:
                total += value * means[name]
        return total

    def variance(self, features: Sequence[Feature]) -> float:
        """Return the variance of the expectation, in squared units of quality."""
        variances = self.variances
        return sum(value * value * (variances.get(name) or first_variance(name)) for name, value in features)

    def learn(self, features: Sequence[Feature], surprise: float, *, weight: float = 1.0) -> None:
        """Fold in one opinion.

        Args:
            features: Of the request.
            surprise: The opinion less what was expected.
            weight: Of the evidence, above 0; a half counts as half an opinion.
        """
        total = self.variance(features) + NOISE / weight
        for name, value in features:
            variance = self.variances.get(name) or first_variance(name)
            self.means[name] = self.means.get(name, 0.0) + variance * value / total * surprise
            self.variances[name] = max(variance - (variance * value) ** 2 / total, NOISE / REMEMBERED)

    def reopen(self, features: Sequence[Feature]) -> None:
        """Make what is believed of these features as doubtful as at first: the model has changed."""
        for name, _ in features:
            self.variances[name] = first_variance(name)


def first_variance(name: str | int) -> float:
    """Return the doubt about a feature's weight before anything was seen of it."""
    if name == LEVEL:
        return LEVEL_SD**2
    if isinstance(name, str):
        return TASK_SD**2
    if name == HARD:
        return HARD_SD**2
    return KIND_SD**2 if name < len(KINDS) else TRAIT_SD**2
