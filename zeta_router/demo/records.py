"""What a run of the demo leaves behind: one record per request, and what happened in between."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Phase(str, Enum):
    """Where in the story a request stands."""

    before = "before"
    """Everything is as fast as it should be."""
    slow = "slow"
    """The coder was made slower."""
    after = "after"
    """The coder has its speed back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One request and how it was answered. No text. Times in the clock of the server, simulated or not."""

    index: int
    phase: Phase
    task: str
    """As the router found it."""
    model: str
    """Ollama tag of the model that answered, or that was tried last."""
    began_at: float
    """Seconds since the run began."""
    seconds: float
    """By Ollama's own clocks, summed over the attempts; of an attempt without an answer what the router measured."""
    failed: bool = False
    explored: bool = False
    """The router tried a model to learn, not because it looked best."""
    suspected: bool = False
    """It went to a model that the router knew to be slower than expected at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that happened: done by the demo, or noticed by the router."""

    kind: str
    """By the demo `slowed`, `recovered`; by the router `drift_found`, `drift_over`, `moved` (with its reason)."""
    at: float
    """Seconds since the run began."""
    index: int
    """Number of the request that was next or under way, from 0."""
    model: str
    text: str
    """In words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One policy's way through the workload."""

    name: str
    """`zeta` or `static`."""
    records: tuple[Record, ...]
    notices: tuple[Notice, ...]
    wall_s: float
    """Seconds that it took to watch."""

    @property
    def recovered_at(self) -> float | None:
        """When the coder got its speed back, in seconds since the run began; None where nothing was injected."""
        return next((notice.at for notice in self.notices if notice.kind == "recovered"), None)
