"""An answer that came and is of no use is a failed attempt, however it was asked for, while nothing of it was shown."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tools import tool
from pydantic import BaseModel

from tests.langchain.fakes import Scripted
from tests.langchain.world import MODES, World, ask, zeta
from zeta_langchain import ChatZeta

HOWS = [*MODES, "batch", "abatch", "generate", "agenerate"]


@tool
def magic(number: int) -> int:
    """Do magic with a number."""
    return number


class Point(BaseModel):
    """A point."""

    x: int


def asked(llm: Any, how: str, prompt: str = "magic 3") -> Any:
    """Ask in one of eight ways; of a batch, return the last answer."""
    if how == "batch":
        return llm.batch([prompt, prompt])[-1]
    if how == "abatch":
        return asyncio.run(llm.abatch([prompt, prompt]))[-1]
    return ask(llm, how, prompt)


def generated(llm: ChatZeta, how: str, **kwargs: Any) -> Any:
    messages: Any = [[("user", "magic 3")]]
    result = llm.generate(messages, **kwargs) if how == "generate" else asyncio.run(llm.agenerate(messages, **kwargs))
    return result.generations[0][0].message  # type: ignore[union-attr]


class Broken(Scripted):
    """Is of no use, in a way of its own: `flaw`."""

    flaw: str = ""

    def _begin(self, messages: Any, kwargs: Any) -> Any:
        message = super()._begin(messages, kwargs)
        if self.flaw == "empty":
            message.content, message.tool_calls = "", []
        if self.flaw == "another tool" and message.tool_calls:
            message.tool_calls[0]["name"] = "nonsense"
        return message


FLAWS = {
    "empty": (Broken(model="first:7b", flaw="empty"), "truncated"),
    "a call that is no JSON": (Scripted(model="first:7b", invalid=True), "invalid"),
    "a call of another tool": (Broken(model="first:7b", flaw="another tool"), "invalid"),
}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize(("child", "fate"), FLAWS.values(), ids=FLAWS.keys())
def test_an_answer_of_no_use_costs_an_attempt(child: Scripted, fate: str, how: str) -> None:
    """The next model's tool call is the answer; nothing of the first one's is seen."""
    world = World(child)
    tools = world.llm.bind_tools([magic]).kwargs  # type: ignore[attr-defined]

    message = generated(world.llm, how, **tools) if "generate" in how else asked(world.llm.bind(**tools), how)

    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("magic", {"number": 3})]
    assert message.content == ""
    assert [attempt["fate"] for attempt in zeta(message)["attempts"]] == [fate, "ok"]
    assert set(world.fates) == {fate, "ok"}
    assert world.in_flight == 0


@pytest.mark.filterwarnings("ignore:.*is in beta")
@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize(("child", "fate"), FLAWS.values(), ids=FLAWS.keys())
async def test_events_of_an_answer_of_no_use_are_not_shown(child: Scripted, fate: str, awaited: bool) -> None:
    """The same in a v3 stream: one message starts, and it is the second model's."""
    world = World(child)
    bound: Any = world.llm.bind_tools([magic])

    if awaited:
        events = [event async for event in await bound.astream_events("magic 3", version="v3")]
    else:
        events = list(bound.stream_events("magic 3", version="v3"))

    assert [event["event"] for event in events].count("message-start") == 1
    assert events[-1]["metadata"]["zeta"]["attempts"][1]["model"] == "second:3b"
    assert world.fates == [fate, "ok"]


@pytest.mark.parametrize("how", MODES)
def test_when_no_model_can_the_last_answer_is_what_the_plain_model_gives(how: str) -> None:
    """An invalid tool call is better than an error: the agent can tell the model what was wrong with it."""
    world = World()
    world.first.invalid = world.second.invalid = True

    message = ask(world.llm.bind_tools([magic]), how, "magic 3")

    assert message.invalid_tool_calls[0]["args"] == "no json"
    assert [attempt["fate"] for attempt in zeta(message)["attempts"]] == ["invalid", "invalid"]


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_text_before_a_tool_call_is_shown_at_once(mode: str) -> None:
    """Then it is too late for another model: the answer is passed on as it is, and the model is told of."""

    class Chatty(Scripted):
        def _chunks(self, messages: Any, kwargs: Any) -> Any:
            yield ChatGenerationChunk(message=AIMessageChunk("let me see"))
            broken: Any = [{"name": "magic", "args": "no json", "id": "x", "index": 0}]
            yield ChatGenerationChunk(message=AIMessageChunk("", tool_call_chunks=broken))

    world = World(Chatty(model="first:7b"))

    message = ask(world.llm.bind_tools([magic]), mode, "magic 3")

    assert message.content == "let me see"
    assert message.invalid_tool_calls[0]["args"] == "no json"
    assert world.fates == ["invalid"]


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("mode", MODES)
def test_content_in_blocks_is_read_as_text_is(mode: str, version: str) -> None:
    """With `output_version="v1"` a tool call is part of the content, and still waits until it is whole."""
    world = World(output_version=version)
    world.first.invalid = True

    message = ask(world.llm.bind_tools([magic]), mode, "magic 3")

    assert [call["name"] for call in message.tool_calls] == ["magic"]
    assert world.fates == ["invalid", "ok"]


class Rambling(Scripted):
    """Answers in prose whatever the schema."""

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Any:
        parser: Any = JsonOutputParser() if isinstance(schema, dict) else PydanticOutputParser(pydantic_object=schema)
        return self | parser


@pytest.mark.parametrize("how", [*MODES, "batch", "abatch"])
@pytest.mark.parametrize("schema", [Point, Point.model_json_schema()], ids=["a class", "a JSON schema"])
def test_an_object_against_its_schema_costs_an_attempt(schema: Any, how: str) -> None:
    """The object comes from the first model that follows the schema."""
    world = World(Rambling(model="first:7b"))

    point = asked(world.llm.with_structured_output(schema), how, "x is 4")

    assert (point.x if isinstance(point, Point) else point["x"]) == 4
    assert set(world.fates) == {"invalid", "ok"}
    assert world.in_flight == 0


@pytest.mark.parametrize("how", [*MODES, "batch", "abatch"])
def test_a_parsing_error_beside_the_raw_message_costs_an_attempt(how: str) -> None:
    """With `include_raw` the failure is a value, not an exception; in a stream the raw message was shown before."""

    class Silent(Scripted):
        def _message(self, messages: Any, kwargs: Any) -> Any:
            message = super()._message(messages, kwargs)
            message.tool_calls, message.content = [], "I cannot"
            return message

    world = World(Silent(model="first:7b"))

    answer = asked(world.llm.with_structured_output(Point, include_raw=True), how, "x is 4")

    if "stream" in how:
        assert world.fates == ["invalid"]
        assert answer.get("parsed") is None
    else:
        assert answer["parsed"] == Point(x=4)
        assert set(world.fates) == {"invalid", "ok"}
