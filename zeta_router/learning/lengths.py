"""`Lengths`: how long answers get, per model and task, as log-normal distributions."""

from __future__ import annotations

import math
from typing import NamedTuple

from zeta_router.learning.priors import OUTPUT_LOG_VARIANCE, OUTPUT_TOKENS

TRUSTED_AFTER = 8
"""Answers of one model and task after which the task's overall length is no longer mixed in."""
LONGEST = 1_000_000
"""Tokens; what a server claims beyond that is a fault of its own."""
FLOOR_GAIN = 0.02
YOUNG = 30
"""Answers to a task after which one more changes what is expected of models that have few by 3 % at most."""


NODE = math.sqrt(3.0)
"""Gauss-Hermite with three points: weights 1/6, 2/3, 1/6 at -√3, 0, √3 standard deviations."""


class Expected(NamedTuple):
    """Output tokens at the three nodes over which a function of the length is averaged, weights 1/6, 2/3, 1/6."""

    short: float
    middle: float
    long: float
    mean: float
    """Over the three."""
    sd: float
    """Of the log."""

    @classmethod
    def of(cls, log_mean: float, sd: float) -> Expected:
        """Return what is expected of a log-normal length."""
        return cls.at(math.exp(log_mean - NODE * sd), math.exp(log_mean), math.exp(log_mean + NODE * sd), sd)

    @classmethod
    def at(cls, short: float, middle: float, long: float, sd: float) -> Expected:
        """Return the expectation with these nodes."""
        return cls(short, middle, long, (short + 4.0 * middle + long) / 6.0, sd)

    def cut(self, most: int) -> Expected:
        """Return the same with a bound on the length."""
        if self.long <= most:
            return self
        return Expected.at(min(self.short, most), min(self.middle, most), most, self.sd)


NO_OUTPUT = Expected(0.0, 0.0, 0.0, 0.0, 0.0)
"""Of an embedding."""
UNSEEN = Expected.of(math.log(OUTPUT_TOKENS), math.sqrt(OUTPUT_LOG_VARIANCE))
"""Of a task that nothing was answered to yet."""


class _LogNormal:
    __slots__ = ("count", "expected", "mean", "variance")

    def __init__(self) -> None:
        self.mean = math.log(OUTPUT_TOKENS)
        self.variance = OUTPUT_LOG_VARIANCE
        self.count = 0
        self.expected: Expected | None = None
        """Kept ready until the next answer."""

    def learn(self, value: float) -> None:
        count = self.count
        gain = 1.0 / (count + 2.0)
        if gain < FLOOR_GAIN:
            gain = FLOOR_GAIN
        gap = value - self.mean
        self.mean += gain * gap
        self.variance += gain * (gap * gap * (1.0 - gain) - self.variance)
        self.count = count + 1
        self.expected = None

    def expect(self) -> Expected:
        if self.expected is None:
            self.expected = Expected.of(self.mean, math.sqrt(max(self.variance, 0.0)))
        return self.expected


class _Task:
    """One task: the lengths of all answers, and of each model's."""

    __slots__ = ("by_model", "overall")

    def __init__(self) -> None:
        self.overall = _LogNormal()
        self.by_model: dict[str, _LogNormal] = {}


class Lengths:
    """Output tokens per (model, task), mixed with the task's over all models while there are few answers."""

    def __init__(self) -> None:
        self._tasks: dict[str, _Task] = {}

    def learn(self, model: str, task: str, tokens: int) -> None:
        """Fold in one finished answer of `tokens` tokens, thinking included."""
        value = math.log(tokens if 1 <= tokens <= LONGEST else min(max(tokens, 1), LONGEST))
        known = self._tasks.get(task)
        if known is None:
            known = self._tasks[task] = _Task()
        own = known.by_model.get(model)
        if own is None:
            own = known.by_model[model] = _LogNormal()
        own.learn(value)
        known.overall.learn(value)

    def young(self, task: str) -> bool:
        """Return whether each answer still changes what is expected of all models on a task."""
        known = self._tasks.get(task)
        return known is None or known.overall.count < YOUNG

    def forget(self, model: str) -> None:
        """Let go of a model that is no longer there."""
        for known in self._tasks.values():
            known.by_model.pop(model, None)

    def expect(self, model: str, task: str) -> Expected:
        """Return how long the next answer will get."""
        known = self._tasks.get(task)
        if known is None:
            return UNSEEN
        own, overall = known.by_model.get(model), known.overall
        if own is None:
            return overall.expect()
        if own.count >= TRUSTED_AFTER:
            return own.expect()
        trust = own.count / TRUSTED_AFTER
        mean = trust * own.mean + (1.0 - trust) * overall.mean
        variance = trust * own.variance + (1.0 - trust) * overall.variance
        return Expected.of(mean, math.sqrt(max(variance, 0.0)))
