"""Which models are on which hosts, what is in memory there, and how busy they are."""

from __future__ import annotations

from collections.abc import Iterable

from zeta_router.decision import Candidate, Flight
from zeta_router.model import ModelCard, canonical

Key = tuple[str, str]
"""Model and host."""


class Fleet:
    """The models of a router, as candidates that are kept ready.

    Counts change only by `begin` and `end`, which an attempt calls on entering and leaving its `with` block: what went
    up comes down, whatever happens between. Not thread-safe: the router calls it under its lock.
    """

    def __init__(self) -> None:
        self._candidates: dict[Key, Candidate] = {}
        self._flights: dict[Key, dict[int, Flight]] = {}
        self._next = 0

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every model on every host, in the order they joined."""
        return tuple(self._candidates.values())

    @property
    def in_flight(self) -> int:
        """Attempts that run now, on all hosts."""
        return sum(len(flights) for flights in self._flights.values())

    def get(self, key: Key) -> Candidate | None:
        """Return one candidate as it is now, or None if it has left."""
        return self._candidates.get(key)

    def join(self, card: ModelCard, host: str) -> bool:
        """Add a model on a host, or renew its card; return whether it is new."""
        key = (card.name, host)
        known = self._candidates.get(key)
        self._candidates[key] = known._replace(card=card) if known else Candidate(card, host)
        self._flights.setdefault(key, {})
        self._renew(key)  # it may join a host that is busy
        return known is None

    def leave(self, key: Key) -> bool:
        """Take a model off a host; attempts that run on it still end. Return whether it was there."""
        if not self._flights.get(key):
            self._flights.pop(key, None)
        return self._candidates.pop(key, None) is not None

    def begin(self, key: Key, flight: Flight) -> int:
        """Count an attempt in; the number returned is what `end` takes."""
        self._next += 1
        self._flights.setdefault(key, {})[self._next] = flight
        self._renew(key)
        return self._next

    def end(self, key: Key, number: int) -> None:
        """Count an attempt out; a number that is not in flight changes nothing."""
        flights = self._flights.get(key)
        if flights is None or flights.pop(number, None) is None:
            return
        if not flights and key not in self._candidates:
            del self._flights[key]
        self._renew(key)

    def ground(self) -> None:
        """Count everything out: this process was forked, and what is in flight is its parent's."""
        for key in tuple(self._flights):
            for number in tuple(self._flights[key]):
                self.end(key, number)

    def mark(self, key: Key, *, loaded: bool | None, at: float) -> None:
        """Note that a model is in memory, is not, or may be either, at a time in seconds since the epoch."""
        known = self._candidates.get(key)
        if known is not None:
            loaded_at = at if loaded else known.loaded_at
            self._candidates[key] = known._replace(loaded=loaded, loaded_at=loaded_at)

    def saw_load(self, key: Key, *, at: float) -> None:
        """Note that a model was just loaded: it is in memory, and what else was there may have been evicted for it."""
        for other, candidate in self._candidates.items():
            if other[1] == key[1] and other != key and candidate.loaded and not candidate.flights:
                self._candidates[other] = candidate._replace(loaded=None)
        self.mark(key, loaded=True, at=at)

    def saw_resident(self, host: str, names: Iterable[str], *, at: float) -> None:
        """Take over what `/api/ps` of a host shows. A model that is loading is not shown; one that is busy stays."""
        resident = {canonical(name) for name in names}
        for key, candidate in tuple(self._candidates.items()):
            if candidate.host == host:
                shown = canonical(candidate.model) in resident
                self.mark(key, loaded=True if shown else (None if candidate.flights else False), at=at)

    def _renew(self, key: Key) -> None:
        """Bring the candidates of one host up to date after a count changed."""
        host = key[1]
        busy = sum(len(flights) for (_, where), flights in self._flights.items() if where == host)
        for other, (card, where, loaded, flights, _, loaded_at) in self._candidates.items():
            if where == host:
                if other == key:
                    flights = tuple(self._flights[other].values())
                self._candidates[other] = Candidate(card, where, loaded, flights, busy, loaded_at)
