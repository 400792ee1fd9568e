"""Agents over a simulated Ollama: both kinds of middleware, real `ChatOllama` children, on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents.middleware import ModelFallbackMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.globals import set_llm_cache
from langchain_core.tools import tool
from langchain_ollama import ChatOllama
from pydantic import BaseModel

from tests.langchain_more.agents import create_agent, run, said, who
from tests.langchain_more.asking import TWO, TWO_IN_CONTEXT
from zeta_langchain import ChatZeta, ZetaModelMiddleware, ZetaToolMiddleware
from zeta_router import OutcomeSeen, ZetaDynamicRouter
from zeta_router.runs import InOrder
from zeta_router.simulator import SimulatedOllama

FIRST, SECOND = "qwen2.5-coder:7b", "llama3.2:3b"


@pytest.fixture
def server() -> Iterator[SimulatedOllama]:
    """A host that calls the tools it is offered, and ends when it sees a result."""
    models = [FIRST, SECOND]
    with SimulatedOllama(models=models, time_scale=1000, responder="schema", reuse_connections=False) as host:
        yield host


def pool(server: SimulatedOllama) -> tuple[ChatZeta, list[tuple[str, str]]]:
    """Return both models, tried in this order, and what became of each attempt."""
    router = ZetaDynamicRouter([FIRST, SECOND], hosts=[server.url], policy=InOrder())
    ends: list[tuple[str, str]] = []
    router.subscribe(
        lambda e: ends.append((e.decision.model, e.outcome.fate.value)) if isinstance(e, OutcomeSeen) else None
    )
    return ChatZeta(router=router), ends


@tool
def search(query: str) -> str:
    """Search the web."""
    raise ConnectionError("down")


@tool
def other_search(query: str) -> str:
    """Search the web elsewhere."""
    return f"Pages about {query}."


@pytest.mark.parametrize("mode", TWO)
def test_both_kinds_of_middleware_in_either_order(mode: str, server: SimulatedOllama) -> None:
    """A model dies in the middle, and so does a tool: the run ends well, and each is told apart."""
    for reverse in (False, True):
        llm, ends = pool(server)
        tools = ZetaToolMiddleware(
            alternatives=[[search, other_search]], router=ZetaDynamicRouter([], policy=InOrder()), limit=3
        )
        middleware = [ZetaModelMiddleware(llm), tools]
        agent = create_agent(llm, middleware=middleware[::-1] if reverse else middleware)
        server.faults.add("drop_connection", model=FIRST, at=0)

        state = run(agent, mode, "Search for 'lynxes'.")

        assert "lynxes" in said(state)
        assert who(state) == [SECOND, SECOND]
        assert ends == [(FIRST, "error"), (SECOND, "ok"), (SECOND, "ok")]
        (result,) = [m for m in state["messages"] if m.type == "tool"]
        assert (result.content, result.name) == ("Pages about lynxes.", "search")
        assert llm.router.snapshot().in_flight == tools.router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", TWO)
def test_ollamas_clocks_reach_the_router(mode: str, server: SimulatedOllama) -> None:
    """Load, prefill and decode of each step, not the time around the handler; the first token, too."""
    llm, _ = pool(server)
    seen: list[Any] = []
    llm.router.subscribe(lambda e: seen.append(e.outcome.timings) if isinstance(e, OutcomeSeen) else None)

    run(create_agent(llm, [other_search], middleware=[ZetaModelMiddleware(llm)]), mode, "Search for 'lynxes'.")

    assert len(seen) == 2
    for timings in seen:
        assert None not in (timings.load, timings.prefill, timings.decode, timings.first_token)


@pytest.mark.parametrize("mode", TWO_IN_CONTEXT)
def test_usage_is_counted_once(mode: str, server: SimulatedOllama) -> None:
    """As LangChain counts it, by model, over a whole agent's run."""
    llm, _ = pool(server)
    usage = UsageMetadataCallbackHandler()
    agent = create_agent(llm, [other_search], middleware=[ZetaModelMiddleware(llm)])

    state = run(agent, mode, "Search for 'lynxes'.", {"callbacks": [usage]})

    total = sum(m.usage_metadata["total_tokens"] for m in state["messages"] if m.type == "ai")
    assert usage.usage_metadata[FIRST]["total_tokens"] == total


class Animal(BaseModel):
    """An animal."""

    name: str


@pytest.mark.parametrize("mode", TWO)
def test_structured_output_beside_tools(mode: str, server: SimulatedOllama) -> None:
    """By `ToolStrategy`, which Ollama's models can follow beside tools."""
    llm, ends = pool(server)
    agent = create_agent(
        llm, response_format=ToolStrategy(Animal), middleware=[ZetaModelMiddleware(llm), ZetaToolMiddleware(limit=1)]
    )

    state = run(agent, mode, "The animal is called 'Lynx'.")

    assert state["structured_response"] == Animal(name="Lynx")
    assert ends == [(FIRST, "ok")]


@pytest.mark.parametrize("mode", TWO)
@pytest.mark.parametrize("fallback_outside", [True, False])
def test_a_fallback_when_the_whole_host_is_gone(mode: str, fallback_outside: bool, server: SimulatedOllama) -> None:
    """Every model of the pool fails; the spare one on another host answers."""
    with SimulatedOllama(models=[SECOND], time_scale=1000, responder="schema", reuse_connections=False) as other:
        spare = ChatOllama(model=SECOND, base_url=other.url)
        llm, ends = pool(server)
        ours, theirs = ZetaModelMiddleware(llm), ModelFallbackMiddleware(spare)
        agent = create_agent(llm, middleware=[theirs, ours] if fallback_outside else [ours, theirs])
        server.stop()

        state = run(agent, mode, "hello")

        assert other.requests["/api/chat", SECOND] == 1
    assert said(state)
    assert {fate for _, fate in ends} == {"error"}


@pytest.mark.parametrize("mode", TWO_IN_CONTEXT)
def test_one_model_does_not_answer_for_another_out_of_a_cache(mode: str, server: SimulatedOllama) -> None:
    """LangChain's cache cannot tell one `ChatOllama` from another."""
    llm, ends = pool(server)
    agent = create_agent(llm, middleware=[ZetaModelMiddleware(llm)])
    set_llm_cache(InMemoryCache())
    try:
        first = run(agent, mode, "hello", {"configurable": {"zeta_model": FIRST}})
        second = run(agent, mode, "hello", {"configurable": {"zeta_model": SECOND}})
    finally:
        set_llm_cache(None)

    assert ends == [(FIRST, "ok"), (SECOND, "ok")]
    assert [s["messages"][-1].response_metadata["model_name"] for s in (first, second)] == [FIRST, SECOND]
