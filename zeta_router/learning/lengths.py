"""`Lengths`: how long answers get, per model and task, as log-normal distributions."""

from __future__ import annotations

import math
from typing import NamedTuple

from zeta_router.learning.priors import OUTPUT_LOG_VARIANCE, OUTPUT_TOKENS

READY_MOST = 256
"""Tasks whose expectations are kept ready; they are made anew when needed."""
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


class _LogNormal:
    __slots__ = ("count", "mean", "variance")

    def __init__(self) -> None:
        self.mean = math.log(OUTPUT_TOKENS)
        self.variance = OUTPUT_LOG_VARIANCE
        self.count = 0

    def learn(self, value: float) -> None:
        gain = max(1.0 / (self.count + 2.0), FLOOR_GAIN)
        gap = value - self.mean
        self.mean += gain * gap
        self.variance += gain * (gap * gap * (1.0 - gain) - self.variance)
        self.count += 1


class Lengths:
    """Output tokens per (model, task), mixed with the task's over all models while there are few answers."""

    def __init__(self) -> None:
        self._by_model: dict[tuple[str, str], _LogNormal] = {}
        self._by_task: dict[str, _LogNormal] = {}
        self._ready: dict[str, dict[str, Expected]] = {}

    def learn(self, model: str, task: str, tokens: int) -> None:
        """Fold in one finished answer of `tokens` tokens, thinking included."""
        value = math.log(min(max(tokens, 1), LONGEST))
        self._by_model.setdefault((model, task), _LogNormal()).learn(value)
        self._by_task.setdefault(task, _LogNormal()).learn(value)
        self._ready.pop(task, None)

    def young(self, task: str) -> bool:
        """Return whether each answer still changes what is expected of all models on a task."""
        overall = self._by_task.get(task)
        return overall is None or overall.count < YOUNG

    def forget(self, model: str) -> None:
        """Let go of a model that is no longer there."""
        for known in [key for key in self._by_model if key[0] == model]:
            del self._by_model[known]

    def expect(self, model: str, task: str) -> Expected:
        """Return how long the next answer will get."""
        of_task = self._ready.get(task)
        if of_task is None:
            if len(self._ready) >= READY_MOST:
                self._ready.clear()
            of_task = self._ready[task] = {}
        ready = of_task.get(model)
        if ready is None:
            mean, sd = self._mix(model, task)
            ready = of_task[model] = Expected.at(
                math.exp(mean - NODE * sd), math.exp(mean), math.exp(mean + NODE * sd), sd
            )
        return ready

    def _mix(self, model: str, task: str) -> tuple[float, float]:
        overall = self._by_task.get(task)
        own = self._by_model.get((model, task))
        if overall is None:
            return math.log(OUTPUT_TOKENS), math.sqrt(OUTPUT_LOG_VARIANCE)
        if own is None:
            return overall.mean, math.sqrt(overall.variance)
        trust = min(own.count / TRUSTED_AFTER, 1.0)
        mean = trust * own.mean + (1.0 - trust) * overall.mean
        variance = trust * own.variance + (1.0 - trust) * overall.variance
        return mean, math.sqrt(max(variance, 0.0))
