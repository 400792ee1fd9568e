"""What the parts of the default policy learn, each alone."""

from __future__ import annotations

import math
from random import Random

import pytest

from tests.core.world import CODER, HOST, ManualTime, World
from zeta_router import (
    Fate,
    ModelCard,
    Objective,
    Outcome,
    PhaseTimes,
    Request,
    Timings,
    ZetaDynamicRouter,
)
from zeta_router.decision import Flight
from zeta_router.learning.learned import MOST_RUNNERS
from zeta_router.learning.memory import Memory
from zeta_router.learning.overlap import Overlap
from zeta_router.learning.slots import Slots
from zeta_router.learning.traffic import FADES_S, Rates
from zeta_router.learning.waiting import remaining
from zeta_router.policies import outlook
from zeta_router.policies.traffic import Traffic


def test_what_ran_beside_a_call_is_averaged_over_its_time() -> None:
    """Half of its time another model was at work, and a second call of its own for a quarter."""
    overlap = Overlap()
    overlap.begin("mine", "a", 4.0, 100.0)
    overlap.begin("other", "b", 4.0, 102.0)
    overlap.begin("twin", "a", 4.0, 103.0)
    beside = overlap.end("mine", 104.0)
    assert beside is not None
    assert (beside.models, beside.calls) == (pytest.approx(0.5), pytest.approx(0.25))


def test_a_call_that_was_lost_with_its_process_is_dropped() -> None:
    """It does not count as running beside others for ever."""
    overlap = Overlap()
    overlap.begin("lost", "b", 1.0, 0.0)
    overlap.begin("next", "a", 1.0, 1_000.0)
    beside = overlap.end("next", 1_001.0)
    assert beside is not None
    assert beside.models == 0.0
    assert overlap.end("lost", 1_002.0) is None


def test_slots_are_learned_from_who_did_not_wait() -> None:
    """Three calls that found another one running and did not wait make two slots; two that waited unmake them."""
    slots = Slots()
    for _ in range(3):
        slots.learn(1, 0.0, 2.0)
    assert slots.count == 2
    for _ in range(2):
        slots.learn(1, 1.5, 2.0)
    assert slots.count == 1


def test_memory_learns_what_fits_from_evictions_and_doubts_it_when_contradicted() -> None:
    """10 GB were together; a third model made one go at 14 GB: 13 GB more have no room, and nothing is for ever."""
    memory = Memory()
    memory.used("a", 5.0, loaded_for_it=True, now=0.0)
    memory.used("b", 5.0, loaded_for_it=True, now=10.0)
    memory.used("a", 5.0, loaded_for_it=False, now=20.0)
    assert memory.held_gb == 10.0
    assert memory.room_gb > 1e300
    memory.used("c", 4.0, loaded_for_it=True, now=30.0)
    memory.seen("a", 5.0, False, 40.0)
    assert memory.refused_gb == 14.0
    assert memory.residents == ("b", "c")
    assert 4.9 < memory.room_gb < 5.0
    memory.used("a", 5.0, loaded_for_it=True, now=50.0)
    for model in ("b", "c", "a"):
        memory.used(model, 5.0 if model != "c" else 4.0, loaded_for_it=False, now=60.0)
    assert memory.refused_gb == math.inf  # all three are there


def test_a_rate_is_what_came_per_second() -> None:
    """One a second for an hour is one a second; after the time constant a third is left."""
    rates, came = Rates(), 0.0
    for second in range(3_600):
        came = came * rates.fade(float(second)) + 1.0
    assert came * rates.per_second(3_600.0) == pytest.approx(1.0, rel=0.01)
    assert came * rates.per_second(3_600.0 + FADES_S) == pytest.approx(math.exp(-1.0), rel=0.01)


@pytest.mark.parametrize(("together", "price"), [(True, 1.0), (False, 0.0)])
def test_work_costs_others_only_where_requests_meet(together: bool, price: float) -> None:
    """Requests that come when they please queue; somebody who waits for each answer keeps nobody waiting."""
    traffic, rng = Traffic(), Random(1)
    for i in range(600):
        traffic.begin(("m", "h"), 0.5, 0.08, float(i))
        traffic.end("h", 0.5, i + 0.5, met=together and rng.random() < 0.5)
    assert traffic.prices({"h": 1}, 600.0)["m", "h"].queued == pytest.approx(price * 0.08 / 2, rel=0.15)


