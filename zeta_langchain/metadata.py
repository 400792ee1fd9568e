"""What an answer says of who gave it and why: `response_metadata["zeta"]`."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage

from zeta_router.attempts import Attempt

KEY = "zeta"

Message = TypeVar("Message", bound=BaseMessage)


def stamp_of(attempts: Sequence[Attempt]) -> dict[str, Any]:
    """Return what is told of a call, as plain JSON values.

    Args:
        attempts: All attempts at the call, settled, in order; the last one answered.

    Returns:
        `decision_id`, `request_id`, `model`, `host`, `task`, `reason`, `explored`, `predicted_s` and `seconds` (of the
        attempt that answered; predicted is None where the policy predicts no times), `first_token_s`, and `attempts`:
        one entry with `model`, `host`, `fate`, `seconds` each.
    """
    last = attempts[-1]
    decision = last.decision
    entries = [_entry(attempt) for attempt in attempts]
    first = last.outcome.timings.first_token if last.outcome is not None else None
    predicted = decision.picked.seconds
    return {
        "decision_id": decision.id,
        "request_id": decision.request_id,
        "model": decision.model,
        "host": decision.host,
        "task": decision.task,
        "reason": decision.reason,
        "explored": decision.explored,
        "predicted_s": None if predicted is None else round(predicted, 6),
        "seconds": entries[-1]["seconds"],
        "first_token_s": None if first is None else round(first, 6),
        "attempts": entries,
    }


def stamped(message: Message, stamp: dict[str, Any]) -> Message:
    """Return a copy of a message with a stamp; the message itself may be in a cache or in a trace."""
    copied = copy(message)
    copied.response_metadata = {**message.response_metadata, KEY: stamp}
    return copied


def _entry(attempt: Attempt) -> dict[str, Any]:
    decision, outcome = attempt.decision, attempt.outcome
    seconds = outcome.timings.total if outcome is not None else None
    return {
        "model": decision.model,
        "host": decision.host,
        "fate": outcome.fate.value if outcome is not None else None,
        "seconds": None if seconds is None else round(seconds, 6),
    }
