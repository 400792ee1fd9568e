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


NOTHING = Beside(0.0, 0.0)


@dataclass(slots=True)
class _Model:
    """A model at work."""

    calls: int
    """In flight."""
    seconds: float
    """Of calls in flight, summed over calls."""
    at: float

    def advance(self, now: float) -> None:
        if now > self.at:
            self.seconds += (now - self.at) * self.calls
        self.at = now


@dataclass(slots=True)
class _Call:
    model: str
    began_at: float
    lost_at: float
    busy_before: float
    """The host's `_busy_s` at its begin."""
    calls_before: float
    """The model's `seconds` at its begin."""


@dataclass(slots=True)
class Overlap:
    """Running integrals of what is in flight on one host: a difference of two readings is an average between them.

    Source: the Zeta learning study, section 8.1 ("difference of a running integral").
    """

    _running: dict[str, _Call] = field(default_factory=dict)
    _models: dict[str, _Model] = field(default_factory=dict)
    _busy_s: float = 0.0
    """Seconds of busy models, summed over models."""
    _at: float = 0.0

    def begin(self, call: str, model: str, expected: float, now: float) -> None:
        """Count a call in; `expected` is how many seconds it is expected to take."""
        self._advance(now)
        running = self._running
        if running:
            oldest = next(iter(running))
            if now > running[oldest].lost_at:
                self._remove(oldest, now)
            if len(running) >= MOST_RUNNING or call in running:
                return
        known = self._models.get(model)
        if known is None:
            known = self._models[model] = _Model(1, 0.0, now)
        else:
            known.advance(now)
            known.calls += 1
        running[call] = _Call(model, now, now + LOST_FACTOR * expected + LOST_S, self._busy_s, known.seconds)

    def end(self, call: str, now: float) -> Beside | None:
        """Count a call out, and return what ran beside it; None where its begin was not seen."""
        self._advance(now)
        known = self._running.get(call)
        if known is None:
            return None
        model, seconds = self._remove(call, now), now - known.began_at
        if seconds <= 0.0:
            return None
        models = (self._busy_s - known.busy_before) / seconds - 1.0
        calls = (model.seconds - known.calls_before) / seconds - 1.0
        if models <= 0.0 and calls <= 0.0:
            return NOTHING
        return Beside(max(models, 0.0), max(calls, 0.0))

    def _remove(self, call: str, now: float) -> _Model:
        name = self._running.pop(call).model
        model = self._models[name]
        model.advance(now)
        model.calls -= 1
        if not model.calls:
            del self._models[name]
        return model

    def _advance(self, now: float) -> None:
        if not self._models:
            self._busy_s = 0.0  # nobody refers to it, and small numbers are exact
        elif now > self._at:
            self._busy_s += (now - self._at) * len(self._models)
        self._at = now
