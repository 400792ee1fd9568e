"""What an answer is worth for what it may teach: exploration is bought, not drawn."""

from __future__ import annotations

import math

BATCH = 10.0
"""Further opinions that an exploration is thought to buy."""
HORIZON = 300.0
"""Requests that will profit from what they show."""


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
    spread = variance / math.sqrt(variance + noise / BATCH)
    if behind > 4.0 * spread:
        return 0.0
    z = behind / spread
    gain = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) - 0.5 * z * math.erfc(z / math.sqrt(2.0))
    return HORIZON * heard / BATCH * spread * gain
