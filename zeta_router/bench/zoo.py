"""The models of the bench: invented, with sizes of real ones. Qualities are the study's, or beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from zeta_router.model import ModelCard
from zeta_router.simulator.catalog import SimulatedModel, canonical, hex_digest

GB = 1e9
CODE, CHAT, REASONING, EXTRACT = TASKS = ("code", "chat", "reasoning", "extract")
CONTEXT = 32_768
"""Tokens: the longest prompt of the traces has 14,050."""


@dataclass(frozen=True, eq=False)
class BenchModel:
    """One model as it really is; a router is told its name and its size only."""

    name: str
    billions: float
    gigabytes: float
    quality: Mapping[str, float]
    """Task → expected quality in [0, 1] of a prompt of middling complexity, before the seed's own shift."""
    slope: float
    """Quality lost from the easiest prompt of a task to the hardest."""

    @cached_property
    def simulated(self) -> SimulatedModel:
        """The model as a simulated host knows it. Its cache needs next to no memory: the weights decide what fits."""
        return SimulatedModel(
            name=canonical(self.name),
            digest=hex_digest(f"manifest {self.name}"),
            blob=hex_digest(f"weights {self.name}"),
            size_bytes=round(self.gigabytes * GB),
            family="bench",
            families=("bench",),
            parameter_size=f"{self.billions:.1f}B",
            parameter_count=round(self.billions * 1e9),
            quantization="Q4_K_M",
            layers=1,
            heads=1,
            kv_heads=1,
            head_dim=1,
            embedding_length=1,
            context_length=CONTEXT,
        )

    def card(self, host: str) -> ModelCard:
        """Return what the router is told."""
        return ModelCard(
            name=self.name,
            host=host,
            context_length=CONTEXT,
            parameter_count=round(self.billions * 1e9),
            size_bytes=round(self.gigabytes * GB),
        )


def _model(
    name: str, billions: float, gigabytes: float, quality: tuple[float, float, float, float], slope: float
) -> BenchModel:
    return BenchModel(name, billions, gigabytes, MappingProxyType(dict(zip(TASKS, quality, strict=True))), slope)


CODER = _model("coder:7b", 7.6, 4.7, (0.85, 0.62, 0.50, 0.80), 0.22)
REASONER = _model("reason:14b", 14.7, 9.0, (0.80, 0.80, 0.85, 0.82), 0.12)
CHATTER = _model("chat:3b", 3.2, 2.0, (0.42, 0.72, 0.36, 0.48), 0.35)
NEWCOMER = _model("new-coder:8b", 8.2, 5.0, (0.93, 0.70, 0.60, 0.90), 0.15)

TWINS = tuple(_model(name, 8.0, 4.9, (0.60, 0.76, 0.55, 0.70), 0.20) for name in ("left:8b", "right:8b"))
THREE = (CODER, REASONER, CHATTER)
TWELVE = (
    *THREE,
    _model("tiny:1.2b", 1.2, 0.8, (0.20, 0.50, 0.22, 0.30), 0.40),
    _model("small-chat:1.7b", 1.7, 1.1, (0.25, 0.64, 0.28, 0.40), 0.38),
    _model("mini-coder:3b", 3.1, 1.9, (0.72, 0.48, 0.34, 0.70), 0.30),
    _model("general:4b", 4.0, 2.6, (0.55, 0.74, 0.52, 0.62), 0.28),
    _model("general:7b", 7.2, 4.4, (0.60, 0.68, 0.55, 0.70), 0.24),
    _model("mini-reason:7b", 7.6, 4.7, (0.62, 0.58, 0.78, 0.66), 0.18),
    _model("chat:8b", 8.0, 4.9, (0.58, 0.84, 0.55, 0.70), 0.20),
    _model("old:9b", 9.2, 5.4, (0.45, 0.60, 0.42, 0.50), 0.26),
    _model("general:13b", 13.0, 7.9, (0.70, 0.78, 0.66, 0.78), 0.16),
)
