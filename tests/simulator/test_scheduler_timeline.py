"""Virtual time: what is due happens in order, and what is called off does not."""

from __future__ import annotations

import math
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from zeta_router.simulator.timeline import ARRIVAL, COMPLETION, EXPIRY, PENDING, Timeline


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()), max_size=40))
def test_events_run_by_time_then_rank_then_age(plan: list[tuple[int, int, bool]]) -> None:
    """Whatever the order they were made in; cancelled ones do not run and are not counted."""
    timeline = Timeline()
    ran: list[int] = []
    events = [timeline.at(when, rank, ran.append, number) for number, (when, rank, _) in enumerate(plan)]
    for event, (_, _, cancelled) in zip(events, plan, strict=True):
        if cancelled:
            timeline.cancel(event)
            timeline.cancel(event)
    kept = [number for number, (_, _, cancelled) in enumerate(plan) if not cancelled]

    assert len(timeline) == len(kept)
    timeline.advance(math.inf)
    assert ran == sorted(kept, key=lambda number: (*plan[number][:2], number))
    assert len(timeline) == 0


def test_completions_come_before_arrivals_of_the_same_instant() -> None:
    """Completion, expiry, pending, arrival: the order suggested for simultaneous events."""
    timeline = Timeline()
    ran: list[str] = []
    for rank, name in ((ARRIVAL, "arrival"), (PENDING, "pending"), (EXPIRY, "expiry"), (COMPLETION, "completion")):
        timeline.at(1.0, rank, ran.append, name)
    timeline.advance(1.0)

    assert ran == ["completion", "expiry", "pending", "arrival"]


def test_what_is_called_off_takes_no_memory() -> None:
    """A timer set and cancelled fifty thousand times leaves little behind: all of them would be some 10 MB."""
    timeline = Timeline()
    tracemalloc.start()
    for _ in range(50_000):
        timeline.cancel(timeline.at(1e9, EXPIRY, print))
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(timeline) == 0
    assert left < 1_000_000


def test_an_event_may_make_another_of_the_same_instant() -> None:
    """It runs in the same advance, and late ones run now rather than in the past."""
    timeline = Timeline(10.0)
    seen: list[float] = []

    def make_another(_: object) -> None:
        timeline.at(5.0, COMPLETION, lambda _: seen.append(timeline.now))

    timeline.at(11.0, COMPLETION, make_another)
    timeline.advance(11.0)

    assert seen == [11.0]
