"""Which conversation a prompt belongs to: the one that the config names, else the one that began like it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from tests.langchain.world import World, ask
from zeta_langchain.messages import request_of
from zeta_router import DecisionMade

CALL = {"name": "year", "args": {}, "id": "1"}
RULES = SystemMessage("Answer in one line. " * 100)
QUESTION = HumanMessage("Who wrote Faust?")
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
    ],
)
def test_a_session_that_is_named_is_the_one(configurable: dict[str, Any], session: str) -> None:
    assert request_of(TURNS[0], configurable=configurable).session == session


@pytest.mark.parametrize("mode", ["invoke", "ainvoke", "stream", "astream"])
def test_the_decision_knows_in_every_mode(mode: str) -> None:
    world, sessions = World(), []
    world.router.subscribe(lambda e: sessions.append(e.decision.session) if isinstance(e, DecisionMade) else None)
    for turn in TURNS:
        ask(world.llm, mode, turn)
    assert sessions == [request_of(TURNS[0]).session] * len(TURNS)
