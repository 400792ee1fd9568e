"""`LogRate`: a speed that is learned in log space, and that is the healthy one, not the present one."""

from __future__ import annotations

import math

FLOOR_GAIN = 0.03
"""A baseline never stops learning: what is 30 answers old counts for about a third."""
FASTER_GAIN = 0.3
"""A call clearly quicker than believed shows what the model can do."""
SLOWER_GAIN = 0.02
"""A call far slower than believed is deviation, not baseline; lasting slowness slowly becomes normal."""
DRIFT_GAIN = 0.03
OUTLIER = 3.0
"""Standard deviations from which a call counts as clearly quicker or far slower."""


class LogRate:
    """Mean of log seconds per unit, from a prior; forgets by a gain that never falls below `FLOOR_GAIN`.

    Source: the Zeta learning study, section 2 ("healthy baselines").
    """

    __slots__ = ("count", "mean", "seconds")

    def __init__(self, prior: float) -> None:
        self.count = 0
        self.move(prior)

    def move(self, mean: float) -> None:
        """Set the mean; `seconds` is kept ready beside it, because deciding reads it far more often."""
        self.mean = mean
        self.seconds = math.exp(mean)

    def glance(self, value: float) -> None:
        """Take over half of an observation that may not be typical, and do not count it."""
        self.move(self.mean + 0.5 * (value - self.mean))

    def creep(self, value: float) -> None:
        """Move a little towards what is seen during a drift: lasting slowness slowly becomes normal."""
        self.move(self.mean + DRIFT_GAIN * (value - self.mean))

    def learn(self, value: float, sigma: float, floor: float = FLOOR_GAIN) -> None:
        """Fold in one observed log rate; `sigma` is its usual standard deviation (log), `floor` the least gain."""
        gap, count = value - self.mean, self.count
        gain = 1.0 / (count + 1.15)
        if gain < floor:
            gain = floor
        if count >= 3:
            if gap > OUTLIER * sigma:
                gain = SLOWER_GAIN
            elif gap < -OUTLIER * sigma:
                gain = max(gain, FASTER_GAIN)
        self.move(self.mean + gain * gap)
        self.count = count + 1
