"""The fleet keeps its candidates ready, and they are always what counting anew would say."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from zeta_router import Candidate, Fate, Flight, ModelCard, Outcome, Request, Timings
from zeta_router.capability import capable
from zeta_router.fleet import Fleet

MODELS = ("coder:7b", "chat:3b", "embed")
HOSTS = ("http://a", "http://b")
NEEDS = (frozenset[str](), frozenset({"embedding"}), frozenset({"tools"}))


def card(name: str, *, context: int | None = 8192) -> ModelCard:
    able = {"embed": {"embedding"}, "coder:7b": {"completion", "tools"}}.get(name)
    return ModelCard(name=name, context_length=context, capabilities=None if able is None else frozenset(able))


class Counted:
    """What a fleet is told, kept as plainly as it can be, and counted anew whenever somebody asks."""

    def __init__(self) -> None:
        self.cards: dict[tuple[str, str], ModelCard] = {}
        self.memory: dict[tuple[str, str], tuple[bool | None, float]] = {}
        self.flights: list[tuple[tuple[str, str], int, Flight]] = []

    def mark(self, key: tuple[str, str], loaded: bool | None, at: float) -> None:
        if key in self.cards:
            self.memory[key] = (loaded, at if loaded else self.memory[key][1])

    def on(self, key: tuple[str, str]) -> tuple[Flight, ...]:
        return tuple(flight for where, _, flight in self.flights if where == key)

    @property
    def candidates(self) -> Sequence[Candidate]:
        busy = [where[1] for where, _, _ in self.flights]
        return [
            Candidate(known, key[1], self.memory[key][0], self.on(key), busy.count(key[1]), self.memory[key][1])
            for key, known in self.cards.items()
        ]


def step(fleet: Fleet, counted: Counted, rng: Random, at: float) -> None:
    """Let one thing happen to both."""
    key = rng.choice(MODELS), rng.choice(HOSTS)
    happens = rng.choice(
        ("join", "join", "leave", "begin", "begin", "begin", "end", "end", "ok", "load", "error", "ps")
    )
    if happens == "join":
        new = card(key[0], context=rng.choice((None, 2048, 8192)))
        assert fleet.join(new, key[1]) == (key not in counted.cards)
        counted.cards[key] = new
        counted.memory.setdefault(key, (None, 0.0))
    elif happens == "leave":
        assert fleet.leave(key) == (counted.cards.pop(key, None) is not None)
        counted.memory.pop(key, None)
    elif happens == "begin":  # also of a model that the fleet has not: another process may know it
        flight = Flight(at, rng.random())
        counted.flights.append((key, fleet.begin(key, flight), flight))
    elif happens == "end" and counted.flights:
        where, number, _ = counted.flights.pop(rng.randrange(len(counted.flights)))
        fleet.end(where, number)
        fleet.end(where, number)  # which changes nothing
    elif happens == "ok":
        fleet.saw_outcome(key, Outcome(fate=Fate.ok, timings=Timings(total=1.0)), at=at)
        counted.mark(key, True, at)
    elif happens == "error":
        fleet.saw_outcome(key, Outcome(fate=Fate.error), at=at)
        counted.mark(key, None, at)
    elif happens == "load" and key in counted.cards:
        fleet.saw_outcome(key, Outcome(fate=Fate.ok, timings=Timings(load=9.0)), at=at)
        for other, (loaded, _) in tuple(counted.memory.items()):
            if other[1] == key[1] and other != key and loaded and not counted.on(other):
                counted.mark(other, None, at)
        counted.mark(key, True, at)
    elif happens == "ps":
        fleet.saw_resident(key[1], [key[0]], at=at)
        for other in counted.cards:
            if other[1] == key[1]:
                counted.mark(other, True if other == key else None if counted.on(other) else False, at)


@pytest.mark.parametrize("asked_every", [1, 7])
@pytest.mark.parametrize("seed", range(8))
def test_candidates_are_what_counting_anew_says(seed: int, asked_every: int) -> None:
    """Whatever comes, goes, begins and ends, in whatever order, and however seldom somebody asks."""
    fleet, counted, rng = Fleet(), Counted(), Random(seed)
    for number in range(600):
        step(fleet, counted, rng, at=100.0 + number)
        if number % asked_every:
            continue
        assert list(fleet.candidates) == counted.candidates
        assert fleet.in_flight == len(counted.flights)
        assert fleet.keys == tuple(counted.cards)
        assert fleet.cards == tuple(counted.cards.values())
        request = Request(prompt_tokens=rng.choice((100, 1900, 4000, 9000)), needs=rng.choice(NEEDS))
        able = capable(request, counted.candidates)
        assert list(fleet.capable(request)) == able
        assert able or not fleet.can_take(request)


def test_nothing_is_left_of_models_that_have_gone() -> None:
    """Hosts come and go in a fleet that lives long."""
    fleet = Fleet()
    for number in range(50):
        host = f"http://h{number}"
        fleet.join(card("chat:3b"), host)
        flight = fleet.begin(("chat:3b", host), Flight(0.0, 1.0))
        fleet.leave(("chat:3b", host))
        fleet.end(("chat:3b", host), flight)
    assert fleet.candidates == ()
    assert not fleet._places
    assert not fleet._hosts
