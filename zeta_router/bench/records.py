"""What is kept of a run: one record per request, and what was counted beside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Record(NamedTuple):
    """How one request went."""

    number: int
    """Number of the request, from 0."""
    at: float
    """Seconds since the run's begin at which it came."""
    task: str
    """The true one."""
    model: str
    """Of the first attempt."""
    host: str
    explored: bool
    """The first attempt was made to learn."""
    attempts: int
    seconds: float
    """From its arrival to its end, all attempts included."""
    quality: float
    """Expected quality of the answer, 0 where there was none."""
    utility: float
    in_time: bool
    """Answered within the expected seconds."""


@dataclass
class Run:
    """One policy through one scenario with one seed. Simulated."""

    policy: str
    scenario: str
    seed: int
    load: float
    records: list[Record] = field(default_factory=list)
    """In order of arrival."""
    calls: int = 0
    """Attempts begun."""
    loads: int = 0
    """Models brought into memory."""
    explored: int = 0
    """Attempts made to learn."""
    choose_us: list[float] = field(default_factory=list, repr=False)
    """Microseconds of CPU that `Policy.choose` took, of one decision in sixteen."""
    troubles: tuple[str, ...] = ()
    """The router's own, which a run should not have."""
    wall_s: float = 0.0
