"""Hands an answer to the router's signals, once it is known to be one."""

from __future__ import annotations

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse

from zeta_router.attempts import Attempt
from zeta_router.signals.answer import Answer


def observe(attempt: Attempt, answer: object) -> None:
    """Let the router learn from what a whole answer shows of its quality. It never raises.

    Answers without text are left alone: a tool call is looked at by the agent, an object by its schema.
    """
    try:
        if isinstance(answer, ChatResponse):
            text = answer.message.content
        else:
            text = answer.text if isinstance(answer, CompletionResponse) else None
    except Exception as error:  # nobody checks what a model makes; its text stays out of the trouble
        attempt.trouble("signals", f"an answer was not understood ({type(error).__name__}); it teaches nothing")
        return
    if text:
        attempt.observe(Answer(text=text))
