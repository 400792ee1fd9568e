"""What is in flight now, and how long it will take still: waits come from this, never from an average of latencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from zeta_router.decision import Candidate, Flight
from zeta_router.learning.runner import LATE_FACTOR, LATE_S

STILL_LEAST = 0.1
STILL_MOST = 1.2
"""Share of its expected seconds that a call which should have ended is expected to take still: about its spread. (Of a
log-normal length with standard deviation s of its log, what is left after its mean is about s times the mean.)"""


class Busy(NamedTuple):
    """A model with calls in flight."""

    model: str
    calls: int
    remaining: float
    """Seconds until all of them are done, one after another."""
    late: float
    """Observed over expected time of the oldest if it is overdue, else 0: nobody waits for its end."""
    loaded: bool
    """In memory; otherwise its calls begin with its load."""


def busy_models(candidates: Sequence[Candidate], now: float) -> dict[str, list[Busy]]:
    """Return the models that have calls in flight, by host."""
    busy: dict[str, list[Busy]] = {}
    for candidate in candidates:
        flights = candidate.flights
        if flights:
            busy.setdefault(candidate.host, []).append(
                Busy(
                    candidate.card.name,
                    len(flights),
                    remaining(flights, now),
                    overdue(flights[0], now),  # those behind it wait for it, and say nothing of their own
                    candidate.loaded is not False,
                )
            )
    return busy


def remaining(flights: Sequence[Flight], now: float) -> float:
    """Return the seconds until everything in flight on a model is done, one after another."""
    total = 0.0
    running = True
    for flight in flights:
        if running:
            still = min(max(flight.spread, STILL_LEAST), STILL_MOST) * flight.service
            total += max(flight.service - max(now - flight.began_at, 0.0), still)
            running = False
        else:
            total += flight.service
    return total


def overdue(flight: Flight, now: float) -> float:
    """Return observed over expected time of a call if it is overdue, else 0."""
    spent = now - flight.began_at
    if flight.service > 0.0 and spent > LATE_FACTOR * flight.service + LATE_S:
        return spent / flight.service
    return 0.0
