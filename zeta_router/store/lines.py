"""Records as lines of JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from zeta_router.store.plain import (
    card_from,
    card_to,
    decision_from,
    decision_to,
    finite,
    outcome_from,
    outcome_to,
)
from zeta_router.store.records import (
    AttemptBegan,
    AttemptEnded,
    Feedback,
    Joined,
    Left,
    Line,
    Record,
    Unreadable,
)

VERSION = 1
"""Of the lines. A line of a higher version is passed over, and said so."""


def encode(record: Record, seq: int) -> Line:
    """Return a record as a line.

    Raises:
        ValueError: A number is not finite.
        TypeError: Something in it is no plain data.
    """
    kind, decision_id, body = _ENCODERS[type(record)](record)
    body = {"v": VERSION, "kind": kind, "at": record.at} | body
    return Line(seq, kind, decision_id, _ENCODER.encode(body))


def decode(text: str) -> Record:
    """Return the record of a line; `Unreadable` where it is damaged, absurd or too new. Never raises."""
    kind, at = "", 0.0
    try:
        body = _DECODER.decode(text)
        kind = str(body["kind"])[:40]
        at = finite(body["at"])
        if body["v"] > VERSION or kind not in _DECODERS:
            return Unreadable(kind, "it was written by a newer Zeta: upgrade this one", at)
        return _DECODERS[kind](body, at)
    except RecursionError:
        return Unreadable(kind, "it is nested too deeply", at)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        # the type only: what stands in a damaged line is nobody's business
        return Unreadable(kind, f"it is damaged or absurd ({type(error).__name__})", at)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no measurement")


# made once: `json.dumps` and `json.loads` would make new ones for every line
_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _began_to(record: AttemptBegan) -> tuple[str, str, dict[str, Any]]:
    return "began", record.decision.id, {"decision": decision_to(record.decision)}


def _began_from(body: Mapping[str, Any], at: float) -> AttemptBegan:
    return AttemptBegan(decision_from(body["decision"]), at)


def _ended_to(record: AttemptEnded) -> tuple[str, str, dict[str, Any]]:
    return "ended", record.decision_id, {"id": record.decision_id, "outcome": outcome_to(record.outcome)}


def _ended_from(body: Mapping[str, Any], at: float) -> AttemptEnded:
    return AttemptEnded(str(body["id"]), outcome_from(body["outcome"]), at)


def _feedback_to(record: Feedback) -> tuple[str, str, dict[str, Any]]:
    body = {"decision": decision_to(record.decision), "score": record.score, "source": record.source}
    if record.weight != 1.0:
        body["weight"] = record.weight
    return "feedback", record.decision.id, body


def _feedback_from(body: Mapping[str, Any], at: float) -> Feedback:
    score = finite(body["score"])
    if not 0 <= score <= 1:
        raise ValueError("a score is outside of [0, 1]")
    weight = finite(body.get("weight", 1.0))
    if not 0 < weight <= 1:
        raise ValueError("a weight is outside of (0, 1]")
    return Feedback(decision_from(body["decision"]), score, str(body["source"]), at, weight)


def _joined_to(record: Joined) -> tuple[str, str, dict[str, Any]]:
    return "joined", "", {"card": card_to(record.card), "host": record.host}


def _joined_from(body: Mapping[str, Any], at: float) -> Joined:
    return Joined(card_from(body["card"]), str(body["host"]), at)


def _left_to(record: Left) -> tuple[str, str, dict[str, Any]]:
    return "left", "", {"model": record.model, "host": record.host}


def _left_from(body: Mapping[str, Any], at: float) -> Left:
    return Left(str(body["model"]), str(body["host"]), at)


_ENCODERS: dict[type, Callable[[Any], tuple[str, str, dict[str, Any]]]] = {
    AttemptBegan: _began_to,
    AttemptEnded: _ended_to,
    Feedback: _feedback_to,
    Joined: _joined_to,
    Left: _left_to,
}
_DECODERS: dict[str, Callable[[Mapping[str, Any], float], Record]] = {
    "began": _began_from,
    "ended": _ended_from,
    "feedback": _feedback_from,
    "joined": _joined_from,
    "left": _left_from,
}
