"""LangChain messages, read into a `Request`: what the router may know of a call."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from zeta_router.errors import InvalidRequest
from zeta_router.opening import LONG_TOKENS, opening
from zeta_router.request import CHARACTERS_PER_TOKEN, Request

TOKENS_PER_MESSAGE = 4
"""Role and separators that a chat template puts around each message; llama3 and qwen use 4 to 5."""

TOKENS_PER_IMAGE = 768
"""About what gemma3 (256) and llama3.2-vision (1,600) make of one picture; a guess for the context check."""

NEED_OF_BLOCK = {
    "image": "vision",
    "image_url": "vision",
    "input_image": "vision",
    "audio": "audio",
    "input_audio": "audio",
}
"""Content blocks that only some models can read, and the capability this takes."""

SESSION_KEYS = ("zeta_session", "thread_id", "session_id")

NO_NEEDS, TOOLS, THINKING = frozenset[str](), frozenset({"tools"}), frozenset({"thinking"})


def request_of(
    messages: Sequence[BaseMessage],
    *,
    tools: Sequence[Any] = (),
    thinks: bool = False,
    needs: Collection[str] = (),
    max_output_tokens: int | None = None,
    configurable: Mapping[str, Any] | None = None,
) -> Request:
    """Return what the router may know of a call.

    Args:
        messages: The whole conversation. The last human message is the text that tells the task.
        tools: Tools that are bound, as OpenAI-format dicts.
        thinks: The caller asked the model to think.
        needs: Further capabilities that the answer takes.
        max_output_tokens: Bound on the answer; Ollama reads 0 and less as none.
        configurable: `config["configurable"]`: `zeta_task`, `zeta_deadline`, and what `session_in` reads; a long prompt
            of no session belongs to those that began like it.

    Raises:
        InvalidRequest: There is nothing to answer, or a value in `configurable` is wrong.
    """
    characters, extra, is_empty, wanted = _read(messages)
    if is_empty:
        raise InvalidRequest("the prompt is empty: give at least one message with something in it")
    wanted = wanted.union(needs)
    if tools:
        wanted |= TOOLS
        characters += len(str(tools))
    if thinks:
        wanted |= THINKING
    tokens = math.ceil(characters / CHARACTERS_PER_TOKEN) + extra
    told = configurable or {}
    session, deadline = session_in(told), told.get("zeta_deadline")
    if session is None and tokens >= LONG_TOKENS:
        session = opening(_first_said(messages))
    return Request(
        text=_asked(messages),
        task=told.get("zeta_task"),
        prompt_tokens=tokens,
        max_output_tokens=max_output_tokens if max_output_tokens is not None and max_output_tokens > 0 else None,
        needs=wanted,
        session=session,
        deadline=None if deadline is None else _seconds(deadline),
    )


def count_tokens(messages: Iterable[BaseMessage], tools: Sequence[Any] = ()) -> int:
    """Return about how many tokens messages and tools make: characters over four, a few per message, more per image."""
    characters, extra, _, _ = _read(messages)
    if tools:
        characters += len(str(tools))
    return math.ceil(characters / CHARACTERS_PER_TOKEN) + extra


def _read(messages: Iterable[BaseMessage]) -> tuple[int, int, bool, frozenset[str]]:
    """Return characters, tokens beside them, whether nothing is said, and which capabilities the content takes.

    One pass without copies: a history may hold a hundred messages, and a prompt a megabyte.
    """
    characters, extra, is_empty, needs = 0, 0, True, NO_NEEDS
    for message in messages:
        content = message.content
        extra += TOKENS_PER_MESSAGE
        if isinstance(content, str):
            characters += len(content)
            is_empty = is_empty and (not content or content.isspace())
        else:
            kinds = [need for block in content if (need := _need(block)) is not None]
            needs = needs.union(kinds)
            characters += len(text_of(message))
            extra += TOKENS_PER_IMAGE * kinds.count("vision")
            is_empty = is_empty and not content
        if isinstance(message, AIMessage) and (calls := message.tool_calls):
            characters += sum(len(call["name"]) + len(str(call["args"])) for call in calls)
            is_empty = False
    return characters, extra, is_empty, needs


def text_of(message: BaseMessage) -> str:
    """Return the text of a message, its other content left out."""
    content = message.content
    if isinstance(content, str):
        return content
    texts = (block if isinstance(block, str) else block.get("text") for block in content)
    return "\n".join(text for text in texts if isinstance(text, str))


def _asked(messages: Sequence[BaseMessage]) -> str:
    """Return the last human message: after it stand only a model's tool calls and their results."""
    for message in reversed(messages):
        if message.type == "human":
            return text_of(message)
    return text_of(messages[-1]) if messages else ""


def _first_said(messages: Sequence[BaseMessage]) -> Iterator[str]:
    """Yield the texts of a prompt up to the first human message: the same in every turn of a conversation."""
    for message in messages:
        yield text_of(message)
        if message.type == "human":
            return


def _need(block: object) -> str | None:
    kind = block.get("type") if isinstance(block, dict) else None
    return NEED_OF_BLOCK.get(kind) if isinstance(kind, str) else None


def session_in(configurable: Mapping[str, Any]) -> str | None:
    """Return the conversation that a config names, or None.

    It is `zeta_session`, else LangGraph's `thread_id`, else the `session_id` of `RunnableWithMessageHistory`.
    """
    for name in SESSION_KEYS if configurable else ():
        session = configurable.get(name)
        if session is not None and session != "":
            return str(session)
    return None


def deadline_in(configurable: Mapping[str, Any]) -> float | None:
    """Return the seconds that a config gives an answer, as `zeta_deadline`.

    Raises:
        InvalidRequest: They are none.
    """
    deadline = configurable.get("zeta_deadline")
    return None if deadline is None else _seconds(deadline)


def _seconds(deadline: object) -> float:
    if isinstance(deadline, bool) or not isinstance(deadline, (int, float)) or not 0 < deadline < math.inf:
        raise InvalidRequest(
            f"zeta_deadline must be seconds from now, above 0, got {deadline!r}; leave it out for none"
        )
    return float(deadline)
