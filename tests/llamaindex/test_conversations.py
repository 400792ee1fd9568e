"""Which conversation a chat belongs to: the one that the caller names, else the one that began like it."""

from __future__ import annotations

from llama_index.core.base.llms.types import ChatMessage

from zeta_llamaindex.messages import request_of, request_of_prompt
from zeta_llamaindex.options import CallOptions

RULES = ChatMessage(role="system", content="Answer in one line. " * 100)
QUESTION = ChatMessage(role="user", content="Who wrote Faust?")
TURNS = [
    [RULES, QUESTION],
    [RULES, QUESTION, ChatMessage(role="assistant", content="Goethe."), ChatMessage(role="user", content="When?")],
    [RULES, QUESTION, ChatMessage(role="tool", content="1808")],
]


def test_a_long_chat_of_no_session_belongs_to_those_that_began_like_it() -> None:
    sessions = [request_of(turn, CallOptions()).session for turn in TURNS]
    other = request_of([RULES, ChatMessage(role="user", content="Who wrote Hamlet?")], CallOptions()).session
    assert sessions[0] is not None
    assert set(sessions) == {sessions[0]}
    assert other not in sessions


def test_a_short_chat_and_a_completion_belong_to_none() -> None:
    """One is read in no time; of the other nobody knows where its first message ends."""
    assert request_of([QUESTION], CallOptions()).session is None
    assert request_of_prompt("Who wrote Faust? " * 100, CallOptions()).session is None


def test_a_session_that_is_named_is_the_one() -> None:
    assert request_of(TURNS[0], CallOptions(session="ann")).session == "ann"
    assert request_of_prompt("Hello", CallOptions(session="ann")).session == "ann"
    assert request_of(TURNS[0], CallOptions(session="")).session == request_of(TURNS[0], CallOptions()).session
