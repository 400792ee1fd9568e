"""What Ollama says beside a structured prediction: LlamaIndex hands on the object, and drops the clocks."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from llama_index.core.llms import LLM


class Overheard:
    """What came through the client of one child during one attempt.

    Args:
        first_token: Called when the first piece of an answer is there.
    """

    __slots__ = ("_first_token", "raw", "thought")

    def __init__(self, first_token: Callable[[], None]) -> None:
        self._first_token = first_token
        self.raw: Mapping[str, Any] | None = None
        """The whole answer, or the last part of a stream; None while there is none."""
        self.thought = False
        """Whether the model has thought before it answered."""

    def note(self, part: Any, *, streamed: bool) -> None:
        """Take an answer, or one part of a stream."""
        message = part.message
        self.raw = dict(part)
        self.thought = self.thought or bool(message.thinking)
        if streamed and (message.content or message.thinking):
            self._first_token()


class _Client:
    """An `ollama.Client` or `AsyncClient` that tells what its chats bring."""

    def __init__(self, client: Any, overheard: Overheard) -> None:
        self._client = client
        self._overheard = overheard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def chat(self, **arguments: Any) -> Any:
        answer = self._client.chat(**arguments)
        if inspect.isawaitable(answer):
            return self._awaited(answer)
        if arguments.get("stream"):
            return self._passing(answer)
        self._overheard.note(answer, streamed=False)
        return answer

    async def _awaited(self, answer: Any) -> Any:
        answer = await answer
        if hasattr(answer, "__aiter__"):
            return self._apassing(answer)
        self._overheard.note(answer, streamed=False)
        return answer

    def _passing(self, parts: Any) -> Iterator[Any]:
        try:
            for part in parts:
                self._overheard.note(part, streamed=True)
                yield part
        finally:
            parts.close()

    async def _apassing(self, parts: Any) -> AsyncIterator[Any]:
        try:
            async for part in parts:
                self._overheard.note(part, streamed=True)
                yield part
        finally:
            await parts.aclose()


def overhear(llm: LLM, first_token: Callable[[], None], *, awaited: bool) -> tuple[LLM, Overheard]:
    """Return a copy of an `Ollama` for one call, and what will be heard of its answer.

    Args:
        llm: An `Ollama` of LlamaIndex.
        first_token: Called when the first piece of an answer is there.
        awaited: Which of its clients the call will use.
    """
    overheard = Overheard(first_token)
    plain: Any = llm  # its clients are made before the copy is, so that they are made once
    client = _Client(plain.async_client if awaited else plain.client, overheard)
    copy: Any = llm.model_copy()
    if awaited:
        copy._async_client = client
    else:
        copy._client = client
    return copy, overheard
