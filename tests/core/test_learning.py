"""What the router learns: speed, slowness, recovery, failures, feedback."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.core.world import CHAT, CODER, HOST, REASONER, World
from zeta_router import DriftFound, DriftOver, Fate, Outcome, OutcomeSeen, Request, Timings
from zeta_router.policies.probing import RATE, SAVED_FIRST

CODE = Request(text="def f(x): ...", task="code", prompt_tokens=200)


def test_code_goes_to_the_coder_while_all_is_well() -> None:
    """Forty requests, and not one is spent on exploring."""
    assert set(World().serve_code(40)) == {CODER}


def test_a_model_that_becomes_five_times_slower_loses_its_traffic_after_two_calls_at_most() -> None:
    """The slowness becomes an event with its factor, and the next requests go elsewhere."""
    world = World()
    world.serve_code(20)
    world.slow[CODER] = 5.0

    models = world.serve_code(10)

    assert models.index(next(m for m in models if m != CODER)) <= 2
    (found,) = [e for e in world.events if isinstance(e, DriftFound)]
    assert found.model == CODER
    assert found.factor == pytest.approx(5.0, rel=0.05)


def test_a_model_that_recovers_soon_gets_its_traffic_back_within_a_minute() -> None:
    """Checks that were saved are spent at once: a short slow episode is over 45 s after its end at most."""
    world = World()
    world.serve_code(20)
    world.slow[CODER] = 5.0
    world.serve_code(15)
    world.slow.clear()
    recovered_at = world.clock.now

    after = world.serve_code(60)

    (over,) = [e for e in world.events if isinstance(e, DriftOver)]
    assert over.at - recovered_at <= 45.0 + 3.0  # the interval between checks, and the check itself
    first = after.index(CODER)
    assert after[first:].count(CODER) >= 0.95 * len(after[first:])


def test_a_model_that_stays_slow_is_checked_with_two_calls_in_a_hundred() -> None:
    """The budget holds however long it takes, and the first check after the recovery brings the traffic back."""
    world = World()
    world.serve_code(20)
    world.slow[CODER] = 5.0
    during = world.serve_code(500)
    world.slow.clear()
    after = world.serve_code(60)

    assert during.count(CODER) <= 2 + SAVED_FIRST + RATE * 520
    assert after.index(CODER) <= 1 / RATE
    assert after[-1] == CODER


def test_a_check_says_that_it_is_one() -> None:
    """An explored decision carries the reason a person would give."""
    world = World()
    world.serve_code(20)
    world.slow[CODER] = 5.0
    world.serve_code(40)
    checks = [d for d in world.served if d.explored]
    assert checks
    assert all("checking whether" in d.reason and d.model == CODER for d in checks)


def test_the_reason_names_quality_seconds_and_the_runner_up() -> None:
    """One line a person understands."""
    world = World()
    world.serve_code(5)
    reason = world.router.explain(CODE).reason
    assert reason.startswith(f"{CODER}: quality 0.")
    assert "of 5 s expected for code; next " in reason


def test_a_server_that_fails_is_left_and_comes_back() -> None:
    """Failures lower the expectation at once; the first answer forgives most of them."""
    world = World()
    world.serve_code(10)
    world.failing[CODER] = Fate.error
    during = world.serve_code(30)
    assert CODER not in during
    tried = [e for e in world.events if isinstance(e, OutcomeSeen) and e.outcome.fate is Fate.error]
    assert len(tried) <= 6
    world.failing.clear()
    assert world.serve_code(120)[-20:].count(CODER) == 20


def test_when_all_models_fail_the_least_bad_still_serves() -> None:
    """Bad health excludes nobody: `plan` always offers something while a model could serve."""
    world = World(failing={CODER: Fate.error, REASONER: Fate.error, CHAT: Fate.error})
    for _ in range(5):
        with pytest.raises(Exception, match="every attempt failed"):
            world.serve(CODE)
    assert world.router.explain(CODE).model in {CODER, REASONER, CHAT}


def test_cancelled_calls_and_cache_hits_teach_nothing_about_speed() -> None:
    """What the user cut short, and what no model answered, moves no expectation."""
    world = World()
    world.serve_code(10)
    before = world.router.explain(CODE).predicted
    for fate in (Fate.cancelled, Fate.closed_early, Fate.cache_hit):
        for attempt in world.router.plan(CODE):
            with attempt:
                attempt.settle(Outcome(fate=fate, timings=Timings(total=0.001, decode=0.0001), output_tokens=500))
    assert world.router.explain(CODE).predicted == before


def test_feedback_moves_the_traffic() -> None:
    """Thirty complaints about the coder, and code goes elsewhere."""
    world = World()
    for _ in range(40):
        decision = world.serve(CODE)
        world.router.feedback(decision.id, 0.0 if decision.model == CODER else 1.0)
    assert world.router.explain(CODE).model != CODER


def test_a_busy_model_is_expected_to_keep_one_waiting() -> None:
    """With a long call in flight on the coder, the wait shows in its prediction."""
    world = World()
    world.serve_code(10)
    for attempt in world.router.plan(CODE):
        with attempt:
            by_model = {s.model: s for s in world.router.explain(CODE).candidates}
            assert by_model[CODER].wait == pytest.approx(attempt.decision.predicted.total, rel=0.01)
            assert (by_model[REASONER].wait or 0.0) < (by_model[CODER].wait or 0.0)
            attempt.settle(world.outcome(attempt.decision))


def test_a_call_that_hangs_counts_as_slow_before_it_ends() -> None:
    """Nobody queues behind a call that is long overdue."""
    world = World()
    world.serve_code(10)
    for attempt in world.router.plan(CODE):
        with attempt:
            assert attempt.decision.model == CODER
            world.clock.now += 60.0
            decision = world.router.explain(CODE)
            assert decision.model != CODER
            coder = next(s for s in decision.candidates if s.model == CODER)
            assert "longer than expected" in coder.note


def test_a_call_that_waited_for_its_turn_is_not_late() -> None:
    """It is served from when the call before it ended: what is left is its service, and nothing is wrong with it."""
    world = World()
    world.serve_code(10)
    first = next(iter(world.router.plan(CODE, model=CODER)))
    second = next(iter(world.router.plan(CODE, model=CODER)))
    with second:
        with first:
            world.clock.now += 60.0
            first.settle(world.outcome(first.decision))
        coder = next(s for s in world.router.explain(CODE).candidates if s.model == CODER)
        assert coder.note == ""
        assert coder.wait == pytest.approx(second.decision.predicted.total, rel=0.05)


def test_a_queue_takes_as_long_as_its_calls_were_expected_to() -> None:
    """What else the host does is in those expectations, and does not count again."""
    world = World()
    world.serve_code(10)
    with ExitStack() as running:
        for model in (REASONER, CHAT, CODER, CODER):
            running.enter_context(next(iter(world.router.plan(CODE, model=model))))
        coder = next(s for s in world.router.explain(CODE).candidates if s.model == CODER)
        service = sum(flight.service for flight in coder.candidate.flights)
        assert coder.wait == pytest.approx(service)


def test_a_load_is_expected_where_a_model_is_not_in_memory() -> None:
    """`/api/ps` without the coder makes it cold, and its score says so."""
    world = World()
    world.serve_code(5)
    world.router._dispatcher.saw_resident(HOST, [REASONER])
    scores = {s.model: s for s in world.router.explain(CODE).candidates}
    assert scores[CODER].note == "cold"
    assert (scores[CODER].load or 0.0) > 1.0
    assert scores[REASONER].load == 0.0


def test_a_model_that_was_idle_for_long_may_have_been_let_go() -> None:
    """After five idle minutes part of a load is expected again, and nobody had to ask the server."""
    world = World()
    world.serve_code(5)
    assert world.router.explain(CODE).predicted.load == 0.0
    world.clock.now += 301.0
    assert (world.router.explain(CODE).predicted.load or 0.0) > 0.5


def test_a_rehearsal_changes_nothing() -> None:
    """`explain` shows the decision that `plan` makes next, however often it is asked."""
    world = World()
    world.serve_code(5)
    shown = [world.router.explain(CODE) for _ in range(3)]
    (made,) = [next(iter(world.router.plan(CODE))).decision]
    assert {d.id for d in shown} == {made.id}
    assert world.router.snapshot().decisions == 5


def test_measured_figures_and_preferences_can_be_read_but_not_written() -> None:
    """The seed's two views: what was measured, and what is preferred per task."""
    world = World()
    world.serve_code(10)
    metrics, preferences = world.router.performance_metrics, world.router.model_preferences
    assert metrics[CODER].calls == 10
    assert metrics[CODER].output_tokens_per_s == pytest.approx(100.0)
    assert preferences[CODER]["code"] > preferences[CHAT]["code"]
    with pytest.raises(TypeError):
        metrics[CODER] = metrics[CODER]  # type: ignore[index]
    with pytest.raises(TypeError):
        preferences[CODER]["code"] = 0.0  # type: ignore[index]
