"""`ZetaSpanHandler`: what the spans of LLM calls tell beside their events: the LLM itself, and with it its host."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Generator, Mapping
from functools import cached_property
from typing import Any

from llama_index.core.bridge.pydantic import Field
from llama_index.core.instrumentation.span import BaseSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.llms import LLM

from zeta_llamaindex.describing import host_of, metadata_of
from zeta_llamaindex.event_handler import starts
from zeta_llamaindex.watching import Watch
from zeta_router.router import ZetaDynamicRouter

LEAVES = frozenset(
    {
        "chat",
        "achat",
        "stream_chat",
        "astream_chat",
        "complete",
        "acomplete",
        "stream_complete",
        "astream_complete",
    }
)
"""Methods that reach a model; all others are built on these."""


class ZetaSpanHandler(BaseSpanHandler[BaseSpan]):
    """Lets a router learn from LLMs that are called outside it, by their spans.

    ```python
    from llama_index.core.instrumentation import get_dispatcher

    get_dispatcher().add_event_handler(ZetaEventHandler(router))
    get_dispatcher().add_span_handler(ZetaSpanHandler(router))
    ```

    Beside a `ZetaEventHandler` it adds what events do not say: the host of the LLM, failures before the first event,
    streams that nobody reads. Together they book a call once. Alone it learns from whole answers only, because a span
    ends before its stream begins.

    Args:
        router: Who learns.
        listening: False makes it deaf.
    """

    router: Any = Field(default=None, exclude=True, repr=False)
    listening: bool = True

    def __init__(self, router: ZetaDynamicRouter, *, listening: bool = True) -> None:
        super().__init__(open_spans={}, completed_spans=[], dropped_spans=[], current_span_ids={})
        self.router = router
        self.listening = listening

    @classmethod
    def class_name(cls) -> str:
        """Return the name that LlamaIndex knows it by."""
        return "ZetaSpanHandler"

    @cached_property
    def _watch(self) -> Watch:
        return Watch.over(self.router)

    def new_span(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any | None = None,
        parent_span_id: str | None = None,
        tags: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> BaseSpan | None:
        """Take the start of a span. Nothing is kept of it here."""
        if self.listening and isinstance(instance, LLM) and _method(id_) in LEAVES:
            self._watch.guarded(self._starts, id_, bound_args, instance)
        return None

    def prepare_to_exit_span(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any | None = None,
        result: Any | None = None,
        **kwargs: Any,
    ) -> BaseSpan | None:
        """Take the end of a span: an answer, or a stream that is yet to be read."""
        if self.listening and isinstance(instance, LLM):
            is_stream = isinstance(result, Generator | AsyncGenerator)
            self._watch.guarded(self._watch.streams if is_stream else self._watch.answered, id_, result)
        return None

    def prepare_to_drop_span(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any | None = None,
        err: BaseException | None = None,
        **kwargs: Any,
    ) -> BaseSpan | None:
        """Take the end of a span that was left by an exception."""
        if self.listening and isinstance(instance, LLM):
            self._watch.guarded(self._watch.failed, id_, err)
        return None

    def _starts(self, span: str, bound: inspect.BoundArguments, llm: LLM) -> None:
        given = bound.arguments
        keywords: Mapping[str, Any] = given.get("kwargs") or {}
        asked = given.get("messages", given.get("prompt"))
        if asked is None:
            asked = (given.get("args") or (keywords.get("messages", keywords.get("prompt")),))[0]
        payload = {"model": getattr(llm, "model", None), "class_name": llm.class_name()}
        if payload["model"] is None:
            payload["model"] = metadata_of(llm).model_name
        is_text = isinstance(asked, str)
        starts(
            self._watch,
            span,
            payload,
            keywords,
            messages=None if is_text else list(asked or ()),
            prompt=asked if is_text else None,
            host=host_of(llm),
        )


def _method(span: str) -> str:
    """Return the method that a span is of: ids read `Ollama.chat-` and five groups of hexadecimal digits."""
    return span.rpartition(".")[2].rsplit("-", 5)[0]
