"""The router's own trouble never breaks a request, and is said once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest

from zeta_router import (
    Belief,
    Candidate,
    Choice,
    Decision,
    DriftFound,
    DriftOver,
    Event,
    Fate,
    Outcome,
    OutcomeSeen,
    PhaseTimes,
    Request,
    TaskGuess,
    TroubleSeen,
    ZetaDynamicRouter,
)


class BrokenPolicy:
    """Raises whatever it is asked."""

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        raise ZeroDivisionError

    def begin(self, decision: Decision) -> None:
        raise ZeroDivisionError

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[DriftFound | DriftOver]:
        raise ZeroDivisionError

    def feedback(self, decision: Decision, score: float, *, now: float) -> None:
        raise ZeroDivisionError

    def beliefs(self, *, now: float) -> Sequence[Belief]:
        return ()


def test_a_policy_that_raises_does_not_break_requests(caplog: pytest.LogCaptureFixture) -> None:
    """The least busy model serves, every time; the trouble is told once, with its name."""
    router = ZetaDynamicRouter(["a:7b", "b:7b"], policy=BrokenPolicy())
    events: list[Event] = []
    router.subscribe(events.append)

    for _ in range(3):
        for attempt in router.plan(Request(text="hello")):
            with attempt:
                attempt.settle(Outcome(fate=Fate.ok))
        router.feedback(attempt.decision.id, 1.0)

    troubles = [event for event in events if isinstance(event, TroubleSeen)]
    assert len([t for t in troubles if "choose" in t.what]) == 1
    assert any("choose raised ZeroDivisionError" in what for what in router.snapshot().troubles)
    assert len([r for r in caplog.records if "choose raised" in r.message]) == 1


class Dreamer(PhaseTimes):
    """Expects what cannot be."""

    dream: Mapping[str, Any]

    def choose(self, *args: Any, **kwargs: Any) -> Choice:
        choice = super().choose(*args, **kwargs)
        return choice._replace(picked=choice.picked._replace(**self.dream), decode_sd=1e6)


@pytest.mark.parametrize("dream", [{}, {"decode": "soon"}, {"load": math.inf, "decode": math.nan}])
def test_figures_of_a_policy_that_are_none_do_not_break_other_requests(dream: Mapping[str, Any]) -> None:
    """They are worked out when the next request looks at what is in flight."""
    policy = Dreamer()
    policy.dream = dream
    router = ZetaDynamicRouter(["a:7b"], policy=policy)
    with next(iter(router.plan(Request(text="hello")))) as first:
        with next(iter(router.plan(Request(text="hello")))) as second:
            assert second.decision.picked.candidate.in_flight == 1
            second.settle(Outcome(fate=Fate.ok))
        first.settle(Outcome(fate=Fate.ok))
    assert router.snapshot().in_flight == 0


def test_a_listener_that_raises_harms_nobody() -> None:
    """The other listeners still hear everything, and the request goes on."""
    router = ZetaDynamicRouter(["a:7b"])
    heard: list[Event] = []

    def broken(event: Event) -> None:
        raise ValueError("listener's own")

    router.subscribe(broken)
    stop = router.subscribe(heard.append)
    for attempt in router.plan(Request(text="hello")):
        with attempt:
            attempt.settle(Outcome(fate=Fate.ok))
    assert any(isinstance(event, OutcomeSeen) for event in heard)
    stop()
    count = len(heard)
    for attempt in router.plan(Request(text="hello")):
        with attempt:
            attempt.settle(Outcome(fate=Fate.ok))
    assert len(heard) == count


def test_a_trouble_waits_for_somebody_to_tell() -> None:
    """Who begins to listen later hears of it with the next event, once."""
    router = ZetaDynamicRouter(["a:7b"], policy=BrokenPolicy())
    heard: list[Event] = []
    for number in range(4):
        if number == 2:
            router.subscribe(heard.append)
        for attempt in router.plan(Request(text="hello")):
            with attempt:
                attempt.settle(Outcome(fate=Fate.ok))
    told = [event.what for event in heard if isinstance(event, TroubleSeen)]
    assert len(told) == len(set(told)) == 3
    assert isinstance(heard[0], TroubleSeen)
