"""`Rate`: how much of something there is per second, lately."""

from __future__ import annotations

import math
from dataclasses import dataclass

FADES_S = 300.0
"""Time constant: traffic of five minutes ago counts for a third. As long as Ollama keeps an idle model."""
YOUNG_S = 60.0
"""A rate is taken over this long at least, so that two requests at the start are no stampede."""


@dataclass(slots=True)
class Rate:
    """Exponentially weighted sum over time, read as an average per second since it began."""

    _sum: float = 0.0
    _at: float = 0.0
    _since: float | None = None

    def add(self, amount: float, now: float) -> None:
        """Count an amount at a time in seconds; time that jumps back counts as now."""
        if self._since is None:
            self._since = self._at = now
        self._sum = self._faded(now) + amount
        self._at = now  # also back: a clock that jumped would stop the fading for as long as it jumped

    def per_second(self, now: float) -> float:
        """Return the present rate."""
        if self._since is None:
            return 0.0
        age = max(now - self._since, YOUNG_S)
        return self._faded(now) / (FADES_S * -math.expm1(-age / FADES_S))

    def _faded(self, now: float) -> float:
        return self._sum * math.exp(-max(now - self._at, 0.0) / FADES_S)
