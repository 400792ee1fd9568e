"""Many seeds in one figure: means with their spread, medians, and the regret against the oracle of the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev

from zeta_router.bench.contenders import ORACLE
from zeta_router.bench.measures import Measures
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.metrics import quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A mean over the seeds and its standard error; 0 where there is one seed."""

    mean: float
    error: float


class Results:
    """All runs of a comparison, to be asked for figures."""

    def __init__(self, measures: Iterable[Measures]) -> None:
        self.all = tuple(measures)
        self.policies = tuple(dict.fromkeys(m.policy for m in self.all))
        self.scenarios = tuple(dict.fromkeys(m.scenario for m in self.all))
        self.loads = tuple(dict.fromkeys(m.load for m in self.all))
        self.seeds = tuple(dict.fromkeys(m.seed for m in self.all))
        self._of = {(m.policy, m.scenario, m.load, m.seed): m for m in self.all}

    def of(self, policy: str, scenario: str, load: float) -> list[Measures]:
        """Return the runs of all seeds."""
        return [self._of[(policy, scenario, load, seed)] for seed in self.seeds]

    def over_seeds(self, policy: str, scenario: str, load: float, value: Callable[[Measures], float]) -> Spread:
        """Return the mean of a figure over the seeds."""
        return spread([value(m) for m in self.of(policy, scenario, load)])

    def regret(self, policy: str, scenario: str, load: float) -> Spread:
        """Return the share of the oracle's utility that is lost, paired by seed."""
        return spread([self._regret(policy, scenario, load, seed) for seed in self.seeds])

    def mean_regret(self, policy: str, load: float) -> Spread:
        """Return the regret as mean over the scenarios of the study's ten that were run; its error is over seeds."""
        counted = self.counted
        return spread([mean(self._regret(policy, s, load, seed) for s in counted) for seed in self.seeds])

    def mean_utility(self, policy: str, load: float) -> Spread:
        """Return the utility as mean over the same scenarios."""
        counted = self.counted
        return spread([mean(self._of[(policy, s, load, seed)].utility for s in counted) for seed in self.seeds])

    @property
    def counted(self) -> tuple[str, ...]:
        """The scenarios that a mean over scenarios is taken over: the study's ten, as far as they were run."""
        return tuple(s for s in self.scenarios if SCENARIOS[s].in_mean) or self.scenarios

    def _regret(self, policy: str, scenario: str, load: float, seed: int) -> float:
        best = self._of[(ORACLE, scenario, load, seed)].utility
        return (best - self._of[(policy, scenario, load, seed)].utility) / best


def spread(values: Sequence[float]) -> Spread:
    """Return mean and standard error."""
    error = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Spread(mean=mean(values), error=error)


def middle(values: Iterable[float | None]) -> float | None:
    """Return the median of those that are known, None if none is."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def late(values: Iterable[float | None]) -> float | None:
    """Return the 90th percentile of those that are known, None if none is."""
    return quantile(sorted(value for value in values if value is not None), 0.90)
