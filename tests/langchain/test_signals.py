"""What an answer of `ChatZeta` shows of its quality reaches the router, and the caller notices nothing."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from tests.langchain.fakes import Scripted
from tests.langchain.world import World, ask
from zeta_router import FeedbackGiven

REFUSAL = "I'm sorry, but I can't assist with that."


def observed(text: str) -> tuple[World, list[FeedbackGiven]]:
    world, told = World(Scripted(model="first:7b", text=text)), []
    world.router.subscribe(lambda event: told.append(event) if isinstance(event, FeedbackGiven) else None)
    return world, told


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_a_refusal_is_weak_evidence_against_the_model(mode: str) -> None:
    """The answer is passed on as it is."""
    world, told = observed(REFUSAL)

    answer = ask(world.llm, mode)

    assert answer.text == REFUSAL
    assert [(e.source, e.decision.model) for e in told] == [("signal: refusal", "first:7b")]


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_is_watched_is_looked_at_and_another_is_not(mode: str) -> None:
    """Keeping a stream's text costs time, so it is kept only where something keeps it already."""
    world, told = observed(REFUSAL)
    ask(world.llm, mode)
    assert told == []


def test_a_request_asked_again_in_a_thread_counts_against_the_last_answer() -> None:
    """The thread is LangGraph's, in the config."""
    world, told = observed("one two three four")
    thread = {"configurable": {"thread_id": "ann"}}

    first = world.llm.invoke("Sort the list of users by age, oldest first", thread)
    world.llm.invoke("Sort the list of users by their age, oldest first", thread)

    assert [e.source for e in told] == ["signal: asked again"]
    assert told[0].decision.id == first.response_metadata["zeta"]["decision_id"]


def test_an_agent_that_goes_on_asks_nothing_again() -> None:
    """A tool's result comes last, whatever the user said before it."""
    world, told = observed("one two three four")
    thread = {"configurable": {"thread_id": "ann"}}
    question = HumanMessage("Sort the list of users by age, oldest first")
    call = {"name": "users", "args": {}, "id": "1"}

    world.llm.invoke([question], thread)
    world.llm.invoke([question, AIMessage("", tool_calls=[call]), ToolMessage("Ann", tool_call_id="1")], thread)

    assert told == []
