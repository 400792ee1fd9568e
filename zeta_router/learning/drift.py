"""`Drift`: notices that a model has become slower than expected, and that it has recovered."""

from __future__ import annotations

import math
from enum import Enum

CLIP = 6.0
"""Standard deviations that one call can count at most."""
SLACK = 0.5
ALARM = 5.0
"""Sum of clipped deviations at which slowness is believed. One call 4x slower suffices when the model is steady."""
SIGMA_START = 0.3
SIGMA_LEAST = 0.15
SIGMA_GAIN = 0.1
MEAN_TO_STANDARD = 1.2533
"""√(π/2): a standard deviation is that many mean absolute deviations of a normal variable."""
OUTLYING = 3.0
"""Standard deviations beyond which a call does not widen sigma further."""
NOTABLE = 0.35
"""log(observed / expected) below which nothing is called slow: 1.4x."""
FARTHEST = 4.0
"""log(observed / expected) beyond which it makes no difference: 55x."""
LEVEL_GAIN = 0.5
RECOVERED = 0.25
"""log(observed / expected) below which a model in drift is healthy again: 1.3x."""


class Change(Enum):
    """What one call made noticeable."""

    none = "none"
    found = "found"
    over = "over"


class Drift:
    """One-sided CUSUM on log(observed / expected) with clipped scores (Page 1954); a quicker call moves the baseline.

    Outside drift `level` is 0. In drift it is the present log slowdown, and stays: when the model is tried again is the
    probe budget's matter. Source: the Zeta learning study, section 3, where the deviation fades instead and the model
    becomes attractive by itself; a model that is still slow then costs a stretch of calls, here it costs one.
    """

    __slots__ = ("_high", "active", "level", "sigma", "since")

    def __init__(self) -> None:
        self.sigma = SIGMA_START
        self.active = False
        self.level = 0.0
        self.since = 0.0
        self._high = 0.0

    def observe_bound(self, ratio: float, now: float) -> Change:
        """Fold in a call that never ended; `ratio` is at most log(observed / expected). It cannot show a recovery."""
        if self.active:
            self.level = max(self.level, ratio)
            return Change.none
        return self.observe(ratio, now)

    def observe(self, ratio: float, now: float, doubt: float = 0.0) -> Change:
        """Fold in one finished call.

        Args:
            ratio: log(observed / expected healthy seconds).
            now: Seconds since the epoch.
            doubt: Standard deviation of `ratio` beyond the usual one.
        """
        if not -FARTHEST <= ratio <= FARTHEST:
            ratio = math.copysign(FARTHEST, ratio)
        if self.active:
            if ratio < RECOVERED:
                self.active = False
                self.level = self._high = 0.0
                return Change.over
            self.level += LEVEL_GAIN * (ratio - self.level)
            return Change.none
        z = ratio / (self.sigma + doubt)
        if not -CLIP <= z <= CLIP:
            z = math.copysign(CLIP, z)
        high = self._high + z - SLACK
        self._high = high if high > 0.0 else 0.0
        if self._high > ALARM and ratio > NOTABLE:
            self.active = True
            self.level = ratio
            self.since = now
            return Change.found
        if doubt > 0.0:  # nothing to learn the usual deviation from
            return Change.none
        usual = min(abs(ratio), OUTLYING * self.sigma)
        sigma = self.sigma + SIGMA_GAIN * (MEAN_TO_STANDARD * usual - self.sigma)
        self.sigma = sigma if sigma > SIGMA_LEAST else SIGMA_LEAST
        return Change.none
