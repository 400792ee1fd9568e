"""The attempts at one request: a decision, then the next best while attempts fail."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from zeta_router.decision import Decision, Key
from zeta_router.dispatcher import Dispatcher
from zeta_router.errors import EveryAttemptFailed, Failure, InvalidRequest
from zeta_router.events import DecisionMade
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.request import CAPABILITIES, Request
from zeta_router.tasks.task_guess import TaskGuess

if TYPE_CHECKING:
    from zeta_router.signals.answer import Answer

HOST_FATES = frozenset({Fate.error, Fate.rejected, Fate.timeout})
"""Failures that may be the host's: the next attempt goes to another host, if one could serve."""


class Attempt:
    """One model, tried for one request: in flight inside its `with` block, and nowhere else.

    Leaving the block without `settle` counts as cancelled: nothing is held against the model, nothing stays in flight.
    """

    __slots__ = ("_began_at", "_deadline_at", "_dispatcher", "_first_token", "_number", "_outcome", "decision")

    def __init__(self, dispatcher: Dispatcher, decision: Decision, deadline_at: float | None) -> None:
        self.decision = decision
        self._deadline_at = deadline_at
        self._began_at = decision.decided_at
        self._dispatcher = dispatcher
        self._number: int | None = None
        self._first_token: float | None = None
        self._outcome: Outcome | None = None

    def __repr__(self) -> str:
        state = self._outcome.fate.value if self._outcome else ("not begun" if self._number is None else "in flight")
        return f"<Attempt {self.decision.attempt}: {self.decision.model} on {self.decision.host}, {state}>"

    @property
    def outcome(self) -> Outcome | None:
        """How it went; None before it is settled."""
        return self._outcome

    @property
    def elapsed(self) -> float:
        """Seconds since the attempt began, by the router's clock."""
        return max(0.0, self._dispatcher.clock() - self._began_at)

    @property
    def deadline_left(self) -> float | None:
        """Seconds until the answer is worth nothing, at least a millisecond; None where there is no deadline."""
        if self._deadline_at is None:
            return None
        return max(self._deadline_at - self._dispatcher.clock(), 0.001)

    @property
    def first_token_after(self) -> float | None:
        """Seconds until `first_token` was called; None before."""
        return self._first_token

    def __enter__(self) -> Attempt:
        if self._number is not None:
            raise InvalidRequest("an attempt can be entered once; iterate the plan for the next one")
        self._number, self._began_at = self._dispatcher.begin(self.decision)
        if self._dispatcher.listeners.all:
            try:
                self._dispatcher.listeners.tell(DecisionMade(self.decision))
            except BaseException:  # an interrupt in a listener: the block is never entered, so `__exit__` never called
                self.__exit__(None, None, None)
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._outcome is None:
            fate = Fate.closed_early if kind is GeneratorExit else Fate.cancelled
            self.settle(Outcome(fate=fate, timings=Timings(first_token=self._first_token, total=self.elapsed)))

    def first_token(self) -> None:
        """Note that the first token has arrived; later calls change nothing."""
        if self._first_token is None:
            self._first_token = self.elapsed

    def lacks(self, capability: str) -> None:
        """Say that the model turned out to lack a capability: it is asked for it no more."""
        card = self.decision.card
        if card is not None:
            can = CAPABILITIES - {"embedding"} if card.capabilities is None else card.capabilities
            self._dispatcher.join(replace(card, capabilities=can - {capability}), self.decision.host)

    def trouble(self, where: str, what: str) -> None:
        """Note a trouble of the adapter's own, which does not keep the request from being served. It is said once."""
        self._dispatcher.trouble(where, what)

    def observe(self, answer: Answer, *, prompt: str = "", session: str | None = None) -> None:
        """Let the router learn from what an answer shows of its quality; see `ZetaDynamicRouter.observe_answer`."""
        self._dispatcher.observer.observe(self.decision.id, answer, prompt, session)

    def settle(self, outcome: Outcome) -> None:
        """Say how it went, once, inside the `with` block.

        Raises:
            InvalidRequest: It was settled before, or has not begun.
        """
        if self._number is None or self._outcome is not None:
            state = "has not begun: enter it with `with attempt:`" if self._number is None else "is settled already"
            raise InvalidRequest(f"this attempt {state}")
        self._outcome = outcome
        self._dispatcher.end(self.decision, self._number, outcome)


class Attempts:
    """Iterated once: yields an `Attempt` until one is answered or abandoned, or no model is left to try.

    Opens and awaits nothing, so that sync and async callers share it.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        request: Request,
        guess: TaskGuess,
        *,
        model: str | Collection[str] | None = None,
        prefer: Key | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._model = model
        self._prefer = prefer
        self._request = request
        self._guess = guess
        self._made: list[Attempt] = []
        self._deadline_at = None if request.deadline is None else dispatcher.clock() + request.deadline

    def __repr__(self) -> str:
        return f"<Attempts at a {self._guess.task} request: {len(self._made)} made>"

    def __iter__(self) -> Iterator[Attempt]:
        return self

    def __next__(self) -> Attempt:
        if self._made:
            decision = self._again()
        else:
            decision = self._dispatcher.decide(self._request, self._guess, model=self._model, prefer=self._prefer)
        if decision is None:
            raise StopIteration
        attempt = Attempt(self._dispatcher, decision, self._deadline_at)
        self._made.append(attempt)
        return attempt

    def _again(self) -> Decision | None:
        """Return the next best decision; None where the last attempt did not fail, or nobody or no time is left."""
        made, dispatcher = self._made, self._dispatcher
        last = made[-1].outcome
        if last is None or not last.fate.is_failure or len(made) >= dispatcher.limits.attempts:
            return None
        if self._deadline_at is not None and dispatcher.clock() >= self._deadline_at:
            return None  # too late for anybody's answer
        return dispatcher.decide(
            self._request,
            self._guess,
            model=self._model,
            tried=[a.decision.key for a in made],
            avoided=[a.decision.host for a in made if a.outcome is not None and a.outcome.fate in HOST_FATES],
            attempt=len(made) + 1,
            request_id=made[0].decision.id,
        )

    @property
    def made(self) -> tuple[Attempt, ...]:
        """The attempts so far, in order."""
        return tuple(self._made)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The attempts that failed, in order."""
        return tuple(
            Failure(a.decision.model, a.decision.host, a.outcome.fate.value, a.outcome.error or "")
            for a in self._made
            if a.outcome is not None and a.outcome.fate.is_failure
        )

    def error(self) -> EveryAttemptFailed:
        """Return the error to raise when the loop ends without an answer."""
        return EveryAttemptFailed(self.failures)
