"""What a model was shown of an agent's tools, as the messages of the agent tell it: in any process, after any pause."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from langchain.agents.middleware.types import ModelRequest
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import BaseTool

from zeta_langchain.messages import text_of

HIDDEN = "zeta_hidden_tools"
"""Where a message says which tools its model was not shown: `response_metadata["zeta_hidden_tools"]`."""


def without(request: ModelRequest[Any], hidden: Collection[str]) -> ModelRequest[Any]:
    """Return a request whose model is not shown some tools."""
    if not hidden:
        return request
    kept = [tool for tool in request.tools if not (isinstance(tool, BaseTool) and tool.name in hidden)]
    return request.override(tools=kept)


def question_in(messages: Sequence[BaseMessage]) -> tuple[str, list[AIMessage]]:
    """Return what a person said last, and the model's messages since then."""
    loop: list[AIMessage] = []
    for message in reversed(messages):
        if message.type == "human":
            return text_of(message), loop[::-1]
        if isinstance(message, AIMessage):
            loop.append(message)
    return "", loop[::-1]


def marked(message: BaseMessage, hidden: list[str]) -> BaseMessage:
    """Return a copy of a model's message that says which tools the model was not shown."""
    if not isinstance(message, AIMessage):
        return message
    return message.model_copy(update={"response_metadata": {**message.response_metadata, HIDDEN: hidden}})


def hidden_from(state: Any, call_id: str | None) -> Collection[str]:
    """Return the tools that the model was not shown when it made a call."""
    found: Any = state.get("messages") if isinstance(state, dict) else getattr(state, "messages", state)
    messages: list[Any] = found if isinstance(found, list) else []
    for message in reversed(messages):
        if isinstance(message, AIMessage) and any(call["id"] == call_id for call in message.tool_calls):
            hidden: Collection[str] = message.response_metadata.get(HIDDEN) or ()
            return hidden
    return ()
