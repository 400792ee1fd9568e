"""What was measured of each model: the view behind `router.performance_metrics`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from zeta_router.outcome import Outcome

WINDOW = 200
"""Answers that the quantiles are taken over: enough for a p95, few enough to follow the present."""

MOST_TOKENS = 10**9
"""Of one answer; a count beyond that is a fault of the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMetrics:
    """What was measured of one model over all its hosts. Times in seconds; None where nothing was measured yet."""

    calls: int
    answered: int
    failed: int
    abandoned: int
    """Cancelled, or closed by the reader."""
    mean_s: float | None
    p50_s: float | None
    p95_s: float | None
    output_tokens_per_s: float | None
    """Decode speed over the last answers."""


class Meter:
    """Counts and recent times of one model."""

    __slots__ = ("_abandoned", "_answered", "_calls", "_decode_s", "_failed", "_tokens", "_totals")

    def __init__(self) -> None:
        self._calls = self._answered = self._failed = self._abandoned = 0
        self._totals: deque[float] = deque(maxlen=WINDOW)
        self._tokens: deque[int] = deque(maxlen=WINDOW)
        self._decode_s: deque[float] = deque(maxlen=WINDOW)

    def add(self, outcome: Outcome) -> None:
        """Count one attempt."""
        fate, timings, output_tokens = outcome.fate, outcome.timings, outcome.output_tokens
        self._calls += 1
        if fate.answered:
            self._answered += 1
        elif fate.abandoned:
            self._abandoned += 1
        else:
            self._failed += 1
        if not fate.completed:
            return
        if timings.total is not None:
            self._totals.append(timings.total)
        if timings.decode and output_tokens and output_tokens > 1:
            self._tokens.append(min(output_tokens - 1, MOST_TOKENS))  # the first token belongs to the prefill
            self._decode_s.append(timings.decode)

    def read(self) -> ModelMetrics:
        """Return the figures as they are now."""
        totals = sorted(self._totals)
        decode_s = sum(self._decode_s)
        return ModelMetrics(
            calls=self._calls,
            answered=self._answered,
            failed=self._failed,
            abandoned=self._abandoned,
            mean_s=sum(totals) / len(totals) if totals else None,
            p50_s=quantile(totals, 0.50),
            p95_s=quantile(totals, 0.95),
            output_tokens_per_s=sum(self._tokens) / decode_s if decode_s > 0 else None,
        )


def quantile(ordered: list[float], share: float) -> float | None:
    """Return the value below which `share` of an ascending list lies, interpolated; None of an empty list."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
