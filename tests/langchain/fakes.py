"""Scripted chat models: they support tools, usage and schemas, and fail as they are told to."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field


class Scripted(BaseChatModel):
    """Answers with `text`, word by word where it is streamed; calls the tools it is offered until it sees a result.

    Arguments of a tool call are filled from the JSON schema, and from digits and quoted words in the last message.
    """

    model: str = "scripted"
    text: str = "one two three four"
    fails: Any = None
    """Raised by the next calls: an exception, or a list of exceptions and Nones, one per call."""
    fails_after: int = 0
    """Chunks that are streamed before it fails."""
    invalid: bool = False
    """Calls its tools with arguments that are no JSON."""
    temperature: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None
    hangs: bool = False
    """Awaited calls never end."""
    seen: list[dict[str, Any]] = Field(default_factory=list, exclude=True)
    """The keywords of every call so far."""
    closed: list[str] = Field(default_factory=list, exclude=True)
    """How streams that began have ended."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "temperature": self.temperature}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        choice = {"tool_choice": tool_choice} if tool_choice is not None else {}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **choice, **kwargs)

    def _begin(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> AIMessage:
        self.seen.append({**kwargs, "temperature": self.temperature})
        error = self.fails
        if isinstance(error, list):
            error = error.pop(0) if error else None
        if error is not None and not self.fails_after:
            raise error
        return self._message(messages, kwargs)

    def _message(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> AIMessage:
        tools = kwargs.get("tools") or []
        choice = kwargs.get("tool_choice")
        if isinstance(choice, str) and choice != "any":
            tools = [tool for tool in tools if tool["function"]["name"] == choice] or tools
        text, calls = self.text, list[ToolCall]()
        if tools and self.invalid:
            text = ""
        if tools and not isinstance(messages[-1], ToolMessage) and not self.invalid:
            function = tools[0]["function"]
            arguments = filled(function.get("parameters") or {}, messages)
            calls = [ToolCall(name=function["name"], args=arguments, id=f"call-{len(self.seen)}", type="tool_call")]
            text = ""
        usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
        message = AIMessage(text, tool_calls=calls, usage_metadata=cast(Any, usage))
        if tools and self.invalid:
            broken = {"name": tools[0]["function"]["name"], "args": "no json", "id": "x", "error": None}
            message.invalid_tool_calls = [cast(Any, {**broken, "type": "invalid_tool_call"})]
        message.response_metadata = {"model_name": kwargs.get("model", self.model)}
        return message

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._begin(messages, kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        return self._generate(messages, stop, None, **kwargs)

    def _chunks(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> Iterator[ChatGenerationChunk]:
        message = self._begin(messages, kwargs)
        calls = message.tool_calls
        words = re.findall(r"\S+\s*", str(message.content)) or [""]
        try:
            for number, word in enumerate(words):
                if self.fails_after and number == self.fails_after and self.fails is not None:
                    raise self.fails
                chunk = AIMessageChunk(content=word)
                if number == 0 and calls:
                    pieces = [
                        {"name": c["name"], "args": json.dumps(c["args"]), "id": c["id"], "index": i}
                        for i, c in enumerate(calls)
                    ]
                    chunk = AIMessageChunk(content="", tool_call_chunks=cast(Any, pieces))
                if number == 0 and message.invalid_tool_calls:
                    broken = {"name": "magic", "args": "no json", "id": "x", "index": 0}
                    chunk = AIMessageChunk(content="", tool_call_chunks=cast(Any, [broken]))
                if number == len(words) - 1:
                    chunk.usage_metadata = message.usage_metadata
                    chunk.response_metadata = message.response_metadata
                yield ChatGenerationChunk(message=chunk)
            self.closed.append("ended")
        except GeneratorExit:
            self.closed.append("closed")
            raise

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


class Told(Scripted):
    """Notes whether it is asked the ordinary way: LangChain then asks it what to tell callbacks."""

    told: list[str] = Field(default_factory=list, exclude=True)
    runs: list[Any] = Field(default_factory=list, exclude=True)
    """What it is told its run is, by each whole answer."""
    asked: list[Any] = Field(default_factory=list, exclude=True)
    """What each prompt said."""

    def _begin(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> AIMessage:
        self.asked.append([message.content for message in messages])
        return super()._begin(messages, kwargs)

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        self.told.append("asked")
        return super()._get_ls_params(stop=stop, **kwargs)

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        self.runs.append(run_manager)
        return super()._generate(messages, stop, run_manager, **kwargs)

    async def _agenerate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        self.runs.append(run_manager)
        return await super()._agenerate(messages, stop, None, **kwargs)


def filled(schema: dict[str, Any], messages: Sequence[BaseMessage]) -> dict[str, Any]:
    """Return arguments that follow an object's schema; numbers and quoted words come from the last message."""
    said = str(messages[-1].content)
    numbers = [int(number) for number in re.findall(r"\d+", said)]
    quoted = re.findall(r"[\"'“](\S[^\"'”]*)[\"'”]", said)
    definitions = schema.get("$defs", {})

    def value(part: dict[str, Any]) -> Any:
        if "$ref" in part:
            part = definitions[part["$ref"].rpartition("/")[2]]
        if "default" in part:
            return part["default"]
        if "enum" in part:
            return part["enum"][0]
        if "anyOf" in part:
            return value(part["anyOf"][0])
        kind = part.get("type")
        if kind in ("integer", "number"):
            return numbers[0] if numbers else 1
        if kind == "boolean":
            return True
        if kind == "array":
            return [value(part.get("items", {"type": "string"}))]
        if kind == "object":
            return {name: value(inner) for name, inner in part.get("properties", {}).items()}
        return quoted[0] if quoted else "something"

    return {name: value(part) for name, part in schema.get("properties", {}).items()}
