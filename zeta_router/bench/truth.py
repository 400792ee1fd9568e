"""What is true of the models of one seed, and what no router is told: their qualities and their speeds."""

from __future__ import annotations

import math
from random import Random

from zeta_router.bench.scenarios import Scenario
from zeta_router.bench.zoo import TASKS, BenchModel

QUALITY_SPREAD = 0.07
"""Standard deviation of a quality over the seeds."""
SPEED_SPREAD = 0.12
"""Standard deviation of the log of a speed over the seeds."""


class Truth:
    """Qualities and speeds; the same for every policy of a seed."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._seed = seed
        self._quality: dict[tuple[str, str], float] = {}
        self._slope: dict[str, float] = {}
        self._hosts = scenario.hosts
        self.prefill: dict[tuple[str, int], float] = {}
        """(Model, number of the host) → times slower than its size says."""
        self.decode: dict[tuple[str, int], float] = {}
        self.load = [math.exp(Random(f"load {seed} {i}").gauss(0.0, SPEED_SPREAD)) for i in range(scenario.hosts)]
        """Times slower than its disk says, per host."""
        for model in scenario.models:
            self.add(model)

    def add(self, model: BenchModel) -> None:
        """Draw what is true of a model. Its name decides, not the order in which models come."""
        rng = Random(f"model {self._seed} {model.name}")
        self._slope[model.name] = model.slope
        for task in TASKS:
            self._quality[(model.name, task)] = model.quality[task] + rng.gauss(0.0, QUALITY_SPREAD)
        for host in range(self._hosts):
            self.prefill[(model.name, host)] = math.exp(rng.gauss(0.0, SPEED_SPREAD))
            self.decode[(model.name, host)] = math.exp(rng.gauss(0.0, SPEED_SPREAD))

    def set_quality(self, model: str, task: str, quality: float) -> None:
        """Change the quality of a prompt of middling complexity."""
        self._quality[(model, task)] = quality

    def quality(self, model: str, task: str, complexity: float) -> float:
        """Return the quality of an answer, in [0.02, 0.98]."""
        value = self._quality[(model, task)] - self._slope[model] * (complexity - 0.5)
        return min(max(value, 0.02), 0.98)
