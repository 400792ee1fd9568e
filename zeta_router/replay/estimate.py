"""The doubly robust estimate of a mean, with clipped inverse propensities, and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
HEAVIEST = 20.0
"""An inverse propensity counts for this much at most. Rarer picks make the estimate a little biased, not useless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean with its interval."""

    mean: float
    low: float
    high: float
    """Bounds of the 95 % interval."""

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


def doubly_robust(expected: float, *, matched: bool, propensity: float, residual: float) -> float:
    """Return one step's term: what a model of rewards expects of the other pick, corrected where the picks agree.

    Unbiased where either the propensity or the model is right. Source: Dudík, Langford, Li 2011, equation 2.

    Args:
        expected: Reward that the model expects of the policy's pick.
        matched: Whether the policy picks what was served.
        propensity: Probability with which it was served, in (0, 1].
        residual: Reward seen less the reward that the model expected of what was served.
    """
    return expected + (weight(propensity) * residual if matched else 0.0)


def weight(propensity: float) -> float:
    """Return the clipped inverse propensity."""
    return min(1.0 / propensity, HEAVIEST)


def effective(weights: Sequence[float]) -> float:
    """Return how many equal weights tell as much as these (Kish 1965)."""
    squares = sum(w * w for w in weights)
    return sum(weights) ** 2 / squares if squares else 0.0


def interval(terms: Sequence[float], *, unknown: float = 0.0) -> Estimate:
    """Return the mean of some terms and its interval by the central limit theorem.

    Args:
        terms: At least two. Each may depend on those before it: the policy that learns does (a martingale).
        unknown: Added on both sides: for what no term says anything about.
    """
    count = len(terms)
    mean = math.fsum(terms) / count
    variance = math.fsum((term - mean) ** 2 for term in terms) / (count - 1)
    half = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * math.sqrt(variance / count) + unknown
    return Estimate(mean=mean, low=mean - half, high=mean + half)
