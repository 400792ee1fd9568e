"""A chat model that hands each call to another one: the public methods of LangChain, whichever model answers.

The hand-over is in the public methods. In `_generate` it would open a second model run below the first: tokens would
count twice, and a stream inside a chain would deliver every token twice.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun, Callbacks
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult, LLMResult
from langchain_core.runnables import RunnableConfig

from zeta_langchain import modes
from zeta_langchain.call import Call
from zeta_langchain.kinds import Events, Kind


class DelegatingChatModel(BaseChatModel):
    """A chat model whose `call` says which other chat models to ask."""

    @abstractmethod
    def call(self, asked: Any, config: RunnableConfig, kwargs: dict[str, Any], kind: Kind | None) -> Call:
        """Return the call that a caller's input, config and keywords make; `kind` None asks for a message."""

    def invoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Ask the model that will serve best, and the next best while they fail. See `BaseChatModel.invoke`."""
        answer: AIMessage = modes.answer(self, input, config, {**kwargs, "stop": stop})
        return answer

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Do what `invoke` does, awaited. Cancelling it closes the connection, and the server stops."""
        answer: AIMessage = await modes.aanswer(self, input, config, {**kwargs, "stop": stop})
        return answer

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """Yield the answer as it comes; until its first token another model can take over. Leaving early closes it."""
        return modes.parts(self, input, config, {**kwargs, "stop": stop})

    def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Do what `stream` does, awaited."""
        return modes.aparts(self, input, config, {**kwargs, "stop": stop})

    def stream_events(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        version: str = "v2",
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Stream events. See `BaseChatModel.stream_events`."""
        if version == "v3":
            from zeta_langchain.events import event_stream  # here, because older LangChains lack such streams

            return event_stream(modes.parts(self, input, config, {**kwargs, "stop": stop}, self._events(kwargs)))
        return super().stream_events(input, config, version=cast(Any, version), stop=stop, **kwargs)

    def astream_events(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        version: str = "v2",
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Stream events, awaited. See `BaseChatModel.astream_events`."""
        if version == "v3":
            from zeta_langchain.events import aevent_stream  # as above

            return aevent_stream(modes.aparts(self, input, config, {**kwargs, "stop": stop}, self._events(kwargs)))
        return super().astream_events(input, config, version=cast(Any, version), stop=stop, **kwargs)

    @staticmethod
    def _events(kwargs: dict[str, Any]) -> Events:
        choice = {"tool_choice": kwargs["tool_choice"]} if "tool_choice" in kwargs else {}
        return Events(kwargs.get("tools") or (), choice)

    # -- what older code calls -----------------------------------------------------------------------------------

    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        *,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: UUID | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        """Answer several prompts, each by the model that serves it best. See `BaseChatModel.generate`."""
        configs = _configs(len(messages), callbacks, tags, metadata, run_name, run_id)
        return _result(
            [self.invoke(m, config, stop=stop, **kwargs) for m, config in zip(messages, configs, strict=True)]
        )

    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        *,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: UUID | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        """Do what `generate` does, awaited, and all at once."""
        configs = _configs(len(messages), callbacks, tags, metadata, run_name, run_id)
        asked = zip(messages, configs, strict=True)
        return _result(
            list(await asyncio.gather(*(self.ainvoke(m, config, stop=stop, **kwargs) for m, config in asked)))
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.invoke(messages, stop=stop, **kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=await self.ainvoke(messages, stop=stop, **kwargs))])


def _configs(
    count: int,
    callbacks: Callbacks,
    tags: list[str] | None,
    metadata: dict[str, Any] | None,
    run_name: str | None,
    run_id: UUID | None,
) -> list[RunnableConfig]:
    """Return one config per prompt; a run id can be the first one's only."""
    told: Any = {"callbacks": callbacks, "tags": tags, "metadata": metadata, "run_name": run_name}
    shared = {name: value for name, value in told.items() if value is not None}
    return [
        cast(RunnableConfig, {**shared, "run_id": run_id} if i == 0 and run_id else dict(shared)) for i in range(count)
    ]


def _result(messages: list[AIMessage]) -> LLMResult:
    return LLMResult(generations=[[ChatGeneration(message=message)] for message in messages])
