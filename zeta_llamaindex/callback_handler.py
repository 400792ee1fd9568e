"""`ZetaCallbackHandler`: the same for LlamaIndex's old callbacks, where a program still hands those around."""

from __future__ import annotations

from typing import Any

from llama_index.core.callbacks import CBEventType, EventPayload
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation.span import active_span_id

from zeta_llamaindex.event_handler import starts
from zeta_llamaindex.watching import Watch
from zeta_router.router import ZetaDynamicRouter

MOST_OPEN = 4_096
"""Calls that may be open at once; beyond that the oldest ends unheard."""


class ZetaCallbackHandler(BaseCallbackHandler):
    """Lets a router learn from the LLMs that one `CallbackManager` is given to.

    ```python
    Settings.callback_manager = CallbackManager([ZetaCallbackHandler(router)])
    ```

    A call that `ZetaEventHandler` or `ZetaSpanHandler` sees as well is booked once. The old callbacks are not told of
    the parts of a stream, so that its first token is known only where the server tells it.

    Args:
        router: Who learns.
        listening: False makes it deaf.
    """

    def __init__(self, router: ZetaDynamicRouter, *, listening: bool = True) -> None:
        super().__init__(event_starts_to_ignore=[], event_ends_to_ignore=[])
        self.router = router
        self.listening = listening
        self._watch = Watch.over(router)
        self._watch.hears_ends = True
        self._spans: dict[str, str] = {}

    def on_event_start(
        self,
        event_type: CBEventType,
        payload: dict[str, Any] | None = None,
        event_id: str = "",
        parent_id: str = "",
        **kwargs: Any,
    ) -> str:
        """Take the start of an event; only those of LLMs count. Raises nothing."""
        if self.listening and event_type is CBEventType.LLM and payload is not None:
            self._watch.guarded(self._starts, payload, event_id)
        return event_id

    def on_event_end(
        self,
        event_type: CBEventType,
        payload: dict[str, Any] | None = None,
        event_id: str = "",
        **kwargs: Any,
    ) -> None:
        """Take the end of an event. Raises nothing."""
        span = self._spans.pop(event_id, None)
        if span is not None:
            self._watch.guarded(self._ends, payload or {}, span)

    def start_trace(self, trace_id: str | None = None) -> None:
        """Traces teach nothing."""

    def end_trace(self, trace_id: str | None = None, trace_map: dict[str, list[str]] | None = None) -> None:
        """Traces teach nothing."""

    def _starts(self, payload: dict[str, Any], event_id: str) -> None:
        span = active_span_id.get() or event_id
        self._spans[event_id] = span
        while len(self._spans) > MOST_OPEN:  # streams that nobody reads have no end
            self._spans.pop(next(iter(self._spans)), None)
        starts(
            self._watch,
            span,
            payload.get(EventPayload.SERIALIZED) or {},
            payload.get(EventPayload.ADDITIONAL_KWARGS) or {},
            messages=payload.get(EventPayload.MESSAGES),
            prompt=payload.get(EventPayload.PROMPT),
        )

    def _ends(self, payload: dict[str, Any], span: str) -> None:
        if EventPayload.EXCEPTION in payload:
            self._watch.failed(span, payload[EventPayload.EXCEPTION])
        else:
            self._watch.answered(span, payload.get(EventPayload.RESPONSE, payload.get(EventPayload.COMPLETION)))
