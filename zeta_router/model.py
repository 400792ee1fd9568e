"""`ModelCard`: what is known of one model before it has answered anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from zeta_router.errors import ConfigError

EMBEDDER_NAMES = ("embed", "minilm", "bge-", "gte-", "arctic-embed")
"""Pieces of the tags of well-known embedding models, for fleets that are given by name only."""

_SIZE = re.compile(r"(?:^|[:\-_/])(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])(?=$|[:\-_.])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One model: what it can do and how large it is. Fields that are None are not known, and rule nothing out."""

    name: str
    """Ollama tag, e.g. `qwen3:8b`."""
    capabilities: frozenset[str] | None = None
    """Of completion, tools, vision, thinking, embedding, insert."""
    context_length: int | None = None
    """Tokens that prompt and answer may have together."""
    parameter_count: int | None = None
    """Parameters, e.g. 7_600_000_000."""
    quantization: str | None = None
    """As Ollama says it, e.g. `Q4_K_M`."""
    size_bytes: int | None = None
    """Bytes of the weights on disk."""
    digest: str | None = None
    """Of the manifest, 64 hex digits: two hosts with one digest have replicas of one model."""
    quality: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Prior quality per task, in [0, 1]; tasks left out take the built-in prior."""
    host: str | None = None
    """Where it is, e.g. `http://127.0.0.1:11434`; None: on every host of the router."""

    def __post_init__(self) -> None:
        """Refuse what could never be served.

        Raises:
            ConfigError: The name is empty or a number is out of range.
        """
        if not isinstance(self.name, str) or not self.name.strip():
            raise ConfigError(f"a model's name must be an Ollama tag like 'llama3.2:3b', got {self.name!r}")
        for label in ("context_length", "parameter_count", "size_bytes"):
            value = getattr(self, label)
            if value is not None and value <= 0:
                raise ConfigError(f"{label} of {self.name} must be above 0, got {value!r}; leave it out if not known")
        for task, quality in self.quality.items():
            if not 0 <= quality <= 1:
                raise ConfigError(f"quality of {self.name} on {task!r} must be in [0, 1], got {quality!r}")

    @classmethod
    def from_name(cls, name: str, *, host: str | None = None) -> ModelCard:
        """Return the card that a bare tag allows: the size from `:7b`, `embedding` from a known embedder's name."""
        card = cls(name=name, host=host, parameter_count=parameters_in(name))
        if any(piece in name.lower() for piece in EMBEDDER_NAMES):
            return cls(
                name=name, host=host, parameter_count=card.parameter_count, capabilities=frozenset({"embedding"})
            )
        return card

    def can(self, capability: str) -> bool:
        """Return whether the model has a capability, or might: what is not known rules nothing out.

        Only embedding is never assumed: a chat model that is asked for vectors is loaded first and refuses afterwards.
        """
        if self.capabilities is None:
            return capability != "embedding"
        return capability in self.capabilities

    @property
    def billions(self) -> float:
        """Parameters in billions: told, else from the size on disk, else as the tag says, else 7, the usual size."""
        if self.parameter_count is not None:
            return self.parameter_count / 1e9
        if self.size_bytes is not None:
            return self.size_bytes / BYTES_PER_PARAMETER / 1e9
        named = parameters_in(self.name)
        return named / 1e9 if named is not None else USUAL_BILLIONS

    @property
    def gigabytes(self) -> float:
        """Weights in GB (10^9 bytes): told, else parameters at the usual 4-bit quantisation."""
        if self.size_bytes is not None:
            return self.size_bytes / 1e9
        return self.billions * BYTES_PER_PARAMETER


USUAL_BILLIONS = 7.0
BYTES_PER_PARAMETER = 0.62
"""Q4_K_M, Ollama's usual quantisation: qwen2.5-coder:7b has 7.6e9 parameters in 4.7 GB."""


@lru_cache(maxsize=4096)  # asked many times for every decision
def parameters_in(name: str) -> int | None:
    """Return the parameters that a tag names (`8x7b`, `14b`, `335m`), or None where it names none."""
    found = _SIZE.search(name.lower())
    if found is None:
        return None
    experts, number, unit = found.groups()
    return int(float(number) * (1e9 if unit == "b" else 1e6) * int(experts or 1))


def canonical(name: str) -> str:
    """Return a tag as `/api/ps` writes it: with `:latest` where it has none, in lower case (matching ignores case)."""
    head, _, tail = name.rpartition("/")
    tagged = tail if ":" in tail else f"{tail}:latest"
    return (f"{head}/{tagged}" if head else tagged).lower()
