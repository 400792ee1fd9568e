"""`Demand`: how many requests of a task are to be expected, so that a load can be seen as an investment."""

from __future__ import annotations

import math

HORIZON_S = 300.0
"""Ollama keeps an idle model for five minutes by default: what comes within them is served by one load."""
AT_LEAST = 4.0
"""Requests that are expected of any task: a first one is seldom the last, so its best model is worth loading."""


class Demand:
    """Requests per task over about the last five minutes, fading exponentially; taken as those of the next five."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[float, float]] = {}

    def begin(self, task: str, now: float) -> None:
        """Count one request."""
        self._counts[task] = (self._faded(task, now) + 1.0, now)

    def expect(self, task: str, now: float) -> float:
        """Return how many requests of a task the next five minutes will bring, if they are like the last."""
        return max(self._faded(task, now), AT_LEAST)

    def _faded(self, task: str, now: float) -> float:
        count, at = self._counts.get(task, (0.0, now))
        return count * math.exp(-max(now - at, 0.0) / HORIZON_S)
