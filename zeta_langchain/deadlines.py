"""Ends a child's call when its answer has become worth nothing.

LangChain has no argument for it. So the attempt that runs is noted in a context variable, where the HTTP client of a
child that Zeta built finds it; the probe, which sees every token of any child, ends a call that goes on too long; and
an alarm ends what is awaited. Only a blocking call of a user's own child can be silent beyond its deadline.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from types import TracebackType

from zeta_router.attempts import Attempt
from zeta_router.errors import ServerTimeout

TOO_LATE = 0.001
"""What `Attempt.deadline_left` says when nothing is left."""

running: ContextVar[Attempt | None] = ContextVar("zeta_running_attempt", default=None)
"""The attempt that runs in this context."""


def seconds_left() -> float | None:
    """Return how long the attempt that runs here may take, in seconds; None for any time."""
    attempt = running.get()
    return None if attempt is None else attempt.deadline_left


def check(attempt: Attempt) -> None:
    """Raise if an attempt has run past its deadline.

    Raises:
        ServerTimeout: It has.
    """
    left = attempt.deadline_left
    if left is not None and left <= TOO_LATE:
        raise too_late(attempt)


def too_late(attempt: Attempt) -> ServerTimeout:
    """Return the error of an attempt that ran past its deadline."""
    decision = attempt.decision
    return ServerTimeout(
        f"{decision.model} did not finish before the deadline", host=decision.host, model=decision.model
    )


def alarm(attempt: Attempt) -> AbstractContextManager[object]:
    """Return a context that ends what is awaited inside when an attempt's deadline is over, with `ServerTimeout`."""
    left = attempt.deadline_left
    return nullcontext() if left is None else Alarm(attempt, left)


class Alarm:
    """What `asyncio.timeout` is from Python 3.11 on: cancels the task, and takes the cancellation back."""

    def __init__(self, attempt: Attempt, seconds: float) -> None:
        self._attempt = attempt
        self._seconds = seconds
        self._rang = False

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._ring)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if not self._rang:
            return
        uncancel = getattr(self._task, "uncancel", None)
        others = uncancel() if uncancel is not None else 0  # whoever else wants the task to end comes first
        if isinstance(error, asyncio.CancelledError) and not others:
            raise too_late(self._attempt) from None

    def _ring(self) -> None:
        self._rang = True
        if self._task is not None:
            self._task.cancel()
