"""`ZetaTimingHandler`: a callback handler that measures every model call, and lets a router learn from it."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import LLMResult

from zeta_langchain.answers import fate_of
from zeta_langchain.deadlines import running
from zeta_langchain.messages import request_of
from zeta_langchain.timing.calls import OpenCall, TimedCall, host_in, model_in
from zeta_router.errors import ZetaError
from zeta_router.model import ModelCard, canonical
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.router import ZetaDynamicRouter

OBSERVED = "observed"
"""Tag of the decisions that somebody else made, and the router only watched."""

KEPT = 1_000
MODELS_MOST = 256
"""Models that a handler's own router learns apart; a program that makes up names does not fill the memory."""
STALE_S = 3600.0
"""Seconds after which a call that was never told to end is given up: LangChain says nothing when it is cancelled."""

_learned: WeakKeyDictionary[ZetaDynamicRouter, set[UUID]] = WeakKeyDictionary()
"""Runs that a router learns from now, so that two handlers do not tell it twice."""
_lock = threading.Lock()


class ZetaTimingHandler(BaseCallbackHandler):
    """Measures every call of a LangChain model: who, how long, how many tokens, and how it ended.

    ```python
    timing = ZetaTimingHandler()
    chain.invoke(question, config={"callbacks": [timing]})
    print(timing.calls[-1], timing.router.performance_metrics)
    ```

    Calls that a `ChatZeta` or Zeta's middleware makes are listed as well, but learned from only once, by their own
    router.

    Args:
        router: Learns from the calls of models that it has, at the hosts that it has; other models are listed only.
            None makes a router that takes in every model it sees; give it to nobody who would route with it.
        on_call: Called with each call that has ended.
    """

    run_inline = True
    """Without it every event of an async run hops to a thread: late when the pool is busy, and the time is lost."""

    def __init__(
        self, router: ZetaDynamicRouter | None = None, *, on_call: Callable[[TimedCall], None] | None = None
    ) -> None:
        self.router = router if router is not None else ZetaDynamicRouter([])
        self.calls: deque[TimedCall] = deque(maxlen=KEPT)
        """The last calls that have ended, oldest first."""
        self._takes_in = router is None
        self._on_call = on_call
        self._open: OrderedDict[UUID, OpenCall] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<ZetaTimingHandler {len(self.calls)} calls, {len(self._open)} open>"

    @property
    def ignore_chain(self) -> bool:
        """Chains are not timed."""
        return True

    @property
    def ignore_agent(self) -> bool:
        """Agents are not timed."""
        return True

    @property
    def ignore_retriever(self) -> bool:
        """Retrievers are not timed."""
        return True

    @property
    def ignore_retry(self) -> bool:
        """A retry is a call of its own."""
        return True

    @property
    def ignore_custom_event(self) -> bool:
        """They are somebody else's."""
        return True

    # -- events --------------------------------------------------------------------------------------------------

    def on_chat_model_start(
        self, serialized: Any, messages: Sequence[Sequence[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        """Begin to measure."""
        self._begin(serialized, messages[0] if messages else (), run_id, kwargs)

    def on_llm_start(self, serialized: Any, prompts: Sequence[str], *, run_id: UUID, **kwargs: Any) -> None:
        """Begin to measure a model that is no chat model."""
        self._begin(serialized, [HumanMessage(prompts[0])] if prompts else [], run_id, kwargs)

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Note the first token."""
        call = self._open.get(run_id)
        if call is not None:
            call.first_token()

    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Note the first event with content of a v3 stream."""
        call = self._open.get(run_id)
        if call is not None and event.get("event") != "message-start":
            call.first_token()

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Learn from an answer."""
        call = self._closed(run_id)
        if call is not None:
            self._note(call, call.outcome_of(response))

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Learn from an error, or from the time until somebody went away."""
        call = self._closed(run_id)
        if call is None:
            return
        if isinstance(error, GeneratorExit):
            self._note(call, call.cut_short(Fate.closed_early))
        elif isinstance(error, Exception):
            fate = fate_of(error)
            # The type only: the text of a foreign error may quote a prompt.
            outcome = call.cut_short(fate or Fate.error, type(error).__name__)
            self._note(call, outcome, learns=fate is not None)
        else:
            self._note(call, call.cut_short(Fate.cancelled))

    # -- a call's life -------------------------------------------------------------------------------------------

    def _begin(self, serialized: Any, messages: Sequence[BaseMessage], run_id: UUID, kwargs: dict[str, Any]) -> None:
        self._give_up_stale()
        params, metadata = kwargs.get("invocation_params") or {}, kwargs.get("metadata") or {}
        model, host = model_in(serialized, params, metadata), host_in(serialized, params, metadata)
        clock = self.router.clock
        call = OpenCall(model, host, str(run_id), clock, clock())
        call.is_zetas = _is_zetas(model, str(params.get("_type") or ""))
        call.shared_by = (kwargs.get("options") or {}).get("batch_size") or kwargs.get("batch_size") or 1
        if not call.is_zetas:
            with suppress(ZetaError):  # an empty prompt, a model that the router would not ask: measured all the same
                self._follow(call, messages, run_id)
        call.unwatch = self._watch_task(run_id)
        with self._lock:
            self._open[run_id] = call

    def _follow(self, call: OpenCall, messages: Sequence[BaseMessage], run_id: UUID) -> None:
        """Let the router count a call in, as an attempt that somebody else has decided on."""
        key = self._key_of(call)
        if key is None:
            return
        with _lock:
            followed = _learned.setdefault(self.router, set())
            if run_id in followed:
                return
            followed.add(run_id)
        call.is_followed = True
        request = replace(request_of(messages), tags=(OBSERVED,))
        for attempt in self.router.plan(request, model=key[0], prefer=key):
            if attempt.decision.key == key:
                call.attempt = attempt.__enter__()
            return

    def _key_of(self, call: OpenCall) -> tuple[str, str] | None:
        """Return what the router calls the model there; None where it has no such model."""
        keys = self.router.keys
        for name, host in keys:
            if host == call.host and canonical(name) == canonical(call.model):
                return (name, host)
        if not self._takes_in or len(keys) >= MODELS_MOST:
            return None
        self.router.join(ModelCard.from_name(call.model, host=call.host))
        return (call.model, call.host)

    def _watch_task(self, run_id: UUID) -> Callable[[], None] | None:
        """Notice that the task of a call ends before the call: `ainvoke` tells nobody that it was cancelled."""
        try:
            task = asyncio.current_task()
        except RuntimeError:
            return None
        if task is None:
            return None

        def over(_: Any) -> None:
            call = self._closed(run_id)
            if call is not None:
                self._note(call, call.cut_short(Fate.cancelled))

        task.add_done_callback(over)

        def unwatch() -> None:
            task.remove_done_callback(over)

        return unwatch

    def _give_up_stale(self) -> None:
        now = self.router.clock()
        with self._lock:
            stale = []
            for run_id, one in self._open.items():
                if now - one.began_at < STALE_S:
                    break
                stale.append(run_id)
        for run_id in stale:
            call = self._closed(run_id)
            if call is not None:  # when it ended is not known: its time tells nothing
                self._note(call, Outcome(fate=Fate.cancelled, timings=Timings()))

    def _closed(self, run_id: UUID) -> OpenCall | None:
        with self._lock:
            call = self._open.pop(run_id, None)
        if call is not None and call.unwatch is not None:
            call.unwatch()
        return call

    def _note(self, call: OpenCall, outcome: Outcome, *, learns: bool = True) -> None:
        attempt, call.attempt = call.attempt, None
        if attempt is not None:
            if learns:
                attempt.settle(outcome)
            attempt.__exit__(None, None, None)
        if call.is_followed:
            with _lock:
                _learned.get(self.router, set[UUID]()).discard(UUID(call.run_id))
        ended = call.ended(outcome)
        self.calls.append(ended)
        if self._on_call is not None:
            self._on_call(ended)


def _is_zetas(model: str, kind: str) -> bool:
    """Return whether a router makes the call that begins here: it learns from it by itself.

    The attempt is known by its context, and that outlives its turn where a stream is read: so the model must be the
    attempt's, too.
    """
    attempt = running.get()
    if attempt is None or attempt.outcome is not None:
        return False
    decision = attempt.decision
    return canonical(decision.model) == canonical(model) or decision.host == kind
