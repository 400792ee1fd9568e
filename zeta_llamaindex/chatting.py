"""The eight methods of every LLM, each handed whole to the child that is picked for the call."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
)

from zeta_llamaindex.delegation import Call
from zeta_llamaindex.unwatched import asked
from zeta_llamaindex.waiting import arun, astream, run, stream


class Chatting:
    """Chat and complete.

    A plain class beside LlamaIndex's, because those wrap what implements an abstract method, or overrides a method with
    a span, in a span of its own (`DispatcherSpanMixin`). The child has one already: a call is seen once. For the same
    reason nothing here is marked abstract.
    """

    def _chat_call(self, messages: Sequence[ChatMessage], keywords: MutableMapping[str, Any]) -> Call[ChatResponse]:
        """Plan a chat; takes what is meant for the router out of `keywords`."""
        raise NotImplementedError

    def _completion_call(self, prompt: str, keywords: MutableMapping[str, Any]) -> Call[CompletionResponse]:
        """Plan a completion; takes what is meant for the router out of `keywords`."""
        raise NotImplementedError

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer a chat.

        Args:
            messages: The history, oldest first.
            kwargs: For the child, but for `zeta_task`, `zeta_session`, `zeta_deadline` (seconds) and `zeta_model`.

        Returns:
            The child's answer. `additional_kwargs["zeta_model"]` names the model, `["zeta"]` the decision.

        Raises:
            InvalidRequest: There is nothing to answer; nothing was sent.
            NoCapableModel: No model can take it; says which need excluded which model.
            EveryAttemptFailed: Models were tried, none answered.
        """
        call = self._chat_call(messages, kwargs)
        return run(call, lambda llm: asked(llm, "chat")(messages, **kwargs))

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Do what `chat` does, awaited."""
        call = self._chat_call(messages, kwargs)
        return await arun(call, lambda llm: asked(llm, "achat")(messages, **kwargs))

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Answer a chat part by part. Another model can take over until the first part with content."""
        call = self._chat_call(messages, kwargs)
        return stream(call, lambda llm: asked(llm, "stream_chat")(messages, **kwargs))

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Do what `stream_chat` does; awaited, it returns an async generator."""
        call = self._chat_call(messages, kwargs)
        return await astream(call, lambda llm: asked(llm, "astream_chat")(messages, **kwargs))

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Complete a prompt; arguments, answer and errors as in `chat`."""
        call = self._completion_call(prompt, kwargs)
        return run(call, lambda llm: asked(llm, "complete")(prompt, formatted=formatted, **kwargs))

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Do what `complete` does, awaited."""
        call = self._completion_call(prompt, kwargs)
        return await arun(call, lambda llm: asked(llm, "acomplete")(prompt, formatted=formatted, **kwargs))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Complete a prompt part by part; see `stream_chat`."""
        call = self._completion_call(prompt, kwargs)
        return stream(call, lambda llm: asked(llm, "stream_complete")(prompt, formatted=formatted, **kwargs))

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """Do what `stream_complete` does; awaited, it returns an async generator."""
        call = self._completion_call(prompt, kwargs)
        return await astream(call, lambda llm: asked(llm, "astream_complete")(prompt, formatted=formatted, **kwargs))
