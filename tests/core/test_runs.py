"""Chains, tools and the like as candidates: one phase, no load, the same learning."""

from __future__ import annotations

from collections import Counter

from tests.core.world import ManualTime
from zeta_router import DriftFound, Event, Fate, PhaseTimes, ZetaDynamicRouter
from zeta_router.runs import AlwaysWarm, run_card, run_outcome, run_request
from zeta_router.signals.answer import Answer


class Runs:
    """Two chains that take as long as they are told to, and a clock by hand."""

    def __init__(self, **seconds: float) -> None:
        self.clock = ManualTime()
        self.policy = AlwaysWarm(PhaseTimes())
        self.seconds = seconds
        self.failing: set[str] = set()
        cards = [run_card(name, kind="chain") for name in seconds]
        self.router = ZetaDynamicRouter(cards, policy=self.policy, clock=self.clock, rng=7)
        self.events: list[Event] = []
        self.router.subscribe(self.events.append)

    def run(self, times: int) -> Counter[str]:
        """Run so many times, a second apart; return who was picked first how often."""
        picks: Counter[str] = Counter()
        for _ in range(times):
            attempts = self.router.plan(run_request(task="report"))
            for attempt in attempts:
                with attempt:
                    name = attempt.decision.model
                    self.clock.now += self.seconds[name]
                    fate = Fate.error if name in self.failing else Fate.ok
                    attempt.settle(run_outcome(fate, seconds=self.seconds[name]))
            picks[attempts.made[0].decision.model] += 1
            self.clock.now += 1.0
        return picks


def test_the_quicker_of_two_is_found() -> None:
    """Both are tried, then the quicker one serves nearly always."""
    runs = Runs(slow=9.0, quick=2.0)

    picks = runs.run(30)

    assert picks["slow"] >= 1
    assert picks["quick"] >= 25


def test_what_becomes_slow_is_left_and_what_fails_is_left() -> None:
    """As for models: the traffic moves, and the listeners hear of it."""
    runs = Runs(one=2.0, two=3.0)
    runs.run(20)
    runs.seconds["one"] = 20.0

    picks = runs.run(30)

    assert picks["two"] >= 20
    assert [event.model for event in runs.events if isinstance(event, DriftFound)] == ["one"]

    runs.failing = {"two"}
    runs.seconds["one"] = 2.0
    assert runs.run(40)["one"] >= 25


def test_nothing_is_expected_of_a_run_before_it_ran() -> None:
    """No load, no tokens: what is predicted is the run itself, however long it has been idle."""
    runs = Runs(one=2.0)
    first = runs.router.explain(run_request(task="report"))
    runs.run(3)
    runs.clock.now += 86_400

    later = runs.router.explain(run_request(task="report"))

    assert (first.predicted.load, first.predicted.decode) == (0.0, 0.0)
    assert later.predicted.load == 0.0
    assert 1.0 < (later.predicted.total or 0.0) < 3.0


def test_what_an_output_shows_reaches_the_policy_inside() -> None:
    runs = Runs(first=1.0, second=1.0)
    runs.run(1)
    attempt = next(runs.router.plan(run_request(task="report")))
    with attempt:
        attempt.settle(run_outcome(Fate.ok, seconds=1.0))
    attempt.observe(Answer(text=""))

    told = {belief.model: belief.quality for belief in runs.policy.beliefs(now=runs.clock.now)}

    assert told[attempt.decision.model]
