"""One call, handed to one child after another until one answers. Opens and awaits nothing: sync and async share it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import replace
from types import TracebackType
from typing import Any, Generic, TypeVar

from llama_index.core.llms import LLM
from llama_index.core.rate_limiter import BaseRateLimiter

from zeta_llamaindex.answers import (
    described,
    fate_of,
    has_thought,
    is_unfinished,
    is_worth_another,
    outcome_of,
    says_something,
    stamped,
)
from zeta_llamaindex.children import Children
from zeta_llamaindex.describing import asks_the_server
from zeta_llamaindex.observing import observe
from zeta_llamaindex.overhearing import Overheard, overhear
from zeta_router.attempts import Attempt, Attempts
from zeta_router.errors import AnswerTruncated, EveryAttemptFailed
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.router import ZetaDynamicRouter

Answer = TypeVar("Answer")

ASKED_BY: ContextVar[ZetaDynamicRouter | None] = ContextVar("zeta_asked_by", default=None)
"""The router whose child works now: what handlers see of that is booked there already."""


class Call(Generic[Answer]):
    """A call and its attempts.

    Args:
        router: Who learns.
        attempts: Its plan for the call.
        children: Who can be asked.
        thinks: False where the caller said `think=False`.
        formatted: The answer is bound to a format.
        structured: The answer is an object that must follow a schema, not a response.
        rate_limiter: LlamaIndex's; it is waited for before a model is picked, so that no model is blamed for it.
    """

    __slots__ = ("_attempts", "_children", "_thinks", "formatted", "last_error", "rate_limiter", "router", "structured")

    def __init__(
        self,
        router: ZetaDynamicRouter,
        attempts: Attempts,
        children: Children,
        *,
        thinks: bool = True,
        formatted: bool = False,
        structured: bool = False,
        rate_limiter: BaseRateLimiter | None = None,
    ) -> None:
        self.router = router
        self._attempts = attempts
        self._children = children
        self._thinks = thinks
        self.formatted = formatted
        self.structured = structured
        self.rate_limiter = rate_limiter
        self.last_error: Exception | None = None

    def turns(self, loop: asyncio.AbstractEventLoop | None = None) -> Iterator[Turn[Answer]]:
        """Yield a turn per attempt: the pick, then the next best while they fail.

        Args:
            loop: The event loop that will await the children, or None for calls that block.
        """
        for attempt in self._attempts:
            child = self._children.get(attempt.decision.key)
            llm = child.get(loop=loop, thinks=self._thinks)
            yield Turn(self, attempt, llm, is_ollama=child.is_ollama, awaited=loop is not None)

    def error(self) -> EveryAttemptFailed:
        """Return the error to raise when no turn is left; its cause is what the last child raised."""
        error = self._attempts.error()
        error.__cause__ = self.last_error
        return error


class Turn(Generic[Answer]):
    """One child's turn at a call: in flight inside its `with` block, which keeps errors that the next turn may mend.

    What a child raises stays inside the block while nothing of its answer has been passed on and another model may do
    better. Everything else leaves it: cancellations, mistakes of the caller, and errors after the first token.
    """

    __slots__ = (
        "_attempt", "_awaited", "_call", "_held", "_is_ollama", "_last", "_overheard", "_passed_on", "_stamp", "child"
    )  # fmt: skip

    def __init__(
        self, call: Call[Answer], attempt: Attempt, child: LLM, *, is_ollama: bool = False, awaited: bool = False
    ) -> None:
        self.child = child
        self._is_ollama = is_ollama
        self._awaited = awaited
        self._call = call
        self._attempt = attempt
        self._overheard: Overheard | None = None
        self._held: list[Answer] = []
        self._last: Answer | None = None
        self._passed_on = False
        self._stamp: dict[str, Any] | None = None

    def __enter__(self) -> Turn[Answer]:
        self._attempt.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        goes_on = False
        if isinstance(error, Exception):
            goes_on = self._failed(error)
        # What is not settled by now was left by the caller: cancelled, or a stream closed early.
        self._attempt.__exit__(kind, error, trace)
        return goes_on

    @property
    def asks(self) -> bool:
        """Whether the child will look up its context window at its server first, blocking."""
        return self._is_ollama and asks_the_server(self.child)

    def llm(self) -> LLM:
        """Return the LLM to ask: the child, or for an object that Ollama makes a copy of it that is listened to."""
        if not (self._is_ollama and self._call.structured):
            return self.child
        if self.asks:
            self.child.get_context_window()  # type: ignore[attr-defined]  # here, or every copy would ask anew
        llm, self._overheard = overhear(self.child, self._attempt.first_token, awaited=self._awaited)
        return llm

    @property
    def _stamp_now(self) -> dict[str, Any]:
        """What `additional_kwargs` of an answer says of who gave it, and why."""
        decision = self._attempt.decision
        return {
            "zeta_model": decision.model,
            "zeta": {
                "decision_id": decision.id,
                "model": decision.model,
                "host": decision.host,
                "task": decision.task,
                "reason": decision.reason,
                "attempts": decision.attempt,
            },
        }

    def answered(self, answer: Answer) -> Answer:
        """Settle with a whole answer, and return it stamped.

        Raises:
            AnswerTruncated: It is empty, or ended early. The block keeps this, so that the next model is asked.
        """
        self._settle(answer, empty=not says_something(answer))
        self._passed_on = True
        return stamped(answer, self._stamp_now)

    def passing(self, part: Answer) -> Sequence[Answer]:
        """Take one part of a stream, and return what may be passed on now, stamped.

        Parts without content are held back until one has some: until then another model can still take over.
        """
        self._last = part
        if self._stamp is not None:
            return (stamped(part, self._stamp),)
        self._held.append(part)
        if not says_something(part):
            return ()
        self._attempt.first_token()
        self._passed_on = True
        self._stamp = stamp = self._stamp_now
        return [stamped(held, stamp) for held in self._held]

    def ended(self) -> None:
        """Settle with the end of a stream.

        Raises:
            AnswerTruncated: It was empty, or ended early. The block keeps this while nothing was passed on.
        """
        self._settle(self._last, empty=not self._passed_on)

    def _settle(self, answer: Answer | None, *, empty: bool) -> None:
        outcome = self._outcome_of(answer)
        if self._call.structured and outcome.fate is Fate.ok and is_unfinished(answer):
            outcome = replace(outcome, fate=Fate.invalid, error="the object does not follow its schema")
        elif outcome.fate is Fate.ok and empty:
            outcome = replace(outcome, fate=Fate.truncated, error="the answer is empty")
        self._attempt.settle(outcome)
        if outcome.fate is Fate.ok:
            observe(self._attempt, answer)
        if outcome.fate is Fate.invalid and self._passed_on:
            return  # as LlamaIndex: what there was of the object is with the caller
        if not outcome.fate.answered:
            decision = self._attempt.decision
            raise AnswerTruncated(
                f"{decision.model} on {decision.host}: {outcome.error}", host=decision.host, model=decision.model
            )

    def _failed(self, error: Exception) -> bool:
        """Settle with an error, and return whether the next turn may do better."""
        structured = self._call.structured
        self._call.last_error = error
        fate = fate_of(error, structured=structured)
        if fate is not None and self._attempt.outcome is None:
            if fate is Fate.invalid and self._overheard is not None and self._overheard.raw is not None:
                outcome = self._outcome_of(None)  # the server did its part, and its clocks are as good as ever
            else:
                timings = Timings(first_token=self._attempt.first_token_after, total=self._attempt.elapsed)
                outcome = Outcome(fate=fate, timings=timings)
            self._attempt.settle(replace(outcome, fate=fate, error=described(error)))
        return not self._passed_on and is_worth_another(error, structured=structured)

    def _outcome_of(self, answer: Answer | None) -> Outcome:
        overheard, formatted = self._overheard, self._call.formatted
        return outcome_of(
            answer if overheard is None else overheard.raw,
            elapsed=self._attempt.elapsed,
            first_token=self._attempt.first_token_after,
            two_pass=formatted and (has_thought(answer) if overheard is None else overheard.thought),
        )
