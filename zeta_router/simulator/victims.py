"""Which loaded model must go (`ollama-wire.md` 4.5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from zeta_router.simulator.catalog import SimulatedModel


class Evictable(Protocol):
    """What the choice of a victim looks at."""

    model: SimulatedModel
    keep_alive: float
    running: int


R = TypeVar("R", bound=Evictable)


def pick_victim(loaded: Iterable[R]) -> R:
    """Return the idle runner with the shortest keep_alive, then lowest blob; when all are busy, the first of all.

    Neither last use nor size counts.

    Raises:
        IndexError: Nothing is loaded.
    """
    order = sorted(loaded, key=lambda runner: (runner.keep_alive, runner.model.blob))
    return next((runner for runner in order if runner.running == 0), order[0])
