"""Chats that offer tools: prepared, answered, checked and read by one and the same child."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    MessageRole,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection

from zeta_llamaindex.children import Key
from zeta_llamaindex.delegation import Call
from zeta_llamaindex.waiting import arun, astream, run, stream

if TYPE_CHECKING:
    from llama_index.core.tools.types import BaseTool

Tools = Sequence["BaseTool"]
UserMessage = str | ChatMessage | None
History = list[ChatMessage] | None


class ToolCalling:
    """Chat with tools, and read the calls out of an answer. See `Chatting` for why this is a class of its own."""

    def _tool_call(
        self, tools: Tools, messages: Sequence[ChatMessage], keywords: MutableMapping[str, Any]
    ) -> Call[ChatResponse]:
        """Plan a chat that offers tools; takes what is meant for the router out of `keywords`."""
        raise NotImplementedError

    def _tool_caller(self, key: Key | None) -> FunctionCallingLLM:
        """Return the child with this key, or with None any that can call tools."""
        raise NotImplementedError

    def chat_with_tools(
        self,
        tools: Tools,
        user_msg: UserMessage = None,
        chat_history: History = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponse:
        """Answer a chat that may call tools, on a model that can. `chat_history` stays as it is.

        Arguments as LlamaIndex has them; those for the router, the answer and the errors as in `chat`.
        """
        call = self._tool_call(tools, _conversation(user_msg, chat_history), kwargs)
        kwargs |= _settings(verbose, allow_parallel_tool_calls, tool_required)
        return run(call, lambda llm: llm.chat_with_tools(tools, user_msg, _copy(chat_history), **kwargs))

    async def achat_with_tools(
        self,
        tools: Tools,
        user_msg: UserMessage = None,
        chat_history: History = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponse:
        """Do what `chat_with_tools` does, awaited."""
        call = self._tool_call(tools, _conversation(user_msg, chat_history), kwargs)
        kwargs |= _settings(verbose, allow_parallel_tool_calls, tool_required)
        return await arun(call, lambda llm: llm.achat_with_tools(tools, user_msg, _copy(chat_history), **kwargs))

    def stream_chat_with_tools(
        self,
        tools: Tools,
        user_msg: UserMessage = None,
        chat_history: History = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponseGen:
        """Do what `chat_with_tools` does, part by part; see `stream_chat`."""
        call = self._tool_call(tools, _conversation(user_msg, chat_history), kwargs)
        kwargs |= _settings(verbose, allow_parallel_tool_calls, tool_required)
        return stream(call, lambda llm: llm.stream_chat_with_tools(tools, user_msg, _copy(chat_history), **kwargs))

    async def astream_chat_with_tools(
        self,
        tools: Tools,
        user_msg: UserMessage = None,
        chat_history: History = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponseAsyncGen:
        """Do what `stream_chat_with_tools` does; awaited, it returns an async generator."""
        call = self._tool_call(tools, _conversation(user_msg, chat_history), kwargs)
        kwargs |= _settings(verbose, allow_parallel_tool_calls, tool_required)
        return await astream(
            call, lambda llm: llm.astream_chat_with_tools(tools, user_msg, _copy(chat_history), **kwargs)
        )

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Return the tool calls in an answer, or in one part of a stream, read by the child that gave it.

        Raises:
            ValueError: There are none, and `error_on_no_tool_call` is true.
        """
        stamp = response.additional_kwargs.get("zeta")
        child = self._tool_caller((stamp["model"], stamp["host"]) if stamp is not None else None)
        return child.get_tool_calls_from_response(response, error_on_no_tool_call=error_on_no_tool_call, **kwargs)

    def _prepare_chat_with_tools(
        self,
        tools: Tools,
        user_msg: UserMessage = None,
        chat_history: History = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Return the arguments of a chat with tools, as some child makes them. The methods above do not need it."""
        kwargs |= _settings(verbose, allow_parallel_tool_calls, tool_required)
        return self._tool_caller(None)._prepare_chat_with_tools(tools, user_msg, _copy(chat_history), **kwargs)


def _settings(verbose: bool, allow_parallel_tool_calls: bool, tool_required: bool) -> dict[str, Any]:
    return {
        "verbose": verbose,
        "allow_parallel_tool_calls": allow_parallel_tool_calls,
        "tool_required": tool_required,
    }


def _copy(chat_history: History) -> History:
    """Return a copy for one attempt: `Ollama` appends the user's message to the list it is given.

    https://github.com/run-llama/llama_index/blob/main/llama-index-integrations/llms/llama-index-llms-ollama/llama_index/llms/ollama/base.py
    """
    return None if chat_history is None else list(chat_history)


def _conversation(user_msg: UserMessage, chat_history: History) -> list[ChatMessage]:
    """Return all that will be sent, for the router to look at."""
    messages = list(chat_history or ())
    if isinstance(user_msg, str):
        messages.append(ChatMessage(role=MessageRole.USER, content=user_msg))
    elif user_msg is not None:
        messages.append(user_msg)
    return messages
