"""What changes in the middle of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from zeta_router.bench.zoo import BenchModel

if TYPE_CHECKING:
    from zeta_router.bench.world import World


class Change(Protocol):
    """Something that happens at a share `at` of a run's requests."""

    @property
    def at(self) -> float:
        """Share of the requests that came before, in [0, 1]."""
        ...

    def apply(self, world: World) -> None:
        """Let it happen now."""
        ...


@dataclass(frozen=True, slots=True)
class Slow:
    """A model, or everything on one host, becomes `factor` times slower; 1 is healthy again."""

    at: float
    factor: float
    model: str | None = None
    host: int | None = None
    """Number of the host; None is all of them."""

    def apply(self, world: World) -> None:
        """Set the speed, also of what runs now."""
        world.slow(self.factor, model=self.model, host=self.host)


@dataclass(frozen=True, slots=True)
class Fail:
    """A share of a model's calls fails when the first token is due."""

    at: float
    model: str
    share: float

    def apply(self, world: World) -> None:
        """From the next call on."""
        world.failing[self.model] = self.share


@dataclass(frozen=True, slots=True)
class Join:
    """A model is installed on every host."""

    at: float
    model: BenchModel

    def apply(self, world: World) -> None:
        """The router is told at once."""
        world.join(self.model)


@dataclass(frozen=True, slots=True)
class Worsen:
    """A model's quality on a task becomes another one, for good."""

    at: float
    model: str
    task: str
    quality: float

    def apply(self, world: World) -> None:
        """Replaces the quality, the seed's shift included."""
        world.truth.set_quality(self.model, self.task, self.quality)
