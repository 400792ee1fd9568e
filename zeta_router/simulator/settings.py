"""The server's environment variables that change scheduling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What OLLAMA_* variables set at start (`ollama-wire.md` section 4); defaults are Ollama's."""

    num_parallel: int = 1
    """Slots per model."""
    max_loaded_models: int = 0
    """0 is three per GPU, or three on a CPU."""
    max_queue: int = 512
    """Loads that may wait; the one in work is not counted."""
    keep_alive: float = 300.0
    """Seconds; infinity keeps for ever, 0 unloads when idle."""
    load_timeout: float = 300.0
    """Seconds of silence allowed while loading; infinity is none."""
    context_length: int = 0
    """0 follows the card's memory; any other value counts as explicit."""
    gpu_overhead: int = 0
    """Bytes kept free on the GPU."""
    host_prompt_cache: int = 8 * 2**30
    """Bytes of host memory for prompts pushed out of their slot; 0 forgets them."""

    def __post_init__(self) -> None:
        if self.num_parallel < 1:
            raise ValueError(f"num_parallel must be at least 1, got {self.num_parallel}")
        for name in ("max_loaded_models", "max_queue", "keep_alive", "context_length", "gpu_overhead"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
