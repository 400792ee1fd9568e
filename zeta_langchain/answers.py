"""What an answer says of how its attempt went: is anything in it, is it complete, can it be used, what did it cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, AIMessageChunk
from pydantic import ValidationError

from zeta_langchain.interrupts import bubbles_up
from zeta_router.attempts import Attempt
from zeta_router.mistakes import MISTAKES
from zeta_router.ollama import fate_of as fate_on_the_wire
from zeta_router.ollama import outcome_of as outcome_on_the_wire
from zeta_router.outcome import Fate, Outcome, Timings

UNREADABLE = (OutputParserException, ValidationError)
"""What LangChain raises for an answer that does not follow its schema, or for a tool call that is not JSON."""

EMPTY = "the answer is empty"
"""Complete, and without a word: it may be shown if no other model has more to say."""


def fate_of(error: Exception) -> Fate | None:
    """Return how an attempt ended that raised this, or None where no model is to blame."""
    if isinstance(error, UNREADABLE):
        return Fate.invalid
    return None if isinstance(error, MISTAKES) or bubbles_up(error) else fate_on_the_wire(error)


CALLS = frozenset({"tool_call", "tool_call_chunk", "invalid_tool_call", "tool_use", "input_json_delta"})
"""Content blocks that are a tool call, or a piece of one."""


def says_something(message: AIMessage) -> bool:
    """Return whether a message, or one chunk of it, holds anything: text, thinking, a tool call, a picture."""
    if message.tool_calls or message.invalid_tool_calls or can_be_read(message):
        return True
    return isinstance(message, AIMessageChunk) and bool(message.tool_call_chunks)


def can_be_read(message: AIMessage) -> bool:
    """Return whether a message, or one chunk of it, holds anything for a reader: all but tool calls."""
    content = message.content
    if isinstance(content, str):
        return bool(content) or bool(message.additional_kwargs.get("reasoning_content"))
    return any(block if isinstance(block, str) else _can_be_read(block) for block in content)


def _can_be_read(block: Mapping[str, Any]) -> bool:
    kind = block.get("type")
    return bool(block.get("text")) if kind == "text" else kind not in CALLS


def is_cache_hit(message: AIMessage) -> bool:
    """Return whether LangChain took a message from a cache: then, and only then, it says that it cost nothing."""
    usage = message.usage_metadata
    return usage is not None and usage.get("total_cost") == 0


def outcome_of(message: AIMessage | None, attempt: Attempt, *, from_ollama: bool, two_pass: bool) -> Outcome:
    """Return how an attempt went that ended with this message.

    Args:
        message: As the model gave it; None where nothing of it was seen.
        attempt: Whose it is; its clock tells the seconds.
        from_ollama: The message has Ollama's own clocks, and is complete only if it says `done`.
        two_pass: The model thought and was bound to a format.
    """
    elapsed, first = attempt.elapsed, attempt.first_token_after
    seen = Timings(first_token=first, total=elapsed)
    if message is None:
        return Outcome(fate=Fate.ok, timings=seen)
    if is_cache_hit(message):
        return Outcome(fate=Fate.cache_hit, timings=Timings(total=elapsed))
    if from_ollama:
        return outcome_on_the_wire(message.response_metadata, elapsed=elapsed, first_token=first, two_pass=two_pass)
    usage = message.usage_metadata
    return Outcome(
        fate=Fate.ok,
        timings=seen,
        prompt_tokens=_count(usage.get("input_tokens")) if usage else None,
        output_tokens=_count(usage.get("output_tokens")) if usage else None,
    )


def _count(tokens: object) -> int | None:
    """Return a count that can be one: models of other providers are not checked by anybody."""
    return tokens if isinstance(tokens, int) and tokens >= 0 else None


def judged(outcome: Outcome, message: AIMessage | None, tools: Collection[str], *, shown: bool) -> Outcome:
    """Return an outcome, turned into a failure where the message is of no use although it is complete.

    Args:
        outcome: As the clocks tell it.
        message: The answer.
        tools: Names of the tools that were offered; empty where any name will do.
        shown: Some of it was shown, whatever the message says.
    """
    if outcome.fate is not Fate.ok or message is None:
        return outcome
    if (
        not shown and not says_something(message) and outcome.done_reason != "length"
    ):  # then the bound was the caller's, for thoughts
        return replace(outcome, fate=Fate.truncated, error=EMPTY)
    if message.invalid_tool_calls:
        return replace(outcome, fate=Fate.invalid, error="a tool call could not be read")
    if tools and any(call["name"] not in tools for call in message.tool_calls):
        return replace(outcome, fate=Fate.invalid, error="it called a tool that was not offered")
    return outcome
