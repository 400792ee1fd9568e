"""Structured predictions, made the way of the child that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.prompts import PromptTemplate
from llama_index.llms.ollama import Ollama
from pydantic import BaseModel

from tests.llamaindex.fakes import InOrder, fates, in_flight, outcomes_of, plain_ollama
from zeta_llamaindex import ZetaLLM
from zeta_router import EveryAttemptFailed, Fate
from zeta_router.simulator import SimulatedOllama
from zeta_router.simulator.responders import ScriptedResponder
from zeta_router.simulator.responders.base import Answer, Prompt

WAYS = (
    "structured_predict",
    "astructured_predict",
    "stream_structured_predict",
    "astream_structured_predict",
)
MODELS = ["qwen3:8b", "llama3.2:3b"]
QUESTION = PromptTemplate("Name a city in {country}.")


class City(BaseModel):
    """A city."""

    name: str
    people: int


class Remembering:
    """Answers from a script, and remembers the format of each request."""

    def __init__(self) -> None:
        self.script = ScriptedResponder([])
        self.formats: list[Any] = []

    def answer(self, prompt: Prompt) -> Answer:
        self.formats.append(prompt.format)
        return self.script.answer(prompt)


@pytest.fixture(scope="module")
def responder() -> Remembering:
    return Remembering()


@pytest.fixture(scope="module")
def server(responder: Remembering) -> Iterator[SimulatedOllama]:
    with SimulatedOllama(models=MODELS, time_scale=10_000, responder=responder) as running:
        yield running


def predict(llm: ZetaLLM, way: str, **keywords: Any) -> list[Any]:
    """Predict a city in one of the four ways; return the object, or those of the stream, as a list."""

    async def awaited() -> list[Any]:
        answer = await getattr(llm, way)(City, QUESTION, country="Italy", **keywords)
        return [part async for part in answer] if "stream" in way else [answer]

    if way.startswith("a"):
        return asyncio.run(awaited())
    answer = getattr(llm, way)(City, QUESTION, country="Italy", **keywords)
    return list(answer) if "stream" in way else [answer]


@pytest.mark.parametrize("way", WAYS)
def test_structured_predict_uses_the_childs_way(way: str, server: SimulatedOllama, responder: Remembering) -> None:
    """`Ollama` sends its schema as `format`; the inherited way would have made a tool of it."""
    responder.script = ScriptedResponder(['{"name": "Rome", "people": 2800000}'])
    responder.formats.clear()
    llm = ZetaLLM(models=MODELS, hosts=[server.url], policy=InOrder())

    answers = predict(llm, way, zeta_task="extract")

    assert answers[-1].model_dump() == {"name": "Rome", "people": 2800000}
    assert responder.formats == [City.model_json_schema()]
    assert in_flight(llm) == 0


@pytest.mark.parametrize("built", ["by Zeta", "by the user"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_learned_are_ollamas_own_clocks(
    way: str, built: str, server: SimulatedOllama, responder: Remembering
) -> None:
    """LlamaIndex hands on the object alone; its phases and tokens are heard all the same."""
    responder.script = ScriptedResponder(['{"name": "Rome", "people": 2800000}'])
    llm = ZetaLLM(
        models=["llama3.2:3b" if built == "by Zeta" else plain_ollama("llama3.2:3b", server.url)], hosts=[server.url]
    )
    outcomes = outcomes_of(llm)

    predict(llm, way)

    (outcome,) = outcomes
    assert outcome.fate is Fate.ok
    assert outcome.timings.decode is not None
    assert outcome.timings.prefill is not None
    assert outcome.prompt_tokens
    assert outcome.output_tokens
    if "stream" in way:
        assert outcome.timings.first_token is not None
        assert outcome.timings.first_token < (outcome.timings.total or 0.0)


def test_the_clocks_of_an_answer_that_breaks_the_schema_count(server: SimulatedOllama, responder: Remembering) -> None:
    """The server did its part: how long it took is known, though the answer is invalid."""
    responder.script = ScriptedResponder(['{"name": "Rome"}', '{"name": "Rome", "people": 2800000}'])
    llm = ZetaLLM(models=MODELS, hosts=[server.url], policy=InOrder())
    outcomes = outcomes_of(llm)

    predict(llm, "structured_predict")

    assert [outcome.fate for outcome in outcomes] == [Fate.invalid, Fate.ok]
    assert outcomes[0].output_tokens
    assert outcomes[0].error == "ValidationError"


def test_two_runs_behind_one_answer_tell_no_wait(server: SimulatedOllama, responder: Remembering) -> None:
    """A model that thinks and is bound to a format may run twice: what is left over is no wait for a slot."""
    answer = Answer(text='{"name": "Rome", "people": 2800000}', thinking="Which city?")
    responder.script = ScriptedResponder([answer])
    llm = ZetaLLM(models=["qwen3:8b"], hosts=[server.url])
    outcomes = outcomes_of(llm)

    predict(llm, "structured_predict")

    assert outcomes[0].timings.wait is None
    assert outcomes[0].timings.decode is not None


@pytest.mark.parametrize("way", WAYS)
def test_an_ollama_that_asks_for_its_context_asks_once(way: str, responder: Remembering) -> None:
    """The copies that are listened to know what the child has asked for, and share its clients."""
    responder.script = ScriptedResponder(['{"name": "Rome", "people": 1}'] * 2)
    with SimulatedOllama(MODELS, time_scale=10_000, responder=responder, reuse_connections=False) as server:
        child = Ollama(model="llama3.2:3b", base_url=server.url)
        llm = ZetaLLM(models=[child])
        clients = []
        for _ in range(2):
            predict(llm, way)
            clients.append(child._client)

        assert server.requests["/api/show", "llama3.2:3b"] == 1
        assert clients[0] is clients[1]


@pytest.mark.parametrize("way", WAYS[:2])
def test_an_answer_that_breaks_the_schema_costs_an_attempt(
    way: str, server: SimulatedOllama, responder: Remembering
) -> None:
    """The next model is asked, and the first is known to have given an invalid answer."""
    responder.script = ScriptedResponder(['{"name": "Rome"}', '{"name": "Rome", "people": 2800000}'])
    llm = ZetaLLM(models=MODELS, hosts=[server.url], policy=InOrder())
    seen = fates(llm)

    (city,) = predict(llm, way)

    assert city == City(name="Rome", people=2800000)
    assert seen == [Fate.invalid, Fate.ok]


@pytest.mark.parametrize("way", WAYS[2:])
def test_a_stream_without_a_field_costs_an_attempt(way: str, server: SimulatedOllama, responder: Remembering) -> None:
    """Nothing of an object was shown yet: the next model is asked."""
    responder.script = ScriptedResponder(["I would rather not.", '{"name": "Rome", "people": 2800000}'])
    llm = ZetaLLM(models=MODELS, hosts=[server.url], policy=InOrder())
    seen = fates(llm)

    answers = predict(llm, way)

    assert answers[-1] == City(name="Rome", people=2800000)
    assert seen == [Fate.invalid, Fate.ok]


@pytest.mark.parametrize("way", WAYS[2:])
def test_a_stream_that_ends_short_of_its_schema_is_known(
    way: str, server: SimulatedOllama, responder: Remembering
) -> None:
    """What there was of the object is the caller's, as with the child alone; the model is known to have failed."""
    responder.script = ScriptedResponder(['{"name": "Rome"}'])
    llm = ZetaLLM(models=MODELS, hosts=[server.url], policy=InOrder())
    seen = fates(llm)

    answers = predict(llm, way)

    assert answers[-1].name == "Rome"
    assert not isinstance(answers[-1], City)
    assert seen == [Fate.invalid]


