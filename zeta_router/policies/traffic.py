"""`Traffic`: how busy models and hosts are, and what a second of GPU time therefore costs other requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from zeta_router.learning.runner import OVERLAP_COST, SLOT_COST
from zeta_router.learning.traffic import Rates

Key = tuple[str, str]

LEAST_AT_WORK = 0.02
"""Share of the time below which whom requests meet says nothing."""


class Price(NamedTuple):
    """What `w` seconds of work cost other requests: `w * (w * queued + shared)` utility."""

    queued: float
    """Per second squared: requests that queue behind, and wait for half of it on average."""
    shared: float
    """Per second: requests on the host's other models, which get slower meanwhile."""


FREE = Price(0.0, 0.0)


@dataclass(slots=True)
class _Served(Rates):
    """One model on one host."""

    arrivals: float = 0.0
    """Of requests, each weighted with the utility that a second costs it."""
    work: float = 0.0
    """Of seconds of work, weighted likewise."""


@dataclass(slots=True)
class _Met(Rates):
    """One host: how many of its requests found another one running."""

    requests: float = 0.0
    met: float = 0.0
    seconds: float = 0.0
    """Of work."""

    def independence(self, now: float) -> float:
        """Return how far requests come when they please, from 0, one after the other, to 1.

        One that comes at any time finds the host at work with the probability that it is at work. Somebody who waits
        for each answer before asking again never does, and what runs for him keeps nobody waiting.
        """
        at_work = min(self.seconds * self.per_second(now), 1.0)
        if self.requests <= 0.0 or at_work < LEAST_AT_WORK:
            return 1.0
        return min(self.met / self.requests / at_work, 1.0)


@dataclass(slots=True)
class Traffic:
    """Arrival rates per model and host, fading within a few minutes.

    Source: the Zeta learning study, section 8.5 (the price of GPU time in its quadratic form: a constant price per
    second costs 3.5 % there).
    """

    _runners: dict[Key, _Served] = field(default_factory=dict)
    _hosts: dict[str, _Met] = field(default_factory=dict)

    def begin(self, key: Key, work: float, slope: float, now: float) -> None:
        """Count one request.

        Args:
            key: Model and host that serve it.
            work: Seconds of prefill and decode that are expected.
            slope: Utility that a further second costs it.
            now: Seconds since the epoch.
        """
        served = self._runners.get(key)
        if served is None:
            served = self._runners[key] = _Served()
        left = served.fade(now)
        served.arrivals = served.arrivals * left + slope
        served.work = served.work * left + slope * work

    def end(self, host: str, seconds: float, now: float, *, met: bool) -> None:
        """Note how long a request was at work on a host, and whether it had found another one there."""
        known = self._hosts.get(host)
        if known is None:
            known = self._hosts[host] = _Met()
        left = known.fade(now)
        known.requests = known.requests * left + 1.0
        known.met = known.met * left + met
        known.seconds = known.seconds * left + seconds

    def forget(self, key: Key) -> None:
        """Let go of a model on a host that is no longer there."""
        self._runners.pop(key, None)
        if not any(host == key[1] for _, host in self._runners):
            self._hosts.pop(key[1], None)

    def prices(self, slots: dict[str, int], now: float) -> dict[Key, Price]:
        """Return what work costs others, per model and host; `slots` are calls that a host serves per model at once."""
        rates = {key: served.per_second(now) for key, served in self._runners.items()}
        work = {key: served.work * rates[key] for key, served in self._runners.items()}
        due = {host: known.independence(now) for host, known in self._hosts.items()}
        by_host: dict[str, float] = {}
        for (_, host), weighted in work.items():
            by_host[host] = by_host.get(host, 0.0) + weighted
        for host in by_host:
            by_host[host] *= due.get(host, 1.0)
        prices: dict[Key, Price] = {}
        for key, served in self._runners.items():
            share, count = due.get(key[1], 1.0), slots.get(key[1], 1)
            arrivals = share * served.arrivals * rates[key]
            queued = arrivals / (2.0 * count * count)
            if count > 1:
                queued += SLOT_COST * arrivals / count
            prices[key] = Price(queued, OVERLAP_COST * max(by_host[key[1]] - share * work[key], 0.0))
        for host, weighted in by_host.items():
            prices[("", host)] = Price(0.0, OVERLAP_COST * weighted)  # of a model there that nobody uses yet
        return prices
