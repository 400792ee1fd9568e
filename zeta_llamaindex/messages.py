"""LlamaIndex messages in, `Request` out: what a router may know of a call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from zeta_llamaindex.options import CallOptions
from zeta_router.opening import LONG_TOKENS, opening
from zeta_router.request import CHARACTERS_PER_TOKEN, NO_NEEDS, Request

IMAGE_TOKENS = 768
"""Room kept for one picture: 256 tokens in gemma3, 576 in llava, 1,000 and more in qwen2.5vl."""

TOOL_TOKENS = 100
"""Room kept for one tool's schema: a name, a sentence, and two or three described arguments."""


def request_of(
    messages: Sequence[ChatMessage], options: CallOptions, *, tools: int = 0, max_output_tokens: int | None = None
) -> Request:
    """Return what the router is told of a chat: the last user message, the size of it all, and what it needs.

    A long chat of no session belongs to those that began like it.

    Args:
        messages: The whole history, oldest first.
        options: What the caller said beside it.
        tools: How many tools are offered; any at all need a model that can call them.
        max_output_tokens: Bound on the answer, where one is set.

    Raises:
        InvalidRequest: There is nothing to answer, or an option is out of range.
    """
    characters = images = 0
    asked: ChatMessage | None = None
    for message in messages:
        if message.role is MessageRole.USER:
            asked = message
        for block in message.blocks:
            if block.block_type == "text":
                characters += len(block.text)
            elif block.block_type == "image":
                images += 1
            elif block.block_type == "thinking":
                characters += len(block.content or "")
            elif block.block_type == "tool_call":
                characters += len(str(block.tool_kwargs))
    if asked is None and messages:  # no user speaks
        asked = messages[-1]
    text = text_of(asked) if asked is not None else ""
    session = options.session
    if not session and characters >= LONG_TOKENS * CHARACTERS_PER_TOKEN:
        session = opening(_first_said(messages))
    return _request(text, characters, images, options, session, tools, max_output_tokens)


def _first_said(messages: Sequence[ChatMessage]) -> Iterator[str]:
    """Yield the texts of a chat up to the first one of the user: the same in every turn of a conversation."""
    for message in messages:
        yield text_of(message)
        if message.role is MessageRole.USER:
            return


def request_of_prompt(prompt: str, options: CallOptions, *, max_output_tokens: int | None = None) -> Request:
    """Return the same for a completion, which is one text.

    Raises:
        InvalidRequest: The prompt is empty, or an option is out of range.
    """
    return _request(prompt, len(prompt), 0, options, options.session, 0, max_output_tokens)


def _request(
    text: str,
    characters: int,
    images: int,
    options: CallOptions,
    session: str | None,
    tools: int,
    max_output_tokens: int | None,
) -> Request:
    tokens = math.ceil(characters / CHARACTERS_PER_TOKEN) + images * IMAGE_TOKENS + tools * TOOL_TOKENS
    return Request(
        text=text,
        task=options.task,
        # None where nothing was said, so that `Request` refuses it with its own sentence.
        prompt_tokens=tokens if characters or images else None,
        max_output_tokens=max_output_tokens,
        needs=_needs(tools, images) if tools or images else NO_NEEDS,
        session=session,
        deadline=options.deadline,
    )


def _needs(tools: int, images: int) -> frozenset[str]:
    return frozenset((["tools"] if tools else []) + (["vision"] if images else []))


def text_of(message: ChatMessage) -> str:
    """Return a message's text, as `message.content` does. Most messages are one text, which is not put together."""
    blocks = message.blocks
    if len(blocks) == 1:
        block = blocks[0]
        return block.text if block.block_type == "text" else ""
    return "\n".join(block.text for block in blocks if block.block_type == "text" and block.text)
