"""Several processes on one store: each learns from the others, and none counts anything twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.world import CODER, EPOCH, cards, outcome_of, router_on, serve
from zeta_router import (
    DriftFound,
    Event,
    Fate,
    InvalidRequest,
    PhaseTimes,
    Request,
    UnknownDecision,
    ZetaDynamicRouter,
)
from zeta_router.limits import Limits
from zeta_router.store import AttemptBegan, AttemptEnded, Joined, Left, MemoryStore, Store
from zeta_router.store.others import LEASE_FACTOR, LEASE_S
from zeta_router.store.snapshots import digest
from zeta_router.store.state import dump
from zeta_router.testing import ManualClock

Opener = Callable[..., Store]
CODE = Request(text="def f(x): ...", task="code", prompt_tokens=200)


def state_of(router: ZetaDynamicRouter) -> str:
    """Return the digest of what a router has folded."""
    journal = router._dispatcher.journal
    assert journal is not None
    assert journal.learned.fold is not None
    return digest(journal.learned.fold)


def test_each_learns_from_the_others(open_again: Opener, clock: ManualClock) -> None:
    """What one finds out about a slow model, the other knows a turn later."""
    with router_on(open_again(), clock) as mine, router_on(open_again(), clock) as yours:
        serve(mine, clock, 10)
        assert yours.explain(CODE).model == CODER
        serve(mine, clock, 3, slow=8.0)
        assert mine.sync()
        assert yours.sync()
        assert yours.explain(CODE).model == mine.explain(CODE).model != CODER
        assert yours.performance_metrics[CODER].calls == mine.performance_metrics[CODER].calls > 0


def test_all_come_to_the_same_state(open_again: Opener, clock: ManualClock) -> None:
    """However their requests and turns interleave."""
    routers = [router_on(open_again(), clock) for _ in range(3)]
    for number in range(30):
        router = routers[number * 7 % 3]
        serve(router, clock, task=("code", "chat")[number % 2], slow=1.0 + number % 4)
        if number % 5 == 0:
            router.sync()
    for _ in range(2):
        for router in routers:
            assert router.sync()
    assert len({state_of(router) for router in routers}) == 1
    assert {router.snapshot().store.folded for router in routers if router.snapshot().store} == {60 + 9}
    for router in routers:
        router.close()


def test_the_policy_has_what_the_fold_has(open_again: Opener, clock: ManualClock) -> None:
    """The state that decides is the folded one; own records that nobody has read yet are on top of it."""
    mine, yours = PhaseTimes(), PhaseTimes()
    with router_on(open_again(), clock, policy=mine) as a, router_on(open_again(), clock, policy=yours) as b:
        for _ in range(10):
            serve(a, clock)
            serve(b, clock, slow=2.0)
            assert a.sync()
            assert b.sync()
        assert a.sync()
        assert learned(mine) == learned(yours)


def learned(policy: PhaseTimes) -> list[object]:
    """Return what a policy knows of each model."""
    return sorted((dump(belief) for belief in policy.beliefs(now=EPOCH + 1e4)), key=str)


def test_a_restart_decides_as_before(open_again: Opener, clock: ManualClock) -> None:
    """The first decision of a new process equals the one that the old one would have made."""
    with router_on(open_again(), clock) as old:
        for number in range(40):
            serve(old, clock, task=("code", "chat", "qa")[number % 3], slow=1.0 + (number % 5) / 4)
        expected = old.explain(CODE)
    with router_on(open_again(), clock) as new:
        found = new.explain(CODE)
    assert (found.model, found.host, found.reason) == (expected.model, expected.host, expected.reason)
    assert found.predicted == expected.predicted
    assert found.utility == expected.utility


def test_a_restart_from_a_snapshot_decides_as_before(open_again: Opener, clock: ManualClock) -> None:
    """And reads only what came after it."""
    store = open_again()
    with router_on(store, clock) as old:
        serve(old, clock, 150)
        expected = old.explain(CODE)
    with router_on(open_again(), clock) as new:
        journal = new._dispatcher.journal
        assert journal is not None
        assert journal.learned.kept_at > 200
        assert new.explain(CODE).utility == expected.utility


def test_a_snapshot_of_what_holds_everywhere_serves_every_machine(clock: ManualClock) -> None:
    """One that knows of a `127.0.0.1` serves the machine it is of, and no other."""
    for host, kept in (("http://gpu-box:11434", True), ("http://127.0.0.1:11434", False)):
        here = MemoryStore(machine="here")
        with router_on(here, clock, host=host) as old:
            serve(old, clock, 150)
        there = MemoryStore(machine="there")
        vars(there).update(vars(here) | {"_machine": "there"})
        for store, takes_it in ((here, True), (there, kept)):
            with router_on(store, clock, host=host) as new:
                journal = new._dispatcher.journal
                assert journal is not None
                assert (journal.learned.kept_at > 200) == takes_it


def test_another_setting_does_not_take_the_snapshot(open_again: Opener, clock: ManualClock) -> None:
    """It folds the log anew: what was learned under another objective is not its own."""
    with router_on(open_again(), clock) as old:
        serve(old, clock, 150)
    other = ZetaDynamicRouter(cards(), store=open_again(), clock=clock, objective="fastest")
    with other as new:
        journal = new._dispatcher.journal
        assert journal is not None
        assert journal.learned.kept_at == 0
        assert new.performance_metrics[CODER].calls == 150


def test_in_flight_counts_are_shared(open_again: Opener, clock: ManualClock) -> None:
    """While it runs, the others see it; when it has ended, they do not."""
    with router_on(open_again(), clock) as mine, router_on(open_again(), clock) as yours:
        for attempt in mine.plan(CODE):
            with attempt:
                mine.sync()
                yours.sync()
                assert yours.snapshot().in_flight == 1
                seen = {m.model: m.in_flight for m in yours.snapshot().models}
                assert seen[attempt.decision.model] == 1
                attempt.settle(outcome_of(attempt.decision))
        mine.sync()
        yours.sync()
        assert yours.snapshot().in_flight == mine.snapshot().in_flight == 0


def test_what_a_killed_process_had_in_flight_is_forgotten(open_again: Opener, clock: ManualClock) -> None:
    """Its lease expires after `2 * predicted + 30 s`, also for a process that starts in the meantime."""
    killed, other = router_on(open_again(), clock), router_on(open_again(), clock)
    (attempt,) = [next(iter(killed.plan(CODE)))]
    attempt.__enter__()  # and never left
    killed.sync()
    late = router_on(open_again(), clock)
    lease = LEASE_FACTOR * (attempt.decision.predicted.total or 0.0) + LEASE_S
    for router in (other, late):
        router.sync()
        assert router.snapshot().in_flight == 1
    clock.advance(lease + 0.1)
    for router in (other, late):
        router.sync()
        assert router.snapshot().in_flight == 0
        router.close()
    killed.close()


def test_a_model_loaded_by_one_is_in_memory_for_all(open_again: Opener, clock: ManualClock) -> None:
    """The others need not ask the host."""
    with router_on(open_again(), clock) as mine, router_on(open_again(), clock) as yours:
        used = serve(mine, clock)[0].model
        mine.sync()
        yours.sync()
        assert {m.model: m.loaded for m in yours.snapshot().models}[used] is True


def test_a_slow_model_that_another_found_is_told_to_listeners(open_again: Opener, clock: ManualClock) -> None:
    """A dashboard shows what the whole fleet finds out, each finding once."""
    with router_on(open_again(), clock) as mine, router_on(open_again(), clock) as yours:
        heard: list[Event] = []
        yours.subscribe(heard.append)
        own: list[Event] = []
        mine.subscribe(own.append)
        serve(mine, clock, 10)
        serve(mine, clock, 3, slow=8.0)
        clock.advance(10.0)
        serve(mine, clock)
        mine.sync()
        yours.sync()
        mine.sync()
        assert len([event for event in heard if isinstance(event, DriftFound)]) == 1
        assert len([event for event in own if isinstance(event, DriftFound)]) == 1


def test_feedback_from_another_process_any_time_later(open_again: Opener, clock: ManualClock) -> None:
    """By the decision's id alone, also when nobody remembers it any more."""
    mine = ZetaDynamicRouter(cards(), store=open_again(), clock=clock, rng=1, limits=Limits(remembered=2))
    with mine, router_on(open_again(), clock) as yours:
        decision = serve(mine, clock)[0]
        mine.feedback(decision.id, 0.0)
        serve(mine, clock, 5)
        mine.sync()
        yours.sync()
        before = yours.explain(CODE).quality
        for _ in range(20):
            yours.feedback(decision.id, 0.0, source="evaluator")
            mine.feedback(decision.id, 0.0)
        yours.sync()
        mine.sync()
        yours.sync()
        after = {c.model: c.quality for c in yours.explain(CODE).candidates}[decision.model]
        assert before is not None
        assert after is not None
        assert after < before - 0.2
        with pytest.raises(UnknownDecision):
            yours.feedback("nobody", 1.0)
        with pytest.raises(InvalidRequest):
            yours.feedback(decision.id, 2.0)


