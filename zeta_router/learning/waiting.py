"""What is in flight now, and how long it will take still: waits come from this, never from an average of latencies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from zeta_router.decision import Candidate, Flight, Key
from zeta_router.learning.runner import LATE_S

STILL_LEAST = 0.1
STILL_MOST = 1.2
"""Share of its expected seconds that a call which should have ended is expected to take still: about its spread. (Of a
log-normal length with standard deviation s of its log, what is left after its mean is about s times the mean.)"""
STILL_AGED = 0.4
"""The same as a share of spread times the seconds that it has taken: of a long tail, the more is left the older it is.
"""
LATE_SPREADS = 10.0
"""A call is overdue `10 * spread` of its expected seconds, and two seconds, after them. Sooner, it is a long answer."""


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


class Served(Protocol):
    """What is known of how calls are served."""

    def slots(self, host: str) -> int:
        """Return how many calls a host serves per model at once."""
        ...

    def freed_at(self, key: Key) -> float:
        """Return when the last call on a model and host ended, seconds since the epoch; 0 for never."""
        ...


def work_of(candidates: Sequence[Candidate], served: Served, now: float) -> dict[str, Work]:
    """Return what each host has to do, of those that have calls in flight on one of the candidates."""
    work: dict[str, Work] = {}
    for candidate in candidates:
        flights = candidate[3]
        if not flights:
            continue
        host = candidate[1]
        known = work.get(host)
        if known is None:
            known = work[host] = Work(served.slots(host), [])
        calls, began_at = len(flights), flights[0].began_at
        if known.slots == 1:  # one after another: the oldest waited for those before it
            began_at = max(began_at, served.freed_at(candidate.key))
        spent = max(now - began_at, 0.0)
        seconds = remaining(flights, spent)
        late = overdue(flights[0], spent)  # those behind it wait for it, and say nothing of their own
        left = seconds / min(calls, known.slots)
        known.models.append(Busy(candidate[0].name, calls, seconds, late, candidate[2] is not False, left))
    return work


def remaining(flights: Sequence[Flight], spent: float) -> float:
    """Return the seconds until everything in flight on a model is done, one after another.

    `spent` is for how many seconds the oldest has been served.
    """
    oldest = flights[0]
    spread = min(max(oldest.spread, STILL_LEAST), STILL_MOST)
    total = max(oldest.service - spent, spread * oldest.service, STILL_AGED * spread * spent)
    for flight in flights[1:]:
        total += flight.service
    return total


def overdue(flight: Flight, spent: float) -> float:
    """Return observed over expected time of a call if it is overdue, else 0."""
    if flight.service > 0.0 and spent > (1.0 + LATE_SPREADS * flight.spread) * flight.service + LATE_S:
        return spent / flight.service
    return 0.0
