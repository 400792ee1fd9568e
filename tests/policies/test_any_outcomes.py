"""No finite sequence of outcomes breaks a decision, makes a number infinite, or makes a healthy model unreachable."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.core.world import CHAT, CODER, REASONER, World
from zeta_router import Decision, Fate, InvalidRequest, Outcome, Request, Timings

TASKS = ("code", "chat", "embedding", "my own")
ODD = st.sampled_from([0.0, -1.0, 1e-300, 1e-9, 1e9, 1e300, math.inf, -math.inf, math.nan])
SECONDS = st.none() | ODD | st.floats(0.0, 100.0)
TOKENS = st.none() | st.sampled_from([-1, 0, 1, 5, 6, 10**9, 10**400]) | st.integers(0, 3_000)
STEP = st.sampled_from([0.0, 0.0, 1.0, 30.0, 1e6, -1.0, -1e6])
"""Seconds by which the clock moves; it may jump back, though a router's own never does."""
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(list(Fate)),
        st.sampled_from(TASKS),
        st.lists(SECONDS, min_size=6, max_size=6),
        TOKENS,
        TOKENS,
        STEP,
        st.sampled_from([None, 0.0, 0.5, 1.0]),
        st.booleans(),
        st.sampled_from([None, "ann", "bob"]),
        st.sampled_from([0, 200, 201, 1_900]),
    ),
    max_size=40,
)
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failing example of 40 outcomes takes minutes to shrink: do that by hand, with a longer run."""
PHASES = ("wait", "load", "prefill", "decode", "first_token", "total")


def outcome_of(fate: Fate, seconds: Sequence[float | None], prompt: int | None, output: int | None) -> Outcome | None:
    """Return an outcome as odd as it may be; None where it is refused, as every impossible one is."""
    try:
        timings = Timings(**dict(zip(PHASES, seconds, strict=True)))
        return Outcome(fate=fate, timings=timings, prompt_tokens=prompt, output_tokens=output)
    except InvalidRequest:
        return None


def assert_finite(decision: Decision) -> None:
    """Every number of a decision can be calculated with."""
    for score in decision.candidates:
        numbers = (score.utility, score.quality, score.seconds, score.price, score.bonus)
        assert all(number is not None and math.isfinite(number) for number in numbers), score
        assert 0.0 <= (score.quality or 0.0) <= 1.0
    assert decision.bounds is None or all(map(math.isfinite, decision.bounds))


@given(events=EVENTS)
@settings(max_examples=40, deadline=None, phases=NO_SHRINKING)
def test_no_sequence_of_outcomes_breaks_the_router(events: Sequence[tuple[object, ...]]) -> None:
    """Zeros, negative and huge numbers, NaN, out of order, a clock that jumps back: all models are found again."""
    world = World()
    late = []
    for fate, task, seconds, prompt, output, step, score, waits, session, tokens in events:
        outcome = outcome_of(fate, seconds, prompt, output)  # type: ignore[arg-type]
        needs = frozenset({"embedding"}) if task == "embedding" else frozenset[str]()
        asked = Request(task=str(task), prompt_tokens=tokens, needs=needs, session=session, max_output_tokens=64)  # type: ignore[arg-type]
        attempt = next(iter(world.router.plan(asked))).__enter__()
        world.clock.now += step  # type: ignore[operator]
        if outcome is None:
            attempt.__exit__(None, None, None)
        elif waits:
            late.append((attempt, outcome))
        else:
            attempt.settle(outcome)
        if score is not None:
            world.router.feedback(attempt.decision.id, score)  # type: ignore[arg-type]
        assert_finite(world.router.explain(Request(task="code", prompt_tokens=200, session=session)))  # type: ignore[arg-type]
    for attempt, outcome in reversed(late):
        attempt.settle(outcome)
    world.router.snapshot()
    assert world.router.snapshot().troubles == ()
    assert_everybody_is_reachable(world)


def assert_everybody_is_reachable(world: World) -> None:
    """Served well for a while, each model is what it was again: the coder has the code."""
    for model in (CODER, REASONER, CHAT) * 60:
        attempt = next(iter(world.router.plan(Request(task="code", prompt_tokens=200), model=model)))
        with attempt:
            outcome = world.outcome(attempt.decision)
            world.clock.now += outcome.timings.total or 0.0
            attempt.settle(outcome)
        world.router.feedback(attempt.decision.id, 1.0 if model == CODER else 0.5)
        world.clock.now += 20.0
    decision = world.router.explain(Request(task="code", prompt_tokens=200))
    assert_finite(decision)
    assert decision.model == CODER
