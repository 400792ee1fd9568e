"""`Rates`: how much of something there is per second, lately."""

from __future__ import annotations

import math
from dataclasses import dataclass

FADES_S = 150.0
"""Time constant: traffic of two and a half minutes ago counts for a third. With five minutes, as the study has it, a
burst is over before it is believed: 0.1 % of utility on the simulated fleet, seeds 100 to 111."""
YOUNG_S = 60.0
"""A rate is taken over this long at least, so that two requests at the start are no stampede."""


@dataclass(slots=True)
class Rates:
    """Sums of what comes together, exponentially weighted over time; read as averages per second since they began.

    A class of its own per kind of traffic: it has the sums, which it multiplies by `fade` before it adds to them.
    """

    _at: float = 0.0
    _since: float | None = None

    def fade(self, now: float) -> float:
        """Return the share of the sums that is left, and count from now on; time that jumps back counts as now."""
        if self._since is None:
            self._since = self._at = now
        left = math.exp((self._at - now) / FADES_S) if now > self._at else 1.0
        self._at = now  # also back: a clock that jumped would stop the fading for as long as it jumped
        return left

    def per_second(self, now: float) -> float:
        """Return by what a sum is multiplied to be the present rate."""
        if self._since is None:
            return 0.0
        age = max(now - self._since, YOUNG_S)
        return math.exp(min(self._at - now, 0.0) / FADES_S) / (FADES_S * -math.expm1(-age / FADES_S))
