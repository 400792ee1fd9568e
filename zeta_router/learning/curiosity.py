"""What an answer is worth for what it may teach: exploration is bought, not drawn."""

from __future__ import annotations

import math

BATCH = 3.0
"""Further opinions that an exploration is thought to buy."""
HORIZON = 100.0
"""Requests that will profit from what they show. More (300, as the study has it) explores too much among twelve models
on the simulated fleet; fewer (50) too little on published outcomes, where every answer is graded."""


def worth_of_trying(behind: float, variance: float, noise: float, heard: float) -> float:
    """Return the online knowledge gradient of asking a model, in units of utility.

    How much `BATCH` more opinions may lift the model over the best (or the best below the second), times the requests
    that profit, by the requests that those opinions cost.

    Args:
        behind: Utility that the model lacks to the best; of the best itself, its lead over the second.
        variance: Of the model's expected quality.
        noise: Variance of one opinion.
        heard: Opinions per request, in [0, 1]; without any, nothing can be learned.

    Source: Ryzhov, Powell and Frazier 2012; the Zeta learning study, section 8.6.
    """
    return heard * worth_of_spread(behind, spread_of(variance, noise))


def spread_of(variance: float, noise: float) -> float:
    """Return by how much `BATCH` more opinions will move the expected quality, as a standard deviation."""
    return variance / math.sqrt(variance + noise / BATCH)


def worth_of_spread(behind: float, spread: float) -> float:
    """Return `worth_of_trying` where every request brings an opinion, with the gain looked up in a table."""
    place = behind / spread * STEPS
    return WORTH * spread * GAINS[int(place)] if place < LAST else 0.0


NOT_WORTH_IT = 4.0
"""Spreads that a model may be behind at most."""
STEPS = 64
"""Of the table, per spread: wrong by 2 % at most."""
WORTH = HORIZON / BATCH
LAST = NOT_WORTH_IT * STEPS


def _gain(z: float) -> float:
    """Return how far a standard normal variable is above `z` on average, counted as 0 where it is below."""
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) - 0.5 * z * math.erfc(z / math.sqrt(2.0))


GAINS = tuple(_gain((i + 0.5) / STEPS) for i in range(int(LAST)))