def test_when_no_answer_follows_the_schema_the_error_names_each(
    server: SimulatedOllama, responder: Remembering
) -> None:
    """Each model and its fate stand in the error; what it said does not."""
    responder.script = ScriptedResponder(["no JSON at all"] * 2)
    llm = ZetaLLM(models=MODELS, hosts=[server.url], policy=InOrder())

    with pytest.raises(EveryAttemptFailed) as caught:
        predict(llm, "structured_predict")

    assert [failure.fate for failure in caught.value.failures] == ["invalid", "invalid"]
    assert "no JSON" not in str(caught.value)


def test_arguments_of_the_caller_stay_as_they_are(server: SimulatedOllama, responder: Remembering) -> None:
    """`Ollama` puts its format into the dict it is given; ours is a copy."""
    responder.script = ScriptedResponder(['{"name": "Rome", "people": 1}'])
    llm_kwargs: dict[str, Any] = {"zeta_task": "extract"}

    predict(ZetaLLM(models=MODELS, hosts=[server.url]), "structured_predict", llm_kwargs=llm_kwargs)

    assert llm_kwargs == {"zeta_task": "extract"}


def test_a_structured_llm_stands_on_it(server: SimulatedOllama, responder: Remembering) -> None:
    """`as_structured_llm` goes the same way."""
    responder.script = ScriptedResponder(['{"name": "Rome", "people": 1}'])
    llm = ZetaLLM(models=MODELS, hosts=[server.url]).as_structured_llm(City)

    assert llm.complete("Name a city in Italy.").raw == City(name="Rome", people=1)
