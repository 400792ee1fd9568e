"""Trouble on demand: what is wrong with a simulated host right now.

The engine honours the faults of speed, loading and running at once, also for work in progress. Faults of the
wire are only carried here: the server takes them (`take`) and acts on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from zeta_router.simulator.catalog import canonical

FaultKind = Literal[
    "out_of_memory",  # the next load fails for want of VRAM
    "load_crash",  # the runner dies while loading
    "load_stall",  # the load shows no sign of life until the server's load timeout
    "crash",  # the runner dies when the answer has `at` tokens; at 0, before the first
    "drop_connection",  # wire: the connection is cut after chunk `at`
    "error_line",  # wire: an error line instead of chunk `at`
    "truncate",  # wire: the stream ends cleanly after chunk `at`, without done
    "refuse",  # wire: 503 at once
    "wrong_digest",  # wire: tags and ps show another digest
]


@dataclass(slots=True, kw_only=True)
class Fault:
    """One armed fault. It strikes the requests of `model` (None: any) until `times` is used up."""

    kind: FaultKind
    model: str | None = None
    """As in the catalog, in lower case."""
    at: int = 0
    """Token (crash) or chunk (wire), counted from 1; 0 is before the first."""
    times: int | None = 1
    """How often it still strikes; None is every time until removed."""


class Faults:
    """A mutable set of faults. Changing it changes the engine it was given to, from the engine's `now` on."""

    def __init__(self) -> None:
        self.clock_skew = 0.0
        """Seconds added to every duration the server reports (never below zero); true times stay."""
        self._slowdown: dict[str | None, float] = {}
        self._armed: list[Fault] = []
        self._listeners: list[Callable[[], None]] = []

    def slow(self, factor: float, *, model: str | None = None) -> None:
        """Make one model, or the whole host, `factor` times slower; 1 heals it, infinity stops it.

        Raises:
            ValueError: `factor` is not positive.
        """
        if not factor > 0:
            raise ValueError(f"factor must be positive, got {factor!r}")
        key = _key(model)
        if factor == 1:
            self._slowdown.pop(key, None)
        else:
            self._slowdown[key] = factor
        self._tell()

    def stall(self, *, model: str | None = None) -> None:
        """Stop answering: requests are taken and make no progress until `resume`."""
        self.slow(float("inf"), model=model)

    def resume(self, *, model: str | None = None) -> None:
        """Undo `slow` or `stall` of the same model, or of the host."""
        self.slow(1.0, model=model)

    def slowdown(self, model: str) -> float:
        """Return how many times slower than normal a model runs: the host's factor times its own."""
        if not self._slowdown:
            return 1.0
        return self._slowdown.get(None, 1.0) * self._slowdown.get(_key(model), 1.0)

    def add(self, kind: FaultKind, *, model: str | None = None, at: int = 0, times: int | None = 1) -> Fault:
        """Arm a fault and return it, for `remove`."""
        fault = Fault(kind=kind, model=_key(model), at=at, times=times)
        self._armed.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Disarm a fault; one that has struck for the last time is already gone."""
        self._armed = [armed for armed in self._armed if armed is not fault]

    def take(self, kind: FaultKind, model: str) -> Fault | None:
        """Return the first armed fault of this kind for this model and use up one of its times."""
        if not self._armed:
            return None
        for fault in self._armed:
            if fault.kind == kind and fault.model in (None, _key(model)):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Heal everything."""
        self.clock_skew = 0.0
        self._slowdown.clear()
        self._armed.clear()
        self._tell()

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change of speed."""
        self._listeners.append(listener)

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._armed))

    def __bool__(self) -> bool:
        return bool(self._armed or self._slowdown or self.clock_skew)

    def __repr__(self) -> str:
        return f"<Faults slowdown={self._slowdown} armed={[fault.kind for fault in self._armed]}>"

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _key(model: str | None) -> str | None:
    """Return the name under which a model is found, however it was written (1.2)."""
    return None if model is None else canonical(model).lower()
