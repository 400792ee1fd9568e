"""Asks a chat model one level below its `invoke` and `stream`, where nobody watches.

Those two do two things: ask the model, and tell callbacks of it. To get ready for the second takes most of their time,
also where there is no callback to tell. A call that nobody watches leaves it out, and does the first as they do it: the
cache, the rate limiter, the ids and metadata of messages, the choice between whole answers and streams are LangChain's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableConfig
from langchain_core.utils.uuid import uuid7

from zeta_langchain.below import (
    RUN,
    binds_only_keywords,
    can_be_asked_below,
    is_asked_at_once,
    message_of,
    metadata_of,
    normalized,
)
from zeta_langchain.deadlines import check
from zeta_langchain.parameters import NOTHING
from zeta_langchain.silent_runs import AsyncRun, Run
from zeta_router.attempts import Attempt


class Unwatched:
    """A chat model within one attempt, with the four methods that a turn asks.

    Args:
        model: `can_be_asked_below`.
        bound: Keywords that are bound to it.
        attempt: Told of the first token; its deadline ends the answer.
        messages: The prompt.
        config: Its tags and metadata reach the model, as do the model's own.
    """

    __slots__ = ("_attempt", "_bound", "_messages", "_model", "_told")

    def __init__(
        self,
        model: BaseChatModel,
        bound: Mapping[str, Any],
        attempt: Attempt,
        messages: Sequence[BaseMessage],
        config: RunnableConfig,
    ) -> None:
        self._model = model
        self._bound = bound
        self._attempt = attempt
        self._messages: list[BaseMessage] = normalized(messages)
        self._told = {
            "tags": [*(config.get("tags") or ()), *(model.tags or ())],
            "metadata": {**(config.get("metadata") or {}), **(model.metadata or {})},
        }

    @classmethod
    def of(
        cls,
        runnable: Any,
        kwargs: Mapping[str, Any],
        attempt: Attempt,
        messages: Sequence[BaseMessage],
        config: RunnableConfig,
    ) -> Unwatched | None:
        """Return what to ask in place of a runnable, or None where that cannot be asked below its public methods.

        Args:
            runnable: A chat model, or one that tools are bound to.
            kwargs: Of the call.
            attempt: As above.
            messages: As above.
            config: As above.
        """
        bound = NOTHING
        if binds_only_keywords(runnable):
            runnable, bound = runnable.bound, runnable.kwargs
        if not can_be_asked_below(runnable, {**bound, **kwargs} if bound else kwargs):
            return None
        return cls(runnable, bound, attempt, messages, config)

    def invoke(self, prompt: Any, config: RunnableConfig, **kwargs: Any) -> Any:
        """Return the answer, as `BaseChatModel.invoke` does."""
        model, run = self._model, Run(self._attempt, uuid7(), self._told)
        stop, asked = self._asked(kwargs)
        if is_asked_at_once(model, model._generate, run, asked, awaited=False):
            return message_of(model._generate(self._messages, stop=stop, run_manager=run, **asked), run.run_id)
        result: Any = model._generate_with_cache(self._messages, stop=stop, run_manager=run, **asked)
        return result.generations[0].message

    async def ainvoke(self, prompt: Any, config: RunnableConfig, **kwargs: Any) -> Any:
        """Return the answer, as `BaseChatModel.ainvoke` does."""
        model, run = self._model, AsyncRun(self._attempt, uuid7(), self._told)
        stop, asked = self._asked(kwargs)
        if is_asked_at_once(model, model._agenerate, run, asked, awaited=True):
            return message_of(await model._agenerate(self._messages, stop=stop, run_manager=run, **asked), run.run_id)
        result: Any = await model._agenerate_with_cache(self._messages, stop=stop, run_manager=run, **asked)
        return result.generations[0].message

    def stream(self, prompt: Any, config: RunnableConfig, **kwargs: Any) -> Generator[Any, None, None]:
        """Yield the parts of the answer, as `BaseChatModel.stream` does."""
        model = self._model
        stop, asked = self._asked(kwargs)
        if not model._should_stream(async_api=False, **{**asked, "stream": True}):
            yield self.invoke(prompt, config, **kwargs)
            return
        if model.rate_limiter is not None:
            model.rate_limiter.acquire(blocking=True)
        chunks = Chunks(self._attempt)
        for chunk in model._stream(self._messages, stop=stop, **asked):
            yield chunks.next(chunk)
        yield from chunks.closing()

    async def astream(self, prompt: Any, config: RunnableConfig, **kwargs: Any) -> AsyncGenerator[Any, None]:
        """Yield the parts of the answer, as `BaseChatModel.astream` does."""
        model = self._model
        stop, asked = self._asked(kwargs)
        if not model._should_stream(async_api=True, **{**asked, "stream": True}):
            yield await self.ainvoke(prompt, config, **kwargs)
            return
        if model.rate_limiter is not None:
            await model.rate_limiter.aacquire(blocking=True)
        chunks = Chunks(self._attempt)
        async for chunk in model._astream(self._messages, stop=stop, **asked):
            yield chunks.next(chunk)
        for last in chunks.closing():
            yield last

    def _asked(self, kwargs: Mapping[str, Any]) -> tuple[list[str] | None, dict[str, Any]]:
        """Return the stop words and the other keywords that the model is asked with."""
        asked = {**self._bound, **kwargs}
        return asked.pop("stop", None), asked


class Chunks:
    """The chunks of one stream, made into messages as `BaseChatModel.stream` makes them."""

    __slots__ = ("_attempt", "_before", "_id")

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._id = f"{RUN}{uuid7()}"
        self._before: BaseMessage | None = None

    def next(self, chunk: ChatGenerationChunk) -> BaseMessage:
        """Return the message of a chunk."""
        check(self._attempt)
        message: BaseMessage = chunk.message
        if message.id is None:
            message.id = self._id
        if chunk.generation_info:
            message.response_metadata = metadata_of(chunk)
        self._before = message
        return message

    def closing(self) -> Sequence[BaseMessage]:
        """Return an empty last message, where no chunk said that it was the last.

        Raises:
            ValueError: There was no chunk.
        """
        last = self._before
        if last is None:
            raise ValueError("No generation chunks were returned")
        if not isinstance(last, AIMessageChunk) or last.chunk_position:
            return ()
        return (
            AIMessageChunk(content="" if isinstance(last.content, str) else [], chunk_position="last", id=self._id),
        )
