"""Asks a chat model one level below its `invoke` and `stream`, where nobody watches.

Those two do two things: ask the model, and tell callbacks of it. To get ready for the second takes most of their time,
also where there is no callback to tell. A call that nobody watches leaves it out, and does the first as they do it: the
cache, the rate limiter, the ids and metadata of messages, the choice between whole answers and streams are LangChain's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from operator import attrgetter, is_
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, chat_models
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.utils.uuid import uuid7
from langchain_core.version import VERSION

from zeta_langchain.deadlines import check
from zeta_langchain.parameters import NOTHING
from zeta_langchain.untouched import functions_of
from zeta_router.attempts import Attempt

FIRST, LAST = (1, 2), (1, 7)
"""Versions of langchain-core whose `stream` this module was compared with; others are asked the ordinary way."""

_normalized: Any = getattr(chat_models, "_normalize_messages", None)
_metadata_of: Any = getattr(chat_models, "_gen_info_and_msg_metadata", None)
_BELOW = ("_generate_with_cache", "_agenerate_with_cache", "_should_stream")
_ASKED = ("invoke", "ainvoke", "stream", "astream")
_PUBLIC = (*_ASKED, "generate_prompt", "generate", "agenerate_prompt", "agenerate", "_convert_input")
_methods_of, _METHODS = attrgetter(*_PUBLIC), functions_of(BaseChatModel, *_PUBLIC)
_methods_of_binding, _METHODS_OF_BINDING = attrgetter(*_ASKED), functions_of(RunnableBindingBase, *_ASKED)
_TRACED = frozenset({"ls_structured_output_format", "structured_output_format"})
"""Keywords that are taken out for the trace and are none of the model's."""


def _is_known(version: str) -> bool:
    """Return whether this version of langchain-core can be asked below its public methods."""
    found = _normalized is not None and _metadata_of is not None
    found = found and all(hasattr(BaseChatModel, name) for name in (*_BELOW, *_PUBLIC))
    numbers = version.split(".")[:2]
    return found and all(map(str.isdecimal, numbers)) and FIRST <= tuple(map(int, numbers)) <= LAST


IS_KNOWN = _is_known(VERSION)


def can_be_asked_below(model: Any, kwargs: Mapping[str, Any]) -> bool:
    """Return whether a call that nobody watches may go past the public methods of a chat model.

    Not where they are not LangChain's: the model overrides one, or a tool for tracing has replaced one. Nor where the
    model brings its own callbacks, which watch.
    """
    return (
        IS_KNOWN
        and isinstance(model, BaseChatModel)
        and all(map(is_, _methods_of(type(model)), _METHODS))
        and vars(model).keys().isdisjoint(_PUBLIC)
        and not model.callbacks
        and not model.verbose
        and model.output_version != "v1"  # numbers its blocks across the chunks of a stream, which is left to LangChain
        and _TRACED.isdisjoint(kwargs)
    )


def binds_only_keywords(runnable: Any) -> bool:
    """Return whether a runnable hands on to another one with keywords, e.g. tools, and does nothing else."""
    return (
        isinstance(runnable, RunnableBindingBase)
        and all(map(is_, _methods_of_binding(type(runnable)), _METHODS_OF_BINDING))
        and not runnable.config
        and not runnable.config_factories
    )


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
        self._messages: list[BaseMessage] = _normalized(messages)
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
        run = Run(self._attempt, uuid7(), self._told)
        result: Any = self._model._generate_with_cache(self._messages, run_manager=run, **{**self._bound, **kwargs})
        return result.generations[0].message

    async def ainvoke(self, prompt: Any, config: RunnableConfig, **kwargs: Any) -> Any:
        """Return the answer, as `BaseChatModel.ainvoke` does."""
        run = AsyncRun(self._attempt, uuid7(), self._told)
        asked = {**self._bound, **kwargs}
        result: Any = await self._model._agenerate_with_cache(self._messages, run_manager=run, **asked)
        return result.generations[0].message

    def stream(self, prompt: Any, config: RunnableConfig, **kwargs: Any) -> Generator[Any, None, None]:
        """Yield the parts of the answer, as `BaseChatModel.stream` does."""
        model, asked = self._model, {**self._bound, **kwargs}
        stop = asked.pop("stop", None)
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
        model, asked = self._model, {**self._bound, **kwargs}
        stop = asked.pop("stop", None)
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


class Chunks:
    """The chunks of one stream, made into messages as `BaseChatModel.stream` makes them."""

    __slots__ = ("_attempt", "_before", "_id")

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._id = f"lc_run--{uuid7()}"
        self._before: BaseMessage | None = None

    def next(self, chunk: ChatGenerationChunk) -> BaseMessage:
        """Return the message of a chunk."""
        check(self._attempt)
        message: BaseMessage = chunk.message
        if message.id is None:
            message.id = self._id
        if chunk.generation_info:
            message.response_metadata = _metadata_of(chunk)
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


class Run(CallbackManagerForLLMRun):
    """The run of an attempt, as the model sees it: nobody hears of it but the attempt."""

    def __init__(self, attempt: Attempt, run_id: UUID, told: Mapping[str, Any]) -> None:
        super().__init__(run_id=run_id, handlers=[], inheritable_handlers=[], **told)
        self._attempt = attempt

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        """Note a token, before the answer is whole."""
        heard(self._attempt)


class AsyncRun(AsyncCallbackManagerForLLMRun):
    """The same, awaited."""

    def __init__(self, attempt: Attempt, run_id: UUID, told: Mapping[str, Any]) -> None:
        super().__init__(run_id=run_id, handlers=[], inheritable_handlers=[], **told)
        self._attempt = attempt
        self._told = told

    def get_sync(self) -> Run:
        """Return the run for a model that can only be asked blocking, in a thread."""
        return Run(self._attempt, self.run_id, self._told)

    async def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        """Note a token, before the answer is whole."""
        heard(self._attempt)


def heard(attempt: Attempt) -> None:
    """Note a token of an attempt.

    Raises:
        ServerTimeout: It comes after the deadline.
    """
    attempt.first_token()
    check(attempt)
