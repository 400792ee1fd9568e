"""Tools: offered to models that can call them, read by the child that answered, and the history left alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage, MockLLM

from tests.llamaindex.fakes import Scripted, calls_tool, zeta_over
from tests.llamaindex.two_tools import MODELS, TOOLS
from zeta_llamaindex import ZetaLLM
from zeta_router import NoCapableModel
from zeta_router.simulator import SimulatedOllama

WAYS = ("chat_with_tools", "achat_with_tools", "stream_chat_with_tools", "astream_chat_with_tools")


def ask_with_tools(llm: Any, way: str, **keywords: Any) -> list[Any]:
    """Chat with tools in one of the four ways; return the answer, or the parts of the stream, as a list."""

    async def awaited() -> list[Any]:
        answer = await getattr(llm, way)(TOOLS, **keywords)
        return [part async for part in answer] if "stream" in way else [answer]

    if way.startswith("a"):
        return asyncio.run(awaited())
    answer = getattr(llm, way)(TOOLS, **keywords)
    return list(answer) if "stream" in way else [answer]


@pytest.mark.parametrize("way", WAYS)
def test_tool_calls_are_parsed_by_the_right_child_per_chunk(way: str) -> None:
    """Every answer, and every part of a stream, is read by the child that gave it, whoever was asked first."""
    llm = zeta_over(Scripted("first", ConnectionError()), Scripted("second", calls_tool("add", a=1, b=2)))

    answers = ask_with_tools(llm, way, user_msg="add 1 and 2")

    for answer in answers:
        (call,) = llm.get_tool_calls_from_response(answer)
        assert (call.tool_id, call.tool_kwargs) == ("second/add", {"a": 1, "b": 2})


@pytest.mark.parametrize("way", WAYS)
def test_chat_history_is_not_mutated(way: str) -> None:
    """A child that appends to the list it is given, as `Ollama` does, changes neither ours nor the next child's."""
    first, second = Scripted("first", ConnectionError()), Scripted("second", "done")
    history = [ChatMessage(role="user", content="Hello"), ChatMessage(role="assistant", content="Hi")]

    ask_with_tools(zeta_over(first, second), way, user_msg="add 1 and 2", chat_history=history)

    assert len(history) == 2
    assert [message.content for message in second.seen[0]] == ["Hello", "Hi", "add 1 and 2"]


@pytest.mark.parametrize("way", WAYS)
def test_chat_history_is_not_mutated_by_ollama(way: str, server: SimulatedOllama) -> None:
    """The same for LlamaIndex's `Ollama`, whose calls arrive with the arguments that the model gave."""
    history: list[ChatMessage] = []
    llm = ZetaLLM(models=MODELS, hosts=[server.url])

    answers = ask_with_tools(llm, way, user_msg="double 4", chat_history=history)

    (call,) = llm.get_tool_calls_from_response(answers[-1])
    assert (call.tool_name, call.tool_kwargs) == ("double", {"number": 4})
    assert history == []


@pytest.mark.parametrize("way", WAYS)
def test_tools_go_to_models_that_can_call_them(way: str) -> None:
    """An LLM without function calling is never asked, though it comes first."""
    llm = zeta_over(MockLLM(), Scripted("able", calls_tool("add", a=1, b=2)))

    answers = ask_with_tools(llm, way, user_msg="add 1 and 2")

    assert answers[-1].additional_kwargs["zeta_model"] == "able"
    assert llm.metadata.is_function_calling_model


def test_without_a_model_that_can_call_tools_the_error_says_so() -> None:
    """The need that excluded each model stands in the error."""
    with pytest.raises(NoCapableModel, match="MockLLM lacks tools"):
        zeta_over(MockLLM()).chat_with_tools(TOOLS, user_msg="add 1 and 2")


def test_an_answer_without_calls_is_an_error_only_if_wanted() -> None:
    """As with the child: an error, or an empty list."""
    llm = zeta_over(Scripted("first", "no tool needed"))
    answer = llm.chat_with_tools(TOOLS, user_msg="hello")

    assert llm.get_tool_calls_from_response(answer, error_on_no_tool_call=False) == []
    with pytest.raises(ValueError, match="no tool call"):
        llm.get_tool_calls_from_response(answer)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_predict_and_call_runs_the_tool(mode: str) -> None:
    """LlamaIndex's own shortcut works through it."""
    llm = zeta_over(Scripted("first", calls_tool("add", a=1, b=2)))

    if mode == "sync":
        answer = llm.predict_and_call(TOOLS, user_msg="add 1 and 2")
    else:
        answer = asyncio.run(llm.apredict_and_call(TOOLS, user_msg="add 1 and 2"))

    assert answer.response == "3"
