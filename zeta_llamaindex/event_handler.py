"""`ZetaEventHandler`: a router learns from every LLM of LlamaIndex, by the events of its instrumentation."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import Field
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.exception import ExceptionEvent
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatInProgressEvent,
    LLMChatStartEvent,
    LLMCompletionEndEvent,
    LLMCompletionInProgressEvent,
    LLMCompletionStartEvent,
)

from zeta_llamaindex.messages import request_of, request_of_prompt
from zeta_llamaindex.options import pop_options
from zeta_llamaindex.watching import Watch
from zeta_router.router import ZetaDynamicRouter


class ZetaEventHandler(BaseEventHandler):
    """Lets a router learn from LLMs that are called outside it: their times, their failures, how busy they are.

    ```python
    from llama_index.core.instrumentation import get_dispatcher

    get_dispatcher().add_event_handler(ZetaEventHandler(router))
    ```

    Only models that the router has count, one call once: an LLM that answers `complete` through its own `chat` is one
    call, and a `ZetaLLM` over the same router books its calls itself. Decisions of others carry the tag `outside`.

    Events do not name a host: a model that is on several hosts is learned with `ZetaSpanHandler` beside it.

    Args:
        router: Who learns.
        listening: False makes it deaf; LlamaIndex has no way to take a handler off.
    """

    router: Any = Field(exclude=True, repr=False)
    listening: bool = True

    def __init__(self, router: ZetaDynamicRouter, *, listening: bool = True) -> None:
        super().__init__(router=router, listening=listening)  # type: ignore[call-arg]
        self._watch.hears_ends = True

    @classmethod
    def class_name(cls) -> str:
        """Return the name that LlamaIndex knows it by."""
        return "ZetaEventHandler"

    @cached_property
    def _watch(self) -> Watch:
        return Watch.over(self.router)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        """Take one event. Raises nothing and blocks nowhere."""
        if self.listening:
            self._watch.guarded(self._handle, event)

    def _handle(self, event: BaseEvent) -> None:
        span = event.span_id or ""
        if isinstance(event, LLMChatInProgressEvent | LLMCompletionInProgressEvent):
            self._watch.speaks(span, event.response)
        elif isinstance(event, LLMChatEndEvent | LLMCompletionEndEvent):
            self._watch.answered(span, event.response)
        elif isinstance(event, LLMChatStartEvent):
            starts(self._watch, span, event.model_dict, event.additional_kwargs, messages=event.messages)
        elif isinstance(event, LLMCompletionStartEvent):
            starts(self._watch, span, event.model_dict, event.additional_kwargs, prompt=event.prompt)
        elif isinstance(event, ExceptionEvent):
            self._watch.failed(span, event.exception)
        elif event.class_name() == "SpanDropEvent":
            # The event has the text only; it is told while the exception itself is being handled.
            self._watch.failed(span, sys.exc_info()[1])


def starts(
    watch: Watch,
    span: str,
    payload: Mapping[str, Any],
    keywords: Mapping[str, Any],
    *,
    messages: list[ChatMessage] | None = None,
    prompt: str | None = None,
    host: str | None = None,
) -> None:
    """Tell a watch that a call starts, in the words of an LLM's payload and the call's own keywords."""
    named = payload.get("model") or payload.get("model_name")
    model = named if isinstance(named, str) and named != "unknown" else str(payload.get("class_name"))
    options = pop_options({})
    tools = keywords.get("tools") or ()
    watch.starts(
        span,
        model,
        host,
        lambda: (
            request_of_prompt(prompt, options)
            if prompt is not None
            else request_of(messages or (), options, tools=len(tools))
        ),
        formatted=keywords.get("format") is not None,
    )
