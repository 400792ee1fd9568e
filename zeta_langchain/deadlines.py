"""Ends a child's call when its answer has become worth nothing.

LangChain has no argument for it. So the attempt that runs is noted in a context variable, where the HTTP client of a
child that Zeta built finds it; and the probe, which sees every token of any child, ends a call that goes on too long.
"""

from __future__ import annotations

from contextvars import ContextVar

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
        decision = attempt.decision
        raise ServerTimeout(
            f"{decision.model} did not finish before the deadline", host=decision.host, model=decision.model
        )
