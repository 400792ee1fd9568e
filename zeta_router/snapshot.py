"""`Snapshot`: all that dashboards, the CLI and tests read of a router, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zeta_router.metrics import ModelMetrics
from zeta_router.model import ModelCard
from zeta_router.policies.base import Belief


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSnapshot:
    """One model on one host."""

    card: ModelCard
    host: str
    loaded: bool | None
    in_flight: int
    metrics: ModelMetrics | None
    """Of the model over all hosts; None before its first attempt."""
    belief: Belief | None
    """What the policy has learned of it; None where it keeps nothing."""

    @property
    def model(self) -> str:
        """Ollama tag."""
        return self.card.name


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """How a router's store is doing."""

    name: str
    """Where it is, without user and password."""
    trouble: str | None
    """What is wrong now, and what helps; None while it works."""
    waiting: int
    """Records that are not stored yet."""
    dropped: int
    """Records that were given up, because the store was away for too long."""
    stored: int
    """Records of this process that were stored."""
    folded: int
    """Entries of all processes that were learned from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A router at one moment. Changing the router afterwards does not change it."""

    at: float
    """Seconds since the epoch."""
    models: tuple[ModelSnapshot, ...]
    decisions: int
    """Decisions acted on so far."""
    in_flight: int
    shares: Mapping[str, Mapping[str, int]] = field(default_factory=dict, hash=False)
    """Task -> model -> decisions acted on."""
    troubles: tuple[str, ...] = ()
    """The router's own troubles, each said once."""
    store: StoreState | None = None
    """None where the router has no store."""
