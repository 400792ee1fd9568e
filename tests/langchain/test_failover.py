"""Until the first token another model takes over, whatever went wrong; after it, the error surfaces."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.tools import tool
from langgraph.errors import GraphInterrupt
from ollama import ResponseError
from pydantic import BaseModel

from tests.langchain.fakes import Scripted
from tests.langchain.world import MODES, World, ask, zeta
from zeta_router import ContextTooLong, EveryAttemptFailed, ModelMissing, RequestRefused, ServerUnreachable

FAILURES = {
    "connection refused": (ConnectionError("refused"), "error"),
    "model missing": (ResponseError("model 'first:7b' not found", 404), "missing"),
    "server busy": (ResponseError("server busy, please try again.", 503), "rejected"),
    "runner died": (ResponseError("an error was encountered while running the model: CUDA error", -1), "error"),
    "no answer in time": (TimeoutError(), "timeout"),
    "an empty stream": (ValueError("No data received from Ollama stream."), "truncated"),
    "a tool call that is no JSON": (OutputParserException("not json"), "invalid"),
    "an error of another provider": (RuntimeError("overloaded"), "error"),
}


@tool
def magic(number: int) -> int:
    """Do magic with a number."""
    return number


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_attempt_costs_an_attempt_and_not_the_answer(failure: str, mode: str) -> None:
    """The next model answers, and both attempts are told of, with their fates."""
    world = World()
    world.first.fails, fate = FAILURES[failure]

    message = ask(world.llm, mode)

    assert message.content == "uno dos"
    assert [(a["model"], a["fate"]) for a in zeta(message)["attempts"]] == [("first:7b", fate), ("second:3b", "ok")]
    assert world.fates == [fate, "ok"]
    assert world.in_flight == 0


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_answer_is_a_failed_attempt(mode: str) -> None:
    """A complete answer without a word sends the request on."""
    world = World()
    world.first.text = ""

    message = ask(world.llm, mode)

    assert message.content == "uno dos"
    assert world.fates == ["truncated", "ok"]


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_answer_is_better_than_none(mode: str) -> None:
    """If no model says anything, the plain model's empty message comes back, not an error."""
    world = World()
    world.first.text = world.second.text = ""

    message = ask(world.llm, mode)

    assert message.content == ""
    assert [a["fate"] for a in zeta(message)["attempts"]] == ["truncated", "truncated"]


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_an_unreadable_tool_call_is_a_failed_attempt(mode: str) -> None:
    """A call whose arguments are no JSON sends the request on to a model that can."""
    world = World()
    world.first.invalid = True

    message = ask(world.llm.bind_tools([magic]), mode, "magic 3")

    assert message.tool_calls[0]["args"] == {"number": 3}
    assert world.fates == ["invalid", "ok"]


class Point(BaseModel):
    """A point."""

    x: int


class Rambling(Scripted):
    """Answers in prose whatever the schema."""

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Any:
        from langchain_core.output_parsers import PydanticOutputParser

        return self | PydanticOutputParser(pydantic_object=schema)


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_against_its_schema_is_a_failed_attempt(mode: str) -> None:
    """The object comes from the first model that follows the schema."""
    from zeta_langchain import ChatZeta

    llm = ChatZeta({"rambling": Rambling(model="r"), "able": Scripted(model="a")})

    for _ in range(3):
        point = ask(llm.with_structured_output(Point), mode, "x is 4")
        assert point == Point(x=4)


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_after_the_first_token_the_error_surfaces(mode: str) -> None:
    """What was shown cannot be taken back: no second model is asked, and the error is Ollama's own, translated."""
    world = World()
    world.first.fails, world.first.fails_after = ConnectionError("gone"), 2

    with pytest.raises(ServerUnreachable) as caught:
        ask(world.llm, mode)

    assert isinstance(caught.value.__cause__, ConnectionError)
    assert world.fates == ["error"]
    assert world.second.seen == []
    assert world.in_flight == 0


