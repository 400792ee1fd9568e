"""Hands an answer to the router's signals, once it is known to be one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompt_values import PromptValue

from zeta_langchain.messages import session_in
from zeta_router.attempts import Attempt
from zeta_router.signals.answer import Answer


def observe(
    attempt: Attempt, message: AIMessage, prompt: Any, config: Mapping[str, Any], tools: Sequence[Mapping[str, Any]]
) -> None:
    """Let the router learn from what a whole answer shows of its quality. It never raises.

    A request asked again is noticed where the config names a session, see `session_in`.
    """
    try:
        session = session_in(config.get("configurable") or {}) or session_in(config.get("metadata") or {})
        calls = [{"name": call["name"], "args": call["args"]} for call in message.tool_calls]
        reason = message.response_metadata.get("done_reason")
        answer = Answer(
            text=message.content if isinstance(message.content, str) else str(message.text),
            tool_calls=calls,
            tools=_schemas(tools) if calls and tools else None,
            done_reason=reason,
            bounded=reason == "length",  # Ollama sets no bound of its own: this one was the caller's
        )
        asked = _last_said(prompt) if session else ""
    except Exception as error:  # nobody checks what a chat model makes; its text stays out of the trouble
        attempt.trouble("signals", f"an answer was not understood ({type(error).__name__}); it teaches nothing")
        return
    attempt.observe(answer, prompt=asked, session=session)


def _last_said(prompt: Any) -> str:
    """Return what the user said last, "" where it is a tool's turn: an agent that goes on asks nothing again."""
    messages = prompt.to_messages() if isinstance(prompt, PromptValue) else prompt
    last = messages[-1] if isinstance(messages, Sequence) and messages and not isinstance(messages, str) else None
    return str(last.text) if isinstance(last, HumanMessage) else ""


def _schemas(tools: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]] | None:
    """Return the schema of each tool's arguments, or None where one cannot be read."""
    found: dict[str, Mapping[str, Any]] = {}
    for tool in tools:
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if not isinstance(function, Mapping) or "name" not in function:
            return None
        found[str(function["name"])] = function.get("parameters") or {}
    return found
