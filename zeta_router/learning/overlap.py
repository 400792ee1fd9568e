"""`Overlap`: how much ran beside a call on its host, from its begin to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

LOST_FACTOR = 20.0
LOST_S = 120.0
"""A call that did not end within `20 * predicted + 120 s` was lost with the process that ran it."""
MOST_RUNNING = 4_096
"""Calls followed at once; a host with more of them is not understood better by following all."""


class Beside(NamedTuple):
    """Averages over the time of one call."""

    models: float
    """Other models of the host that were at work."""
    calls: float
    """Other calls on the same model."""


@dataclass(slots=True)
class _Call:
    model: str
    began_at: float
    lost_at: float
    busy_before: float
    """The host's `_busy_s` at its begin."""
    calls_before: float
    """The model's `_calls_s` at its begin."""


@dataclass(slots=True)
class Overlap:
    """Running integrals of what is in flight on one host: a difference of two readings is an average between them.

    Source: the Zeta learning study, section 8.1 ("difference of a running integral").
    """

    _running: dict[str, _Call] = field(default_factory=dict)
    _count: dict[str, int] = field(default_factory=dict)
    """Model -> calls in flight."""
    _busy_s: float = 0.0
    """Seconds of busy models, summed over models."""
    _calls_s: dict[str, float] = field(default_factory=dict)
    """Model -> seconds of calls in flight, summed over calls."""
    _at: float = 0.0

    def begin(self, call: str, model: str, expected: float, now: float) -> None:
        """Count a call in; `expected` is how many seconds it is expected to take."""
        self._advance(now)
        self._drop_lost(now)
        if len(self._running) >= MOST_RUNNING or call in self._running:
            return
        lost_at = now + LOST_FACTOR * expected + LOST_S
        self._running[call] = _Call(model, now, lost_at, self._busy_s, self._calls_s.get(model, 0.0))
        self._count[model] = self._count.get(model, 0) + 1

    def end(self, call: str, now: float) -> Beside | None:
        """Count a call out, and return what ran beside it; None where its begin was not seen."""
        self._advance(now)
        known = self._remove(call)
        seconds = 0.0 if known is None else self._at - known.began_at
        if known is None or seconds <= 0.0:
            return None
        models = (self._busy_s - known.busy_before) / seconds - 1.0
        calls = (self._calls_s.get(known.model, 0.0) - known.calls_before) / seconds - 1.0
        if known.model not in self._count:
            self._calls_s.pop(known.model, None)  # nobody refers to it: departed models leave nothing behind
        return Beside(max(models, 0.0), max(calls, 0.0))

    def _remove(self, call: str) -> _Call | None:
        known = self._running.pop(call, None)
        if known is not None:
            left = self._count[known.model] - 1
            if left:
                self._count[known.model] = left
            else:
                del self._count[known.model]
        return known

    def _advance(self, now: float) -> None:
        seconds = now - self._at
        self._at = now
        if seconds > 0.0 and self._running:
            self._busy_s += seconds * len(self._count)
            for model, count in self._count.items():
                self._calls_s[model] = self._calls_s.get(model, 0.0) + seconds * count

    def _drop_lost(self, now: float) -> None:
        for call, known in list(self._running.items())[:1]:
            if now > known.lost_at:
                self._remove(call)
