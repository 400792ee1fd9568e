"""What is in flight now, and how long it will take still: waits come from this, never from an average of latencies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    left: float
    """Seconds for which it will be at work: `remaining` with as many calls at once as it serves."""


class Work(NamedTuple):
    """What a host has to do."""

    slots: int
    """Calls that it serves per model at once."""
    models: list[Busy]


def work_of(candidates: Sequence[Candidate], slots: Callable[[str], int], now: float) -> dict[str, Work]:
    """Return what each host has to do, of those that have calls in flight on one of the candidates."""
    work: dict[str, Work] = {}
    for candidate in candidates:
        flights = candidate[3]
        if not flights:
            continue
        host = candidate[1]
        known = work.get(host)
        if known is None:
            known = work[host] = Work(slots(host), [])
        seconds, calls = remaining(flights, now), len(flights)
        late = overdue(flights[0], now)  # those behind it wait for it, and say nothing of their own
        left = seconds / min(calls, known.slots)
        known.models.append(Busy(candidate[0].name, calls, seconds, late, candidate[2] is not False, left))
    return work


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
