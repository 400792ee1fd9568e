"""`Objective`: what the user wants, in numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from zeta_router.errors import ConfigError

EXPECTED_SECONDS: Mapping[str, float] = MappingProxyType(
    {
        "code": 5.0,
        "reasoning": 45.0,
        "math": 30.0,
        "chat": 10.0,
        "qa": 10.0,
        "summarize": 15.0,
        "extract": 5.0,
        "translate": 10.0,
        "writing": 20.0,
        "tools": 10.0,
        "embedding": 2.0,
    }
)
"""Seconds after which a user starts to mind, per task: code, chat, reasoning and extract as the Zeta learning
study has them (section 1), the others set beside the nearest of these."""


JUNK = 0.3
"""Quality below which an answer is worth nothing however fast: the presets leave such models out while there is a
better one. By size alone that is a model of less than half a billion parameters, or one that opinions have shown bad.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What one answer is worth: quality less a penalty on its time.

    `utility = quality - penalty(seconds / expected)`, the penalty `within * x` up to the expected time and
    `within + beyond * (x - 1)` above it, at most `most`. Source: the Zeta learning study, section 1.
    """

    within: float = 0.10
    """Utility lost when an answer takes exactly the expected time."""
    beyond: float = 0.40
    """Utility lost per further multiple of the expected time."""
    most: float = 0.90
    """Utility that slowness can cost at most."""
    quality_floor: float = 0.0
    """Candidates expected to be worse than this are left out while a better one exists, in [0, 1]."""
    expected_seconds: Mapping[str, float] = field(default_factory=lambda: dict(EXPECTED_SECONDS), hash=False)
    """Seconds per task after which the user starts to mind."""
    default_seconds: float = 10.0
    """The same for tasks that are not listed."""
    bearable: float = field(init=False, repr=False, compare=False)
    """Multiples of the expected time beyond the first after which slowness costs no more: made of the above."""

    def __post_init__(self) -> None:
        """Refuse numbers that would turn the meaning round.

        Raises:
            ConfigError: A number is out of range.
        """
        for name in ("within", "beyond", "most"):
            value = getattr(self, name)
            if not value >= 0:
                raise ConfigError(f"objective.{name} must be 0 or more, got {value!r}")
        if not 0 <= self.quality_floor <= 1:
            raise ConfigError(f"objective.quality_floor must be in [0, 1], got {self.quality_floor!r}")
        for task, seconds in {**self.expected_seconds, "default": self.default_seconds}.items():
            if not seconds > 0:
                raise ConfigError(f"objective.expected_seconds[{task!r}] must be above 0, got {seconds!r}")
        object.__setattr__(self, "bearable", self._bearable())

    def _bearable(self) -> float:
        if self.within >= self.most:
            return -math.inf
        return (self.most - self.within) / self.beyond if self.beyond else math.inf

    @classmethod
    def named(cls, name: str) -> Objective:
        """Return a preset: `balanced`, `fastest` (time costs four times as much) or `best` (a quarter).

        Raises:
            ConfigError: There is no such preset.
        """
        factors = {"balanced": 1.0, "fastest": 4.0, "best": 0.25}
        if name not in factors:
            raise ConfigError(f"objective must be one of {', '.join(factors)} or an Objective, got {name!r}")
        factor = factors[name]
        return cls(within=0.10 * factor, beyond=0.40 * factor, quality_floor=0.5 if name == "best" else JUNK)

    def seconds_for(self, task: str) -> float:
        """Return the seconds after which the user starts to mind, for one task."""
        return self.expected_seconds.get(task, self.default_seconds)

    def expected_penalty(
        self, fixed: float, varying: tuple[float, float, float], expected: float, *, later: float = 0.0
    ) -> float:
        """Return the mean penalty of `fixed` seconds plus a part that varies, at three Gauss-Hermite nodes.

        Args:
            fixed: Seconds that are certain.
            varying: Seconds at the nodes, whose weights are 1/6, 2/3 and 1/6.
            expected: Seconds after which the user starts to mind.
            later: Utility per further multiple of `expected` where slowness cannot cost more.
        """
        within, beyond, most = self.within, self.beyond, self.most
        short, middle, long = varying
        ratio = (fixed + short) / expected
        loss = within * ratio if ratio <= 1.0 else within + beyond * (ratio - 1.0)
        total = loss if loss < most else most + later * ratio
        ratio = (fixed + middle) / expected
        loss = within * ratio if ratio <= 1.0 else within + beyond * (ratio - 1.0)
        total += 4.0 * (loss if loss < most else most + later * ratio)
        ratio = (fixed + long) / expected
        loss = within * ratio if ratio <= 1.0 else within + beyond * (ratio - 1.0)
        return (total + (loss if loss < most else most + later * ratio)) / 6.0
