"""Shadow mode: the static rule serves, Zeta decides beside it, learns, and tells what it would have saved."""

from __future__ import annotations

import pytest

from zeta_router import ConfigError, Fate, Outcome, Request, Timings, ZetaDynamicRouter
from zeta_router.testing import ManualClock

MODELS = ["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b"]


def serve(router: ZetaDynamicRouter, clock: ManualClock, task: str, seconds: float) -> str:
    """Answer one request, and return the model that did."""
    (attempt,) = router.plan(Request(task=task, prompt_tokens=100))
    with attempt:
        clock.advance(seconds)
        attempt.settle(Outcome(fate=Fate.ok, timings=Timings(decode=seconds, total=seconds), output_tokens=100))
    clock.advance(1.0)
    return attempt.decision.model


def test_the_static_rule_serves_and_zeta_learns() -> None:
    clock = ManualClock(1_000.0)
    router = ZetaDynamicRouter(MODELS, mode="shadow", clock=clock, rng=1)
    for number in range(30):
        assert serve(router, clock, "code", 2.0 if number < 10 else 40.0) == "qwen2.5-coder:7b"
    belief = next(m.belief for m in router.snapshot().models if m.card.name == "qwen2.5-coder:7b")
    assert belief is not None
    assert belief.drifting
    decision = router.explain(Request(task="code", prompt_tokens=100))
    assert decision.model == "qwen2.5-coder:7b"
    assert decision.candidates[0].model != "qwen2.5-coder:7b"
    assert decision.served_otherwise
    assert "Zeta would have picked" in decision.reason


def test_it_tells_what_would_have_been_saved() -> None:
    clock = ManualClock(1_000.0)
    router = ZetaDynamicRouter(MODELS, mode="shadow", clock=clock, rng=1)
    assert router.savings is not None
    assert "no request" in str(router.savings)
    for number in range(30):
        serve(router, clock, "code", 2.0 if number < 10 else 40.0)
    assert router.savings.requests == 30
    assert router.savings.served_s > router.savings.expected_s
    assert "expected saving" in str(router.savings)


def test_active_is_the_default_and_has_no_savings() -> None:
    assert ZetaDynamicRouter(MODELS).savings is None


def test_another_mode_is_refused() -> None:
    with pytest.raises(ConfigError, match="mode must be 'active' or 'shadow'"):
        ZetaDynamicRouter(MODELS, mode="ghost")