@pytest.mark.parametrize("mode", MODES)
def test_when_all_fail_the_error_tells_of_each(mode: str) -> None:
    """`EveryAttemptFailed` has one failure per attempt, and the last one's exception as its cause."""
    world = World()
    world.first.fails = ResponseError("model 'first:7b' not found", 404)
    world.second.fails = ConnectionError("refused")

    with pytest.raises(EveryAttemptFailed) as caught:
        ask(world.llm, mode)

    assert [(f.model, f.fate) for f in caught.value.failures] == [("first:7b", "missing"), ("second:3b", "error")]
    assert isinstance(caught.value.__cause__, ServerUnreachable)


def test_the_only_attempts_error_is_raised_as_it_is() -> None:
    """With one model to ask, its error says more than that every attempt failed."""
    world = World()
    world.first.fails = ResponseError("model 'first:7b' not found", 404)

    with pytest.raises(ModelMissing) as caught:
        world.llm.invoke("hello", model="first:7b")

    assert isinstance(caught.value.__cause__, ResponseError)


def test_another_providers_error_is_raised_as_it_is() -> None:
    """An error that is not Ollama's is not translated."""
    world = World()
    world.first.fails = RuntimeError("overloaded")

    with pytest.raises(RuntimeError, match="overloaded"):
        world.llm.invoke("hello", model="first:7b")


@pytest.mark.parametrize("mode", MODES)
def test_a_refused_request_is_not_sent_again(mode: str) -> None:
    """400 would be 400 everywhere: the error surfaces at once."""
    world = World()
    world.first.fails = ResponseError("invalid message content type", 400)

    with pytest.raises(RequestRefused):
        ask(world.llm, mode)

    assert world.second.seen == []


@pytest.mark.parametrize("mode", MODES)
def test_a_mistake_in_the_call_is_no_models_fault(mode: str) -> None:
    """A `TypeError` is raised as it is; nothing is held against the model."""
    world = World()
    world.first.fails = TypeError("unexpected keyword argument 'temperatur'")

    with pytest.raises(TypeError, match="temperatur"):
        ask(world.llm, mode)

    assert world.fates == ["cancelled"]
    assert world.second.seen == []


@pytest.mark.parametrize("mode", MODES)
def test_an_interrupt_of_a_graph_is_nobodys_failure(mode: str) -> None:
    """LangGraph stops a graph by an exception, e.g. to ask a person: it passes, and no other model is asked."""
    world = World()
    world.first.fails = GraphInterrupt()

    with pytest.raises(GraphInterrupt):
        ask(world.llm, mode)

    assert world.fates == ["cancelled"]
    assert world.second.seen == []


def test_a_prompt_too_long_for_one_model_is_not_tried_on_one_with_no_more_room() -> None:
    """`ContextTooLong` surfaces where no other model is known to have a longer context."""
    world = World()
    world.first.fails = ResponseError("the input length exceeds the context length", 400)

    with pytest.raises(ContextTooLong):
        world.llm.invoke("hello")

    assert world.second.seen == []


def test_a_client_of_an_ended_event_loop_is_asked_again() -> None:
    """A second `asyncio.run` finds a connection of the first: the same model is asked again, and not blamed."""
    world = World()
    for mode in ("ainvoke", "astream"):
        world.first.fails = [RuntimeError("Event loop is closed")]
        assert ask(world.llm, mode).content == "one two three four"

    assert world.fates == ["ok", "ok"]


async def test_batches_fail_over_one_by_one() -> None:
    """Each input of a batch has its own attempts."""
    world = World()
    world.first.fails = [ConnectionError("once"), None, None]

    answers = [message.content for message in await world.llm.abatch(["a", "b", "c"])]

    assert sorted(map(str, answers)) == ["one two three four", "one two three four", "uno dos"]
    assert asyncio.current_task() is not None
    assert world.in_flight == 0
