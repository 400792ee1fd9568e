"""A chat model that says what it is told to say, and handlers that write down what they see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, BaseCallbackHandler, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from zeta_router.testing import ManualClock


def calls(name: str, _id: str = "call-1", **args: Any) -> AIMessage:
    """Return a message that calls a tool."""
    return AIMessage("", tool_calls=[ToolCall(name=name, args=args, id=_id, type="tool_call")])


class Told(BaseChatModel):
    """Gives its `replies` in turn, the last one for ever: texts, messages, errors to raise, or functions of the
    messages that return one of these.
    """

    model: str = "told:7b"
    replies: list[Any] = Field(default_factory=lambda: ["one two three"])
    clock: Any = None
    takes: float = 0.0
    """Seconds that a call moves `clock` on."""
    hangs: bool = False
    """Awaited calls never end."""
    seen: list[list[BaseMessage]] = Field(default_factory=list, exclude=True)
    tools_seen: list[list[str]] = Field(default_factory=list, exclude=True)
    """Names of the tools that each call was offered."""

    @property
    def _llm_type(self) -> str:
        return "told"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _reply(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> AIMessage:
        self.seen.append(messages)
        self.tools_seen.append([tool["function"]["name"] for tool in kwargs.get("tools") or []])
        if isinstance(self.clock, ManualClock):
            self.clock.advance(self.takes)
        reply = self.replies[min(len(self.seen), len(self.replies)) - 1]
        if callable(reply) and not isinstance(reply, BaseException):
            reply = reply(messages)
        if isinstance(reply, BaseException):
            raise reply
        message = reply.model_copy() if isinstance(reply, AIMessage) else AIMessage(str(reply))
        message.usage_metadata = cast(Any, {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
        message.response_metadata = {"model_name": self.model}
        return message

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages, kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if self.hangs:
            await asyncio.Event().wait()
        return self._generate(messages, stop, None, **kwargs)

    def _chunks(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> Iterator[ChatGenerationChunk]:
        message = self._reply(messages, kwargs)
        words = re.findall(r"\S+\s*", str(message.content)) or [""]
        for number, word in enumerate(words, 1):
            chunk = AIMessageChunk(content=word)
            if number == len(words):
                chunk.usage_metadata = message.usage_metadata
                chunk.response_metadata = message.response_metadata
            yield ChatGenerationChunk(message=chunk)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self._chunks(messages, kwargs):
            if run_manager:
                run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._chunks(messages, kwargs):
            await asyncio.sleep(0)
            if run_manager:
                await run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk
        if self.hangs:
            await asyncio.Event().wait()


class Seen(BaseCallbackHandler):
    """Writes down every run that begins: what it is, its name, tags, metadata, id and parent."""

    run_inline = True

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self.ended: list[str] = []

    def _note(self, what: str, serialized: Any, kwargs: dict[str, Any]) -> None:
        name = kwargs.get("name") or (serialized or {}).get("name")
        self.runs.append({"what": what, **kwargs, "name": name})

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        self._note("chain", serialized, kwargs)

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        self._note("model", serialized, kwargs)

    def on_tool_start(self, serialized: Any, input_str: Any, **kwargs: Any) -> None:
        self._note("tool", serialized, kwargs)

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
        self.ended.append("chain end")

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.ended.append(f"chain {type(error).__name__}")

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ended.append("model end")

    def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        self.ended.append(f"model {type(error).__name__}")

    def of(self, what: str) -> list[dict[str, Any]]:
        """Return the runs of one kind."""
        return [run for run in self.runs if run["what"] == what]
