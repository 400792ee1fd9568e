"""Bad input: each mistake gets a sentence that names the field, the value and the way out."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from zeta_router import (
    CloudModelRefused,
    ConfigError,
    InvalidRequest,
    Limits,
    ModelCard,
    NoCapableModel,
    Objective,
    PhaseTimes,
    Request,
    Timings,
    UnknownDecision,
    ZetaDynamicRouter,
    ZetaError,
)
from zeta_router.signals import Answer

MODELS = ["llama3.2:3b"]
TOO_LONG = Request(prompt_tokens=100_000)

CASES: list[tuple[Callable[[], object], type[ZetaError], str]] = [
    (lambda: Request(text=""), InvalidRequest, "text is empty"),
    (lambda: Request(text="  \n"), InvalidRequest, "text is empty"),
    (lambda: Request(text="hi", deadline=-1), InvalidRequest, "deadline must be seconds from now, above 0, got -1"),
    (lambda: Request(text="hi", deadline=math.nan), InvalidRequest, "deadline"),
    (lambda: Request(text="hi", task=" "), InvalidRequest, "task must be a word"),
    (lambda: Request(text="hi", session=5), InvalidRequest, "session must be a string"),  # type: ignore[arg-type]
    (lambda: Request(text="hi", prompt_tokens=-5), InvalidRequest, "prompt_tokens must be a whole number"),
    (lambda: Request(text="hi", needs=frozenset({"telepathy"})), InvalidRequest, "telepathy"),
    (lambda: Timings(total=-0.1), InvalidRequest, "timings.total"),
    (lambda: Timings(decode=math.nan), InvalidRequest, "timings.decode"),
    (lambda: Answer(text=None), InvalidRequest, "text must be a string, got NoneType"),  # type: ignore[arg-type]
    (lambda: ModelCard(name=""), ConfigError, "Ollama tag"),
    (lambda: ModelCard(name="a:1b", context_length=0), ConfigError, "context_length of a:1b must be above 0"),
    (lambda: ModelCard(name="a:1b", quality={"code": 2.0}), ConfigError, "quality of a:1b on 'code'"),
    (lambda: Objective.named("cheapest"), ConfigError, "balanced, fastest, best"),
    (lambda: Objective(quality_floor=2), ConfigError, "quality_floor must be in"),
    (lambda: Objective(expected_seconds={"code": 0}), ConfigError, "expected_seconds"),
    (lambda: Limits(attempts=0), ConfigError, "limits.attempts must be 1 or more"),
    (lambda: ZetaDynamicRouter("llama3.2:3b"), ConfigError, "models must be a list"),
    (lambda: ZetaDynamicRouter(MODELS, hosts="http://a:1"), ConfigError, "hosts must be a list"),
    (lambda: ZetaDynamicRouter(MODELS, hosts=["ftp://box:21"]), ConfigError, "ftp"),
    (lambda: ZetaDynamicRouter(["gpt-oss:120b-cloud"]), CloudModelRefused, "gpt-oss:120b-cloud"),
    (lambda: ZetaDynamicRouter(MODELS).feedback("nope", 1.0), UnknownDecision, "no decision 'nope' is remembered"),
    (lambda: ZetaDynamicRouter(MODELS).feedback("nope", 7), InvalidRequest, "score must be a number in"),
    (lambda: ZetaDynamicRouter(MODELS).route_task("code", ""), InvalidRequest, "data for 'code' is empty"),
    (lambda: ZetaDynamicRouter(MODELS).route_task("embedding", []), InvalidRequest, "data for 'embedding' is empty"),
    (lambda: ZetaDynamicRouter(MODELS).route_task("code", "x", deadline=-2), InvalidRequest, "deadline"),
    (lambda: ZetaDynamicRouter(MODELS).route_task("code", "x \ud800"), InvalidRequest, "half a character"),
    (lambda: ZetaDynamicRouter(MODELS, policy="ucb1"), ConfigError, "policy must be an object .* got a str"),  # type: ignore[arg-type]
    (lambda: ZetaDynamicRouter(MODELS, policy=PhaseTimes), ConfigError, "got the class PhaseTimes"),  # type: ignore[arg-type]
    (lambda: ZetaDynamicRouter(MODELS, limits={"context": 9}), ConfigError, "limits must be Limits"),  # type: ignore[arg-type]
    (lambda: ZetaDynamicRouter(MODELS).explain(TOO_LONG), NoCapableModel, "models that were trained for more get it"),
]


@pytest.mark.parametrize(("mistake", "kind", "says"), CASES, ids=[says for _, _, says in CASES])
def test_a_mistake_is_refused_with_a_sentence_that_helps(
    mistake: Callable[[], object], kind: type[ZetaError], says: str
) -> None:
    """Nothing is sent, nothing is half done, and the text names what is wrong."""
    with pytest.raises(kind, match=says.replace("(", r"\(")):
        mistake()


def test_a_cloud_model_may_be_allowed_by_name() -> None:
    """Prompts leave the machine only when the user wrote the model's name twice."""
    router = ZetaDynamicRouter(["gpt-oss:120b-cloud"], allow_cloud=["gpt-oss:120b-cloud"])
    assert [card.name for card in router.cards] == ["gpt-oss:120b-cloud"]


def test_a_password_in_an_address_is_shown_nowhere() -> None:
    """User and password become a header; decisions, reprs and errors name the bare address."""
    router = ZetaDynamicRouter(MODELS, hosts=["http://me:hunter2@box:11434"], headers={"X-Key": "hunter3"})
    shown = f"{router!r} {router.connections!r} {router.explain(Request(text='hi'))!r} {router.snapshot()!r}"
    assert "http://box:11434" in shown
    assert "hunter" not in shown