def test_a_model_that_was_deleted_does_not_stay_in_memory_for_ever() -> None:
    """Nobody says of it that it went: nothing is seen of it for an hour, while others come and go."""
    memory = Memory()
    memory.used("deleted", 5.0, loaded_for_it=True, now=0.0)
    memory.used("idle", 4.0, loaded_for_it=True, now=10.0)
    for minute in range(1, 70):
        memory.still_there("idle", 60.0 * minute)
        memory.used(f"visitor-{minute % 2}", 3.0, loaded_for_it=True, now=60.0 * minute)
    assert set(memory.residents) == {"idle", "visitor-0", "visitor-1"}


def test_a_burst_is_believed_while_it_lasts() -> None:
    """Sixty times as many requests for two minutes: by then more than half of that is believed, and six minutes later
    less than a tenth of what was.
    """
    traffic, now = Traffic(), 0.0
    for gap, times in ((60.0, 60), (1.0, 120)):
        for _ in range(times):
            now += gap
            traffic.begin(("m", "h"), 0.5, 1.0, now)
    at_once = 2.0 * traffic.prices({"h": 1}, now)["m", "h"].queued
    assert 0.5 < at_once < 1.0
    later = 2.0 * traffic.prices({"h": 1}, now + 360.0)["m", "h"].queued
    assert later < 0.1 * at_once


@pytest.mark.parametrize(("better", "goes"), [(0.03, False), (0.12, True)])
def test_a_better_answer_is_worth_an_eviction(better: float, goes: bool) -> None:
    """Two models of which one fits, and users who have an hour: the load of the other is charged 0.08 of quality."""
    quality = {"worse:8b": 0.6, "better:8b": 0.6 + better}
    cards = [ModelCard(name=n, host=HOST, size_bytes=5 * 10**9, quality={"code": q}) for n, q in quality.items()]
    clock = ManualTime()
    router = ZetaDynamicRouter(cards, objective=Objective(expected_seconds={"code": 3_600.0}), clock=clock)
    for model in ("worse:8b", "better:8b", "worse:8b"):  # each has to be loaded, and the other is gone
        attempt = next(iter(router.plan(Request(task="code", prompt_tokens=200), model=model)))
        with attempt:
            clock.now += 6.0
            timings = Timings(load=5.0, prefill=0.1, decode=0.9, total=6.0)
            attempt.settle(Outcome(fate=Fate.ok, timings=timings, prompt_tokens=200, output_tokens=50))
        router._dispatcher.saw_resident(HOST, [model])
    decision = router.explain(Request(task="code", prompt_tokens=200))
    assert decision.model == ("better:8b" if goes else "worse:8b")


@pytest.mark.parametrize(("spread", "left"), [(0.1, 1.0), (0.9, 9.0)])
def test_what_is_left_of_a_late_call_is_about_its_spread(spread: float, left: float) -> None:
    """Ten seconds were expected, and are over."""
    assert remaining([Flight(0.0, 10.0, spread)], 12.0) == pytest.approx(left)


def test_models_that_come_and_go_leave_a_bounded_state() -> None:
    """A thousand visitors, each served once."""
    world = World()
    policy = PhaseTimes()
    world.router = ZetaDynamicRouter([ModelCard(name=CODER, host=HOST)], policy=policy, clock=world.clock)
    for i in range(MOST_RUNNERS + 50):
        name = f"visitor-{i}:7b"
        world.router.join(ModelCard(name=name, host=HOST))
        attempt = next(iter(world.router.plan(Request(task="code", prompt_tokens=200), model=name)))
        with attempt:
            world.clock.now += 1.0
        world.router.leave(name)
    assert len(policy.beliefs(now=world.clock.now)) == MOST_RUNNERS


def test_a_fleet_through_which_many_pass_leaves_a_bounded_outlook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that come, are never picked, and go: their forecasts are thrown away, and made anew where needed."""
    monkeypatch.setattr(outlook, "FORECASTS_MOST", 20)
    world = World()
    policy = PhaseTimes()
    world.router = ZetaDynamicRouter([ModelCard(name=CODER, host=HOST)], policy=policy, clock=world.clock)
    for i in range(60):
        world.router.join(ModelCard(name=f"visitor-{i}:70b", host=HOST))
        assert world.router.explain(Request(task="code", prompt_tokens=200)).model == CODER
        world.router.leave(f"visitor-{i}:70b")
    assert len(policy._outlook.forecasts) <= 22
