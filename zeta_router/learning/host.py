"""`Host`: what is learned of one server, whatever the model."""

from __future__ import annotations

from dataclasses import dataclass, field

from zeta_router.learning.memory import Memory
from zeta_router.learning.overlap import Overlap
from zeta_router.learning.slots import Slots


@dataclass(slots=True)
class Host:
    """How fast it is against the priors, what runs side by side on it, and what it holds in memory."""

    offset: float = 0.0
    """log of how much slower its models are than their priors say: hosts differ, the models of one host alike."""
    overlap: Overlap = field(default_factory=Overlap)
    slots: Slots = field(default_factory=Slots)
    memory: Memory = field(default_factory=Memory)
