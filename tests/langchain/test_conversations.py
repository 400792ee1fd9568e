"""Which conversation a prompt belongs to: the one that the config names, else the one that began like it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from tests.langchain.world import World, ask
from zeta_langchain import ChatZeta
from zeta_langchain.messages import request_of
from zeta_router import DecisionMade
from zeta_router.simulator import SimulatedOllama

CALL = {"name": "year", "args": {}, "id": "1"}
RULES = SystemMessage("Answer in one line. " * 100)
QUESTION = HumanMessage("Who wrote Faust?")
MODEL = "llama3.2:3b"
TURNS: list[list[BaseMessage]] = [
    [RULES, QUESTION],
    [RULES, QUESTION, AIMessage("Goethe."), HumanMessage("When?")],
    [
        RULES,
        QUESTION,
        AIMessage("", tool_calls=[CALL]),
        ToolMessage("1808", tool_call_id="1"),
    ],
]


def test_a_long_prompt_of_no_session_belongs_to_those_that_began_like_it() -> None:
    sessions = [request_of(turn).session for turn in TURNS]
    other = request_of([RULES, HumanMessage("Who wrote Hamlet?")]).session
    assert sessions[0] is not None
    assert set(sessions) == {sessions[0]}
    assert other not in sessions


def test_a_short_prompt_belongs_to_none() -> None:
    """It is read in no time, and to find out would take some."""
    assert request_of([SystemMessage("Be brief."), QUESTION]).session is None


@pytest.mark.parametrize(
    ("configurable", "session"),
    [
        ({"session_id": "ann"}, "ann"),
        ({"session_id": "ann", "thread_id": 7}, "7"),
        ({"session_id": "ann", "thread_id": 7, "zeta_session": "mine"}, "mine"),
        ({"session_id": "ann", "thread_id": "", "zeta_session": ""}, "ann"),
    ],
)
def test_a_session_that_is_named_is_the_one(configurable: dict[str, Any], session: str) -> None:
    assert request_of(TURNS[0], configurable=configurable).session == session


def test_an_empty_name_is_none() -> None:
    assert request_of(TURNS[0], configurable={"session_id": ""}).session == request_of(TURNS[0]).session


@pytest.mark.parametrize("mode", ["invoke", "ainvoke", "stream", "astream"])
def test_the_decision_knows_in_every_mode(mode: str) -> None:
    world, sessions = World(), []
    world.router.subscribe(lambda e: sessions.append(e.decision.session) if isinstance(e, DecisionMade) else None)
    for turn in TURNS:
        ask(world.llm, mode, turn)
    assert sessions == [request_of(TURNS[0]).session] * len(TURNS)


@pytest.mark.parametrize("mode", ["invoke", "astream"])
def test_a_conversation_that_nobody_names_is_expected_in_the_cache(mode: str) -> None:
    """The simulated model keeps prompts, as a real one does; the reason says that it need not read this one again."""
    with SimulatedOllama([MODEL], time_scale=1000) as server:
        llm = ChatZeta([MODEL], base_url=server.url)
        for name in ("Ann", "Bob", "Eve"):
            ask(llm, mode, [HumanMessage(f"Dear {name}, the garden is full of snow. " * 200)])
        turn: list[BaseMessage] = [HumanMessage("Dear Tom, the garden is full of roses. " * 200)]
        told = []
        for _ in range(3):
            answer = ask(llm, mode, turn)
            told.append(answer.response_metadata["zeta"])
            turn += [AIMessage(answer.content), HumanMessage("And then?")]

    assert ["prompt in its cache" in stamp["reason"] for stamp in told] == [False, True, True]
    assert told[1]["predicted_s"] < told[0]["predicted_s"]
