"""What the log is made of: five kinds of records, and the entry that each of them lies in."""

from __future__ import annotations

from typing import NamedTuple

from zeta_router.decision import Decision
from zeta_router.model import ModelCard
from zeta_router.outcome import Outcome

Position = tuple[int, int]
"""Where an entry lies in its log. Later entries have higher positions; nothing else may be read from it."""

START: Position = (0, 0)
"""Before the first entry."""


class AttemptBegan(NamedTuple):
    """A decision was acted on. A decision that nobody acts on leaves no record, so that one record tells both."""

    decision: Decision
    at: float
    """Seconds since the epoch, by the clock of the router that writes."""


class AttemptEnded(NamedTuple):
    """An attempt ended. Its decision lies in an earlier record of the same writer."""

    decision_id: str
    outcome: Outcome
    at: float


class Feedback(NamedTuple):
    """Somebody said how good an answer was. Carries its decision: the record of that may be gone by then."""

    decision: Decision
    score: float
    """In [0, 1], higher is better."""
    source: str
    at: float
    weight: float = 1.0
    """Of the evidence, in (0, 1]: 1 is somebody's opinion, less a signal."""


class Joined(NamedTuple):
    """A model became part of a router's fleet."""

    card: ModelCard
    host: str
    at: float


class Left(NamedTuple):
    """A model is no longer part of a router's fleet."""

    model: str
    host: str
    at: float


class Unreadable(NamedTuple):
    """What this program cannot read: damaged, absurd, or written by a newer one. It is passed over."""

    kind: str
    why: str
    at: float


Record = AttemptBegan | AttemptEnded | Feedback | Joined | Left | Unreadable


class Entry(NamedTuple):
    """One record as it lies in a log."""

    position: Position
    writer: str
    """Random name of the router in its process; a new process has a new one."""
    seq: int
    """Counts the records of one writer, from 1."""
    machine: str
    """Name of the writer's machine; empty where a log serves one machine only."""
    stored_at: float
    """When it was stored, seconds since the epoch: by the server's clock, or the writer's where there is no server."""
    sent_at: float
    """The same moment by the writer's clock: the difference is how wrong that is."""
    record: Record


class Line(NamedTuple):
    """One record as text, ready to be stored."""

    seq: int
    kind: str
    decision_id: str
    """The decision that the record is about; empty for none."""
    text: str
