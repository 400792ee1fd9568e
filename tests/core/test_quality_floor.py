"""Speed never wins with junk."""

from __future__ import annotations

import pytest

from zeta_router import Fate, ModelCard, Outcome, Request, Timings, ZetaDynamicRouter

QUESTION = Request(text="Which river flows through Warsaw?", task="qa", prompt_tokens=40)


def picked(router: ZetaDynamicRouter) -> str:
    decision = router.explain(QUESTION)
    for attempt in router.plan(QUESTION):
        with attempt:
            attempt.settle(Outcome(fate=Fate.ok, timings=Timings(total=0.2), output_tokens=50))
        router.feedback(attempt.decision.id, 0.0 if attempt.decision.model == "fast:1b" else 0.8)
    return decision.model


@pytest.mark.parametrize("objective", ["balanced", "fastest", "best"])
def test_a_fast_model_that_is_always_wrong_is_left(objective: str) -> None:
    """Twenty times as fast, and never right: soon nobody asks it, whatever the preset."""
    cards = [
        ModelCard(name="fast:1b", parameter_count=1_000_000_000, quality={"qa": 0.9}),
        ModelCard(name="slow:20b", parameter_count=20_000_000_000, quality={"qa": 0.7}),
    ]
    now = [0.0]
    router = ZetaDynamicRouter(cards, objective=objective, clock=lambda: now[0], rng=1)
    models = []
    for _ in range(60):
        now[0] += 60.0
        models.append(picked(router))
    assert models[0] == "fast:1b"
    assert set(models[40:]) == {"slow:20b"}


@pytest.mark.parametrize("objective", ["balanced", "fastest"])
def test_a_tiny_model_does_not_win_by_its_speed(objective: str) -> None:
    """Where there is a better one; alone it serves."""
    tiny, small = ModelCard.from_name("tiny:0.1b"), ModelCard.from_name("small:3b")
    assert ZetaDynamicRouter([tiny, small], objective=objective).explain(QUESTION).model == "small:3b"
    assert ZetaDynamicRouter([tiny], objective=objective).explain(QUESTION).model == "tiny:0.1b"