def test_equal_seeds_in_two_processes_do_not_mix_their_attempts(open_again: Opener, clock: ManualClock) -> None:
    """Equal seeds make equal decision ids; an outcome belongs to the decision of its own writer."""
    with (
        ZetaDynamicRouter(cards(), store=open_again(), clock=clock, rng=7) as mine,
        ZetaDynamicRouter(cards(), store=open_again(), clock=clock, rng=7) as yours,
    ):
        first, second = next(iter(mine.plan(CODE))), next(iter(yours.plan(CODE)))
        assert first.decision.id == second.decision.id
        with first, second:
            second.settle(outcome_of(second.decision, fate=Fate.error))
            first.settle(outcome_of(first.decision))
        for router in (mine, yours, mine):
            router.sync()
        metrics = mine.performance_metrics[first.decision.model]
        assert (metrics.calls, metrics.answered, metrics.failed) == (2, 1, 1)


def test_the_log_has_every_kind_of_record(open_again: Opener, clock: ManualClock) -> None:
    """Joins, attempts and their ends, leaves: typed, in the order in which they happened."""
    store = open_again()
    with router_on(store, clock) as router:
        serve(router, clock)
        router.leave(CODER)
    kinds = [type(entry.record) for entry in open_again().read()]
    assert kinds == [Joined, Joined, Joined, AttemptBegan, AttemptEnded, Left]


def test_a_router_goes_on_after_it_was_closed(clock: ManualClock) -> None:
    """It decides and learns in memory; nothing more is stored."""
    store = MemoryStore()
    router = router_on(store, clock)
    serve(router, clock)
    router.close()
    router.close()
    count = len(list(store.read()))
    serve(router, clock, 3)
    assert router.performance_metrics[CODER].calls == 4
    assert len(list(store.read())) == count


def test_a_policy_that_cannot_be_copied_learns_on_its_own(clock: ManualClock) -> None:
    """And says so; nothing fails."""

    class Holding(PhaseTimes):
        def __init__(self) -> None:
            super().__init__()
            self.handle = (number for number in range(3))

    store = MemoryStore()
    with router_on(store, clock, policy=Holding()) as mine, router_on(store, clock) as yours:
        serve(yours, clock, 3)
        serve(mine, clock, 3)
        yours.sync()
        mine.sync()
        assert any("Holding" in trouble for trouble in mine.snapshot().troubles)
        assert yours.snapshot().troubles == ()
        assert mine.performance_metrics[CODER].calls == 3
