"""In a graph and in an agent, what is streamed and what is kept is what the plain model would give."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph

from tests.langchain.fakes import Scripted
from tests.langchain.parity import Log, plain, without_node
from tests.langchain.world import World, zeta


@tool
def magic(number: int) -> int:
    """Do magic with a number."""
    return number + 1


def models() -> tuple[Any, Any]:
    """Return the plain model and the router that picks it first, both new."""
    return Scripted(model="first:7b", text="one two three four"), World().llm


def node_of(llm: Any, how: str) -> Callable[..., Any]:
    """Return a node that asks in one of the four modes, without handing on a config."""

    def invoke(state: MessagesState) -> Any:
        return {"messages": [llm.invoke(state["messages"])]}

    def stream(state: MessagesState) -> Any:
        return {"messages": [total(list(llm.stream(state["messages"])))]}

    async def ainvoke(state: MessagesState, config: RunnableConfig) -> Any:
        return {"messages": [await llm.ainvoke(state["messages"], surrounding(config))]}

    async def astream(state: MessagesState, config: RunnableConfig) -> Any:
        return {"messages": [total([chunk async for chunk in llm.astream(state["messages"], surrounding(config))])]}

    return {"invoke": invoke, "stream": stream, "ainvoke": ainvoke, "astream": astream}[how]


def surrounding(config: RunnableConfig) -> RunnableConfig | None:
    """Return the config to hand on: none, but for Python 3.10, whose tasks do not inherit the context of a node."""
    return config if sys.version_info < (3, 11) else None


def total(chunks: list[Any]) -> Any:
    first, *rest = chunks
    for chunk in rest:
        first = first + chunk
    return first


def graph_of(llm: Any, how: str, name: str = "model") -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node(name, node_of(llm, how))
    graph.add_edge(START, name)
    graph.add_edge(name, END)
    return graph.compile()


def streamed(graph: Any, how: str, mode: Any, **config: Any) -> list[str]:
    """Return what a graph streams, as text without ids."""
    asked = {"messages": [HumanMessage("magic 3", id="asked")]}

    async def awaited() -> list[Any]:
        return [part async for part in graph.astream(asked, config, stream_mode=mode)]

    parts = asyncio.run(awaited()) if how.startswith("a") else list(graph.stream(asked, config, stream_mode=mode))
    return [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27,}", "#", repr(plain(part))) for part in parts]


@pytest.mark.parametrize("mode", ["messages", "updates", "values", ["messages", "updates"]])
@pytest.mark.parametrize("name", ["model", "ChatZeta"])
@pytest.mark.parametrize("how", ["invoke", "stream", "ainvoke", "astream"])
def test_a_graph_streams_what_it_streams_of_the_plain_model(how: str, name: str, mode: Any) -> None:
    """Every token once, with the same metadata, even if the node has the name that the call has in traces."""
    expected, shown = [streamed(graph_of(llm, how, name), how, mode) for llm in models()]

    assert shown == expected
    assert len(shown) >= (5 if "messages" in mode else 1)


def test_the_runs_of_a_graph_are_the_plain_models_and_one_node() -> None:
    """The model's run stands below the graph's node, with the call's in between."""
    told = []
    for llm in models():
        log = Log()
        graph_of(llm, "invoke").invoke({"messages": [HumanMessage("hello", id="1")]}, {"callbacks": [log]})
        told.append((without_node(log.entries), log.nodes))

    (expected, none), (shown, nodes) = told
    assert shown == expected
    assert (none, nodes) == (0, 1)


def test_an_answer_in_a_graphs_state_says_who_gave_it() -> None:
    """The state's message is the stamped one, with the model's id: it replaces the streamed one."""
    state = graph_of(World().llm, "invoke").invoke({"messages": [("user", "hello")]})

    assert zeta(state["messages"][-1])["model"] == "first:7b"


@pytest.mark.parametrize("mode", ["messages", "updates", "values"])
@pytest.mark.parametrize("how", ["stream", "astream"])
def test_an_agent_streams_what_it_streams_of_the_plain_model(how: str, mode: str) -> None:
    """A tool call, its result, and an answer."""
    expected, shown = [streamed(create_agent(llm, [magic]), how, mode) for llm in models()]

    assert shown == expected
    assert "one" in str(shown)


def test_the_runs_of_an_agent_are_the_plain_models_and_one_node_per_step() -> None:
    """Two steps, two picks, in one tree."""
    told = []
    for llm in models():
        log = Log()
        asked = {"messages": [HumanMessage("magic 3", id="1")]}
        create_agent(llm, [magic]).invoke(asked, {"callbacks": [log]})
        told.append((without_node(log.entries), log.nodes))

    (expected, none), (shown, nodes) = told
    assert shown == expected
    assert (none, nodes) == (0, 2)


def test_the_thread_of_a_graph_is_the_session() -> None:
    """`thread_id` reaches the router through the graph, without the node handing on a config."""
    world, seen = World(), list[Any]()
    plan = world.router.plan
    world.router.plan = lambda request, **kw: (seen.append(request), plan(request, **kw))[1]  # type: ignore

    graph_of(world.llm, "invoke").invoke(
        {"messages": [("user", "hello")]}, {"configurable": {"thread_id": "t-1", "zeta_task": "code"}}
    )

    assert [(request.session, request.task) for request in seen] == [("t-1", "code")]
