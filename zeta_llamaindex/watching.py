"""What the calls of LLMs outside a router teach it: each is booked as an attempt on its model."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary, finalize, ref

from zeta_llamaindex.answers import described, fate_of, has_thought, outcome_of, says_something
from zeta_llamaindex.asking import ASKING
from zeta_router.attempts import Attempt
from zeta_router.errors import ZetaError
from zeta_router.model import canonical
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.request import Request
from zeta_router.router import ZetaDynamicRouter

logger = logging.getLogger("zeta_llamaindex")

OUTSIDE = "outside"
"""Tag of the decisions that others made."""

PATIENCE = 600.0
"""Seconds after which a call that does not end is let go: a stream that nobody reads has no end."""

NESTED_WITHIN = 0.05
"""Seconds. An LLM that answers through another method of its own calls that at once. What comes later, while a stream
waits to be read, is a call of somebody else."""


class Sighting:
    """One call that was seen to start."""

    __slots__ = ("attempt", "formatted", "model", "seen_at", "speaks")

    def __init__(self, model: str, attempt: Attempt | None, seen_at: float, *, formatted: bool) -> None:
        self.model = model
        self.formatted = formatted
        self.attempt = attempt
        """None where the router does not know the model, or where a call inside this one took over."""
        self.seen_at = seen_at
        self.speaks = False
        """Whether some part of its answer was there, or its end."""

    def may_hold(self, model: str, now: float) -> bool:
        """Return whether a call of a model that starts now may be made by this one."""
        return not self.speaks and self.model == model and now - self.seen_at <= NESTED_WITHIN


_innermost: ContextVar[Sighting | None] = ContextVar("zeta_innermost_call", default=None)


class Watch:
    """Books the calls that handlers see, under the ids of their spans. All handlers over one router share one.

    Only leaf calls count: `complete` of an `Ollama` calls its own `chat`, and the inner call takes over what the outer
    one began. Calls that a `ZetaLLM` over the same router makes are booked by itself, and not again.
    """

    def __init__(self, router: ZetaDynamicRouter) -> None:
        self._router = ref(router)
        self._open: dict[str, Sighting] = {}
        self._unread: deque[str] = deque()
        self.hears_ends = False
        """Whether some handler is told when streams end: a span ends before its stream begins."""
        self._lock = threading.Lock()
        self._said = False
        ASKING.watched = True

    @staticmethod
    def over(router: ZetaDynamicRouter) -> Watch:
        """Return the watch over a router, the same one for everybody who asks."""
        with _watches_lock:
            if router not in _watches:
                _watches[router] = Watch(router)
            return _watches[router]

    @property
    def open(self) -> int:
        """Calls that were seen to start and not to end."""
        return len(self._open)

    def guarded(self, handle: Callable[..., None], *arguments: Any) -> None:
        """Handle something; what goes wrong is said once, by its kind only, and breaks nobody's call."""
        try:
            handle(*arguments)
        except Exception as error:  # a handler that raised would end the call in LlamaIndex's old callbacks
            if not self._said:
                self._said = True
                logger.warning("watching a call failed with %s; it teaches nothing", type(error).__name__)

    def starts(
        self, span: str, model: str, host: str | None, request: Callable[[], Request], *, formatted: bool = False
    ) -> None:
        """Take note that a call starts.

        Args:
            span: Id of its span.
            model: As its LLM names it.
            host: Where that runs; None where the LLM does not say: then the model has to be on one host only.
            request: Makes what the router is told of the call.
            formatted: The answer is bound to a format.
        """
        router = self._router()
        if router is None or ASKING.router is router or span in self._open:
            return
        now = router.clock()
        self._let_go(now - PATIENCE)
        outer = _innermost.get()
        attempt: Attempt | None
        if outer is not None and outer.attempt is not None and outer.may_hold(model, now):
            attempt, outer.attempt = outer.attempt, None
        else:
            attempt = _begun(router, model, host, request)
        sighting = Sighting(model, attempt, now, formatted=formatted)
        _innermost.set(sighting)
        with self._lock:
            self._open[span] = sighting

    def speaks(self, span: str, part: object) -> None:
        """Take one part of a stream."""
        sighting = self._open.get(span)
        if sighting is not None and not sighting.speaks and says_something(part):
            sighting.speaks = True
            if sighting.attempt is not None:
                sighting.attempt.first_token()

    def answered(self, span: str, answer: object) -> None:
        """Settle with a whole answer, or with the last part of a stream; None where it had no parts."""
        sighting = self._ended(span)
        if sighting is None or sighting.attempt is None:
            return
        attempt = sighting.attempt
        outcome = outcome_of(
            answer,
            elapsed=attempt.elapsed,
            first_token=attempt.first_token_after,
            two_pass=sighting.formatted and has_thought(answer),
        )
        if outcome.fate is Fate.ok and attempt.first_token_after is None and not says_something(answer):
            outcome = replace(outcome, fate=Fate.truncated, error="the answer is empty")
        _settle(attempt, outcome)

    def failed(self, span: str, error: BaseException | None) -> None:
        """Settle with what ended the call; None where nobody knows what it was."""
        sighting = self._ended(span)
        if sighting is None or sighting.attempt is None:
            return
        attempt = sighting.attempt
        timings = Timings(first_token=attempt.first_token_after, total=attempt.elapsed)
        if isinstance(error, GeneratorExit):
            outcome = Outcome(fate=Fate.closed_early, timings=timings)
        elif isinstance(error, Exception):
            # What wrong code raises is nobody's failure, as with a `ZetaLLM`.
            fate = fate_of(error, structured=False) or Fate.cancelled
            outcome = Outcome(fate=fate, timings=timings, error=described(error))
        else:  # a cancellation, an interrupt, or a stream that nobody has read
            outcome = Outcome(fate=Fate.cancelled, timings=timings)
        _settle(attempt, outcome)

    def streams(self, span: str, parts: object) -> None:
        """Take note that a call has returned a stream, which is let go with it if nobody reads it."""
        if not self.hears_ends:
            self.failed(span, None)
        elif span in self._open:
            # Only noted there: a collector of garbage may run it anywhere, even where the router's lock is held.
            finalize(parts, self._unread.append, span).atexit = False

    def _ended(self, span: str) -> Sighting | None:
        with self._lock:
            sighting = self._open.pop(span, None)
        if sighting is not None:
            sighting.speaks = True  # whatever begins from now on is not inside it
        return sighting

    def _let_go(self, before: float) -> None:
        """Drop calls whose streams nobody reads, and those that have not ended for long. They are in order of start."""
        while self._unread:
            self.failed(self._unread.popleft(), None)
        while self._open:
            with self._lock:
                span, sighting = next(iter(self._open.items()), ("", None))
            if sighting is None or sighting.seen_at > before:
                return
            self.failed(span, None)


def _begun(router: ZetaDynamicRouter, model: str, host: str | None, request: Callable[[], Request]) -> Attempt | None:
    """Return an attempt on a model that is in flight from now on; None where the router does not know which it is."""
    wanted = canonical(model)
    known = [key for key in router.keys if canonical(key[0]) == wanted and host in (None, key[1])]
    if len(known) != 1:
        return None
    try:
        told = replace(request(), tags=(OUTSIDE,))
        attempt = next(iter(router.plan(told, model=known[0][0], prefer=known[0])), None)
    except ZetaError:  # nothing to answer, or longer than the model's context: no example for the router
        return None
    if attempt is None or attempt.decision.key != known[0]:
        return None
    return attempt.__enter__()


def _settle(attempt: Attempt, outcome: Outcome) -> None:
    attempt.settle(outcome)
    attempt.__exit__(None, None, None)


_watches: WeakKeyDictionary[ZetaDynamicRouter, Watch] = WeakKeyDictionary()
_watches_lock = threading.Lock()
