"""How long a request would wait, from what is in flight now: never from an average of latencies."""

from __future__ import annotations

from collections.abc import Sequence

from zeta_router.decision import Candidate
from zeta_router.learning.runner import LATE_FACTOR, LATE_S, OVERLAP_COST

STILL_RUNNING = 0.1
"""Share of its expected time that a call which should have ended is expected to take still."""


def remaining(candidate: Candidate, now: float) -> float:
    """Return the seconds until everything in flight on a candidate is done, one after another."""
    total = 0.0
    running = True
    for flight in candidate.flights:
        if running:
            total += max(flight.service - (now - flight.began_at), STILL_RUNNING * flight.service)
            running = False
        else:
            total += flight.service
    return total


def queued(candidate: Candidate, offered: Sequence[Candidate], now: float) -> tuple[float, float]:
    """Return the seconds of work before a new request: on its own model, and on the host's other models."""
    own = remaining(candidate, now) if candidate.flights else 0.0
    if candidate.host_flights == len(candidate.flights):
        return own, 0.0
    others = sum(remaining(c, now) for c in offered if c.host == candidate.host and c is not candidate and c.flights)
    return own, others


def wait_for(own: float, others: float, service: float, *, loaded: bool) -> float:
    """Return the seconds a request of `service` seconds loses: behind its own model's queue, and by sharing the host.

    Sharing costs at most as long as the request itself runs. One that must be loaded first may wait for all others to
    end, because a busy model is not evicted.
    """
    return own + OVERLAP_COST * (min(others, service) if loaded else others)


def overdue(candidate: Candidate, now: float) -> float:
    """Return observed over expected time of the call in flight if it is overdue, else 0: nobody waits for its end."""
    worst = 0.0
    for flight in candidate.flights[:1]:  # those behind it wait for it, and say nothing of their own
        spent = now - flight.began_at
        if flight.service > 0.0 and spent > LATE_FACTOR * flight.service + LATE_S:
            worst = spent / flight.service
    return worst
