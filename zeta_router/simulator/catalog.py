"""What a simulated host knows of a model: its size, its shape and its abilities."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

REGISTRY = "registry.ollama.ai/"
LIBRARY = "library/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedModel:
    """One model as installed on a simulated host. Build one with `tags.model_from_tag`, or field by field."""

    name: str
    """Short canonical form with tag, e.g. `qwen2.5-coder:7b` or `nomic-embed-text:latest`."""
    digest: str
    """Of the manifest, 64 hex digits, as tags and ps show it."""
    blob: str
    """Of the weights file, 64 hex digits. Names with the same blob share a runner; it also breaks ties (4.5)."""
    size_bytes: int
    """Of the weights on disk."""
    family: str
    families: tuple[str, ...]
    parameter_size: str
    """As shown, e.g. `7.6B`."""
    parameter_count: int
    quantization: str
    """E.g. `Q4_K_M`."""
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    embedding_length: int
    context_length: int
    """Trained, in tokens."""
    num_ctx: int | None = None
    """The Modelfile's value, None if it has none."""
    capabilities: tuple[str, ...] = ("completion",)
    active_share: float = 1.0
    """Share of the weights that one token uses, in (0, 1]: less than 1 for a mixture of experts."""
    rendered: bool = True
    """Whether Ollama makes the prompt itself (else the GGUF's own template does, `ollama-wire.md` preface)."""

    def __post_init__(self) -> None:
        if self.name != canonical(self.name):
            raise ValueError(f"{self.name!r} is not canonical, {canonical(self.name)!r} is")

    @property
    def embedding(self) -> bool:
        """Whether it makes vectors and no text."""
        return "embedding" in self.capabilities and "completion" not in self.capabilities

    @property
    def thinks(self) -> bool:
        """Whether it thinks unless told not to."""
        return "thinking" in self.capabilities

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of 16-bit key and value cache for one token of context (4.4)."""
        return 2 * self.layers * self.kv_heads * self.head_dim * 2

    def alias(self, name: str) -> SimulatedModel:
        """Return the same weights under another name."""
        name = canonical(name)
        return replace(self, name=name, digest=hex_digest(f"manifest {name}"))


def canonical(name: str) -> str:
    """Return the short form with tag: no default registry, no `library/`, `:latest` where no tag is given.

    Case is kept: it matters for display, not for lookup.
    """
    lowered = name.lower()
    for prefix in (REGISTRY, LIBRARY):
        if lowered.startswith(prefix):
            name = name[len(prefix) :]
            lowered = name.lower()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def hex_digest(text: str) -> str:
    """Return 64 hex digits that depend on `text` alone, so that a simulated host is the same every time."""
    return hashlib.sha256(text.encode()).hexdigest()
