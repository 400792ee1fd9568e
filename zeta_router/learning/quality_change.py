"""`ChangeOfQuality`: notices that a model's answers became worse or better than they were."""

from __future__ import annotations

import math

CHANGE = 0.3
"""Change of quality that is looked for."""
THRESHOLD = 4.5
"""Log-likelihood ratio at which it counts as found."""
PATIENCE = 5.0
"""Opinions before the expectation is good enough to compare with."""
MEMORY = 0.2
"""Weight of the newest opinion in the recent mean."""
EDGE = 0.05
"""Expectations are kept this far from 0 and 1, where one opinion would prove everything."""


class ChangeOfQuality:
    """Two-sided Bernoulli CUSUM of opinions about the expectation, for one model on one task.

    Source: Page 1954; the Zeta learning study, section 8.4.
    """

    __slots__ = ("better", "count", "recent", "worse")

    def __init__(self) -> None:
        self.worse = 0.0
        self.better = 0.0
        self.count = 0.0
        self.recent = 0.5

    def see(self, score: float, expected: float, *, weight: float = 1.0) -> bool:
        """Fold in one opinion, and return whether the quality has changed; then it starts anew."""
        gain = max(MEMORY, 1.0 / (self.count + 1.0)) * min(weight, 1.0)
        self.recent += gain * (score - self.recent)
        self.count += weight
        if self.count < PATIENCE:
            return False
        self.worse = max(0.0, self.worse + weight * _evidence(score, expected, expected - CHANGE))
        self.better = max(0.0, self.better + weight * _evidence(score, expected, expected + CHANGE))
        if max(self.worse, self.better) < THRESHOLD:
            return False
        self.worse = self.better = 0.0
        return True


def _evidence(score: float, before: float, after: float) -> float:
    """Return the log-likelihood ratio of quality `after` against `before`."""
    before = min(max(before, EDGE), 1.0 - EDGE)
    after = min(max(after, EDGE), 1.0 - EDGE)
    return score * math.log(after / before) + (1.0 - score) * math.log((1.0 - after) / (1.0 - before))
