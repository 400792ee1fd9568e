"""What a child's answer says of how its attempt went: is anything in it, is it complete, what did it cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, TextBlock, ThinkingBlock
from llama_index.core.bridge.pydantic import ValidationError
from llama_index.core.program.utils import FlexibleModel

from zeta_llamaindex.messages import text_of
from zeta_router import ollama
from zeta_router.mistakes import MISTAKES
from zeta_router.outcome import Fate, Outcome, Timings

Response = ChatResponse | CompletionResponse
Answer = TypeVar("Answer")

UNREADABLE = (ValueError, TypeError)
"""What LlamaIndex raises for an answer that does not follow its schema; pydantic's ValidationError is a ValueError."""


def text_in(answer: object) -> str:
    """Return the text of a response; "" where there is none: a tool call, an object."""
    if isinstance(answer, ChatResponse):
        return text_of(answer.message)
    return answer.text if isinstance(answer, CompletionResponse) else ""


def says_something(answer: object) -> bool:
    """Return whether an answer, or one part of a stream, holds anything: text, thinking, a tool call, an object."""
    if isinstance(answer, ChatResponse):
        return bool(answer.delta) or _message_says_something(answer.message)
    if isinstance(answer, CompletionResponse):
        return bool(answer.delta or answer.text)
    if isinstance(answer, FlexibleModel):  # an object that grows; LlamaIndex begins with one that is blank
        return bool(answer.model_fields_set)
    return answer is not None


def is_unfinished(answer: object) -> bool:
    """Return whether the last object of a stream does not follow its schema: those that do are of the user's class."""
    return isinstance(answer, FlexibleModel)


def _message_says_something(message: ChatMessage) -> bool:
    for block in message.blocks:
        if isinstance(block, TextBlock):
            if block.text:
                return True
        elif not isinstance(block, ThinkingBlock) or block.content:
            return True  # a tool call, a picture
    return bool(message.additional_kwargs.get("tool_calls"))


def has_thought(answer: object) -> bool:
    """Return whether the model thought before it gave this answer."""
    return isinstance(answer, ChatResponse) and any(isinstance(block, ThinkingBlock) for block in answer.message.blocks)


def outcome_of(answer: object, *, elapsed: float, first_token: float | None, two_pass: bool = False) -> Outcome:
    """Return how an attempt went that brought this answer, or whose stream ended with this part.

    Args:
        answer: A response, what Ollama itself said, an object of a structured prediction, or None where there is none.
        elapsed: Seconds from the attempt's start to its end.
        first_token: Seconds from its start until something was there, where that was seen.
        two_pass: The model thought and was bound to a format; see `zeta_router.ollama`.
    """
    raw = answer.raw if isinstance(answer, Response) else answer if isinstance(answer, Mapping) else None
    if isinstance(raw, Mapping) and "done" in raw:
        return ollama.outcome_of(raw, elapsed=elapsed, first_token=first_token, two_pass=two_pass)
    timings = Timings(first_token=first_token, total=elapsed)
    if raw is None:
        return Outcome(fate=Fate.ok, timings=timings)
    usage = raw.get("usage") if isinstance(raw, Mapping) else getattr(raw, "usage", None)
    return Outcome(
        fate=Fate.ok,
        timings=timings,
        prompt_tokens=_count(usage, "prompt_tokens"),
        output_tokens=_count(usage, "completion_tokens"),
    )


def _count(usage: object, name: str) -> int | None:
    """Return a count as OpenAI's API and all that imitate it name it; others are not known."""
    count = usage.get(name) if isinstance(usage, Mapping) else getattr(usage, name, None)
    return count if isinstance(count, int) and count > 0 else None


def is_worth_another(error: Exception, *, structured: bool) -> bool:
    """Return whether another model may answer where this error ended an attempt.

    What Ollama and its clients raise is known by name. Of what the children of other makers raise, everything but
    `MISTAKES` counts as the model's or its server's trouble.
    """
    if ollama.translate(error) is not None:
        return ollama.is_retryable(error, longer_context=True)
    return fate_of(error, structured=structured) is not None


def fate_of(error: Exception, *, structured: bool) -> Fate | None:
    """Return how an attempt ended that left with this error; None where the model had no part in it."""
    if ollama.translate(error) is None:
        if _is_an_empty_stream(error):
            return Fate.truncated
        if structured and isinstance(error, UNREADABLE):
            return Fate.invalid
        if isinstance(error, MISTAKES):
            return None
    return ollama.fate_of(error)


def _is_an_empty_stream(error: Exception) -> bool:
    """Return whether LlamaIndex stumbled over a completion without parts: its end event wants a last one.

    https://github.com/run-llama/llama_index/blob/v0.14.25/llama-index-core/llama_index/core/llms/callbacks.py#L488
    """
    return isinstance(error, ValidationError) and error.title == "LLMCompletionEndEvent"


def described(error: Exception, *, host: str = "", model: str | None = None) -> str:
    """Return an error in a few words. A stranger's text is left out: prompt, answer or secret may be in it."""
    known = ollama.translate(error, host, model)
    return type(error).__name__ if known is None else str(known)


def stamped(answer: Answer, stamp: Mapping[str, Any]) -> Answer:
    """Return an answer that says who gave it, in `additional_kwargs`; an object of the user's own class stays as it is.

    The dict is replaced, not changed: LlamaIndex may share it with the message, and that goes back to models.
    """
    if isinstance(answer, Response):
        answer.additional_kwargs = {**answer.additional_kwargs, **stamp}
    return answer
