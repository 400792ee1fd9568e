"""Which models are on which hosts, what is in memory there, and how busy they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from zeta_router.capability import capable, has, in_full
from zeta_router.decision import Candidate, Decision, Flight, Key
from zeta_router.learning.observed import REAL_LOAD_S
from zeta_router.model import ModelCard, canonical
from zeta_router.outcome import Fate, Outcome
from zeta_router.request import Request

Begun = tuple[Decision, float]
"""An attempt by its decision, and when it began, in seconds since the epoch."""


@dataclass(slots=True, eq=False)
class _Host:
    """A server, and how many attempts run on it."""

    address: str
    busy: int = 0
    shown: int = 0
    """What its candidates say of that."""
    places: list[_Place] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Place:
    """A model on a host as it changes; a `Candidate` is what a decision sees of it."""

    key: Key
    host: _Host
    card: ModelCard | None = None
    """None where the model is not in the fleet any more, or not yet, and attempts run on it."""
    loaded: bool | None = None
    loaded_at: float = 0.0
    flights: dict[int, Flight | Begun] = field(default_factory=dict)
    """Worked out when another decision is to see them: most attempts end before that."""


@dataclass(frozen=True, slots=True)
class _Able:
    """The candidates that have some capabilities."""

    keys: tuple[Key, ...] | None
    """None where they are all."""
    shortest: float
    """Tokens of context that all of them take."""
    longest: float
    """Tokens of context that one of them takes."""


class Fleet:
    """The models of a router, as candidates that are kept ready.

    Counts change only by `begin` and `end`, which an attempt calls on entering and leaving its `with` block: what went
    up comes down, whatever happens between. Not thread-safe: the router calls it under its lock. What may be asked
    without says so.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}
        self._places: dict[Key, _Place] = {}
        """Of the models, and of those that left while attempts ran on them."""
        self._candidates: dict[Key, Candidate] = {}
        self._changed: dict[_Place, None] = {}
        """Places that their candidates do not show as they are."""
        self._offered: tuple[Candidate, ...] = ()
        self._able: dict[frozenset[str], _Able] = {}
        self._next = 0

    # -- looking -------------------------------------------------------------------------------------------------

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every model on every host as it is now, in the order they joined."""
        if self._changed:
            self._renew()
        return self._offered

    def _renew(self) -> None:
        """Make those candidates anew that have changed; when a count has, all of that host."""
        changed, candidates = self._changed, self._candidates
        for place in tuple(changed):
            host = place.host
            if host.shown != host.busy:
                changed.update(dict.fromkeys(host.places))
                host.shown = host.busy
        for place in changed:
            card, host = place.card, place.host
            if card is not None:
                flights = tuple([self._flight(place, number) for number in place.flights]) if place.flights else ()
                candidates[place.key] = Candidate(card, host.address, place.loaded, flights, host.busy, place.loaded_at)
        changed.clear()
        self._offered = tuple(candidates.values())

    @staticmethod
    def _flight(place: _Place, number: int) -> Flight:
        flight = place.flights[number]
        if not isinstance(flight, Flight):
            decision, began_at = flight
            try:
                flight = Flight.of(decision, began_at)
            except Exception:  # a policy is a plug-in, here or in another process: its figures may be anything
                flight = Flight(began_at, 0.0)
            place.flights[number] = flight
        return flight

    def capable(self, request: Request) -> Sequence[Candidate]:
        """Return the candidates that can serve a request, as they are now."""
        candidates = self.candidates
        able = self._able_to(request.needs)
        if request.context_needed > able.shortest:
            return capable(request, candidates)
        return candidates if able.keys is None else [self._candidates[key] for key in able.keys]

    def can_take(self, request: Request) -> bool:
        """Return whether a model has the room and the capabilities for a request. May be asked without the lock."""
        return request.context_needed <= self._able_to(request.needs).longest

    def _able_to(self, needs: frozenset[str]) -> _Able:
        """Return who has the capabilities that some requests need: found out once, until a model joins or leaves."""
        found = self._able  # first: what is found while a model joins is thrown away with it
        able = found.get(needs)
        if able is None:
            everyone, required = tuple(self._candidates.values()), in_full(needs)
            those = [candidate for candidate in everyone if has(candidate.card, required)]
            contexts = [math.inf if (most := c.card.context_length) is None else most for c in those]
            keys = None if len(those) == len(everyone) else tuple([candidate.key for candidate in those])
            able = found[needs] = _Able(keys, min(contexts, default=-1), max(contexts, default=-1))
        return able

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """The card of every candidate. May be asked without the lock."""
        return tuple([candidate.card for candidate in tuple(self._candidates.values())])

    @property
    def keys(self) -> tuple[Key, ...]:
        """Model and host of every candidate. May be asked without the lock."""
        return tuple(self._candidates)

    @property
    def in_flight(self) -> int:
        """Attempts that run now, on all hosts. May be asked without the lock."""
        return sum([host.busy for host in tuple(self._hosts.values())])

    # -- coming and going ----------------------------------------------------------------------------------------

    def join(self, card: ModelCard, host: str) -> bool:
        """Add a model on a host, or renew its card; return whether it is new."""
        key = (card.name, host)
        known = self._candidates.get(key)
        self._candidates[key] = known._replace(card=card) if known else Candidate(card, host)  # now: for `cards`
        place = self._place(key)
        place.card = card
        self._changed[place] = None
        self._able = {}
        return known is None

    def leave(self, key: Key) -> bool:
        """Take a model off a host; attempts that run on it still end. Return whether it was there."""
        if self._candidates.pop(key, None) is None:
            return False
        place = self._places[key]
        place.card, place.loaded, place.loaded_at = None, None, 0.0
        self._changed[place] = None
        self._able = {}
        if not place.flights:
            self._drop(place)
        return True

    def _place(self, key: Key) -> _Place:
        place = self._places.get(key)
        if place is None:
            host = self._hosts.setdefault(key[1], _Host(key[1]))
            place = self._places[key] = _Place(key, host)
            host.places.append(place)
        return place

    def _drop(self, place: _Place) -> None:
        del self._places[place.key]
        place.host.places.remove(place)
        if not place.host.places:
            del self._hosts[place.host.address]

    # -- counting ------------------------------------------------------------------------------------------------

    def begin(self, key: Key, flight: Flight | Begun) -> int:
        """Count an attempt in; the number returned is what `end` takes."""
        place = self._places.get(key) or self._place(key)
        self._next += 1
        place.flights[self._next] = flight
        place.host.busy += 1
        self._changed[place] = None
        return self._next

    def end(self, key: Key, number: int) -> None:
        """Count an attempt out; a number that is not in flight changes nothing."""
        place = self._places.get(key)
        if place is None or number not in place.flights:
            return
        del place.flights[number]
        place.host.busy -= 1
        self._changed[place] = None
        if not place.flights and place.card is None:
            self._drop(place)

    def ground(self) -> None:
        """Count everything out: this process was forked, and what is in flight is its parent's."""
        for key, place in tuple(self._places.items()):
            for number in tuple(place.flights):
                self.end(key, number)

    # -- what is in memory ---------------------------------------------------------------------------------------

    def mark(self, key: Key, *, loaded: bool | None, at: float) -> None:
        """Note that a model is in memory, is not, or may be either, at a time in seconds since the epoch."""
        place = self._places.get(key)
        if place is not None and place.card is not None:
            place.loaded = loaded
            if loaded:
                place.loaded_at = at
            self._changed[place] = None

    def saw_outcome(self, key: Key, outcome: Outcome, *, at: float) -> None:
        """Take over what an outcome says about the host's memory."""
        fate = outcome.fate
        if not fate.completed:
            if fate in (Fate.error, Fate.missing):
                self.mark(key, loaded=None, at=at)
        elif (outcome.timings.load or 0.0) > REAL_LOAD_S:
            self.saw_load(key, at=at)
        else:
            self.mark(key, loaded=True, at=at)

    def saw_load(self, key: Key, *, at: float) -> None:
        """Note that a model was just loaded: it is in memory, and what else was there may have been evicted for it."""
        place = self._places.get(key)
        for other in place.host.places if place is not None else ():
            if other is not place and other.loaded and not other.flights:
                self.mark(other.key, loaded=None, at=at)
        self.mark(key, loaded=True, at=at)

    def saw_resident(self, host: str, names: Iterable[str], *, at: float) -> None:
        """Take over what `/api/ps` of a host shows. A model that is loading is not shown; one that is busy stays."""
        known = self._hosts.get(host)
        resident = {canonical(name) for name in names}
        for place in known.places if known is not None else ():
            shown = canonical(place.key[0]) in resident
            self.mark(place.key, loaded=True if shown else (None if place.flights else False), at=at)

    def heard_of(self, key: Key, *, loaded: bool | None, at: float) -> None:
        """Take over what another process saw in memory, at a time; what is known here wins."""
        place = self._places.get(key)
        if place is not None and place.loaded is None and place.loaded_at < at:
            self.mark(key, loaded=loaded, at=at)
