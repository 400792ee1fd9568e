"""One call, handed to one child after another until one answers. Opens and awaits nothing: sync and async share it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
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
    text_in,
)
from zeta_llamaindex.children import Children
from zeta_llamaindex.describing import asks_the_server
from zeta_llamaindex.overhearing import Overheard, overhear
from zeta_router.attempts import Attempt, Attempts
from zeta_router.errors import AnswerTruncated, EveryAttemptFailed
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.router import ZetaDynamicRouter
from zeta_router.signals.answer import Answer as Shown

Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False, repr=False)
class Call(Generic[Answer]):
    """A call and its attempts."""

    router: ZetaDynamicRouter
    """Who learns."""
    attempts: Attempts
    """Its plan for the call."""
    children: Children
    """Who can be asked."""
    thinks: bool = True
    """False where the caller said `think=False`."""
    formatted: bool = False
    """The answer is bound to a format."""
    structured: bool = False
    """The answer is an object that must follow a schema, not a response."""
    rate_limiter: BaseRateLimiter | None = None
    """LlamaIndex's; it is waited for before a model is picked, so that no model is blamed for it."""
    loop: asyncio.AbstractEventLoop | None = None
    """The event loop that awaits the children; None for a call that blocks."""
    last_error: Exception | None = None

    def turns(self, loop: asyncio.AbstractEventLoop | None = None) -> Iterator[Turn[Answer]]:
        """Return a turn per attempt: the pick, then the next best while they fail."""
        self.loop = loop
        return map(partial(Turn, self), self.attempts)

    def error(self) -> EveryAttemptFailed:
        """Return the error to raise when no turn is left; its cause is what the last child raised."""
        error = self.attempts.error()
        error.__cause__ = self.last_error
        return error


class Turn(Generic[Answer]):
    """One child's turn at a call: in flight inside its `with` block, which keeps errors that the next turn may mend.

    What a child raises stays inside the block while nothing of its answer has been passed on and another model may do
    better. Everything else leaves it: cancellations, mistakes of the caller, and errors after the first token.
    """

    __slots__ = (
        "_attempt", "_call", "_held", "_last", "_overheard", "_passed_on", "_stamp", "child", "is_ollama"
    )  # fmt: skip

    def __init__(self, call: Call[Answer], attempt: Attempt) -> None:
        child = call.children.get(attempt.decision.key)
        self.child = child.get(call.loop, call.thinks)
        self.is_ollama = child.is_ollama
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
        goes_on = isinstance(error, Exception) and self._failed(error)
        # What is not settled by now was left by the caller: cancelled, or a stream closed early.
        self._attempt.__exit__(kind, error, trace)
        return goes_on

    @property
    def asks(self) -> bool:
        """Whether the child will look up its context window at its server first, blocking."""
        return self.is_ollama and asks_the_server(self.child)

    def llm(self) -> LLM:
        """Return the LLM to ask: the child, or for an object that Ollama makes a copy of it that is listened to."""
        if not (self.is_ollama and self._call.structured):
            return self.child
        if self.asks:
            self.child.get_context_window()  # type: ignore[attr-defined]  # here, or every copy would ask anew
        awaited = self._call.loop is not None
        llm, self._overheard = overhear(self.child, self._attempt.first_token, awaited=awaited)
        return llm

    def answered(self, answer: Answer) -> Answer:
        """Settle with a whole answer, and return it stamped.

        Raises:
            AnswerTruncated: It is empty, or ended early. The block keeps this, so that the next model is asked.
        """
        text = text_in(answer)
        self._settle(answer, text, empty=not text and not says_something(answer))
        self._passed_on = True
        return stamped(answer, self._new_stamp())

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
        self._stamp = stamp = self._new_stamp()
        return [stamped(held, stamp) for held in self._held]

    def ended(self) -> None:
        """Settle with the end of a stream.

        Raises:
            AnswerTruncated: It was empty, or ended early. The block keeps this while nothing was passed on.
        """
        self._settle(self._last, text_in(self._last), empty=not self._passed_on)

    def _new_stamp(self) -> dict[str, Any]:
        """Return what `additional_kwargs` of an answer says of who gave it, and why."""
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

    def _settle(self, answer: Answer | None, text: str, *, empty: bool) -> None:
        outcome = self._outcome_of(answer)
        if outcome.fate is Fate.ok:
            if self._call.structured and is_unfinished(answer):
                outcome = replace(outcome, fate=Fate.invalid, error="the object does not follow its schema")
            elif empty:
                outcome = replace(outcome, fate=Fate.truncated, error="the answer is empty")
        self._attempt.settle(outcome)
        if outcome.fate is Fate.ok:
            # A tool call is looked at by the agent, an object by its schema; a child of other makers may bring no text.
            if text and isinstance(text, str):
                self._attempt.observe(Shown(text=text))
        elif outcome.fate is not Fate.invalid or not self._passed_on:
            # An object that is not whole goes as in LlamaIndex: what there is of it is with the caller.
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
            decision = self._attempt.decision
            said = described(error, host=decision.host, model=decision.model)
            self._attempt.settle(replace(outcome, fate=fate, error=said))
        return not self._passed_on and is_worth_another(error, structured=structured)

    def _outcome_of(self, answer: Answer | None) -> Outcome:
        overheard, formatted = self._overheard, self._call.formatted
        return outcome_of(
            answer if overheard is None else overheard.raw,
            elapsed=self._attempt.elapsed,
            first_token=self._attempt.first_token_after,
            two_pass=formatted and (has_thought(answer) if overheard is None else overheard.thought),
        )
