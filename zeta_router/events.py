"""What a router tells its listeners, as it happens. All are frozen; none contains a prompt or an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zeta_router.decision import Decision
from zeta_router.outcome import Outcome


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """A model was picked; its attempt begins now."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class OutcomeSeen:
    """An attempt ended."""

    decision: Decision
    outcome: Outcome
    at: float


@dataclass(frozen=True, slots=True)
class FeedbackGiven:
    """Somebody said how good an answer was, in [0, 1]."""

    decision: Decision
    score: float
    source: str
    at: float
    weight: float = 1.0
    """Of the evidence, in (0, 1]: 1 is somebody's opinion, less a signal."""


@dataclass(frozen=True, slots=True)
class DriftFound:
    """A model has become slower than expected."""

    model: str
    host: str
    factor: float
    """Observed over expected time."""
    at: float

    def __str__(self) -> str:
        return f"{self.model} is {self.factor:.1f}x slower than expected; its traffic moves"


@dataclass(frozen=True, slots=True)
class DriftOver:
    """A model that was slower than expected has recovered."""

    model: str
    host: str
    factor: float
    """Observed over expected time, of the call that showed it."""
    at: float
    lasted: float
    """Seconds since `DriftFound`."""

    def __str__(self) -> str:
        return f"{self.model} is as fast as expected again, after {self.lasted:.0f} s; its traffic comes back"


@dataclass(frozen=True, slots=True)
class ModelJoined:
    """A model became part of the fleet."""

    model: str
    host: str
    at: float


@dataclass(frozen=True, slots=True)
class ModelLeft:
    """A model is no longer part of the fleet."""

    model: str
    host: str
    at: float


@dataclass(frozen=True, slots=True)
class TroubleSeen:
    """The router's own trouble, said once: what failed and what it does instead."""

    where: str
    what: str
    at: float


Event = DecisionMade | OutcomeSeen | FeedbackGiven | DriftFound | DriftOver | ModelJoined | ModelLeft | TroubleSeen
Listener = Callable[[Event], None]
