"""A small host with round speeds, and models to run on it."""

from __future__ import annotations

from typing import Any

from zeta_router.simulator.engine import Engine, Job, Work
from zeta_router.simulator.faults import Faults
from zeta_router.simulator.profiles import GIB, fixed_speed
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.tags import model_from_tag

SMALL = model_from_tag("llama3.2:1b")
CODER = model_from_tag("qwen2.5-coder:7b")
PHI = model_from_tag("phi4:14b")
THINKER = model_from_tag("deepseek-r1:14b")
EMBEDDER = model_from_tag("nomic-embed-text")
MODELS = (SMALL, CODER, PHI, THINKER, EMBEDDER)

# 50 tokens/s, 1000 prompt tokens/s, 1 GiB/s from disk: SMALL loads in 1.5 s, CODER in 4.5 s, on the 250 ms grain.
HOST = fixed_speed(decode_tokens_per_s=50, prefill_tokens_per_s=1000, load_bytes_per_s=GIB, gpu_total_bytes=24 * GIB)


def make_engine(*, faults: Faults | None = None, vram_wait: float = 0.25, **settings: Any) -> Engine:
    """Return a host with all models installed and none loaded; settings as in `ServerSettings`."""
    return Engine(
        MODELS,
        profile=HOST,
        settings=ServerSettings(**settings),
        faults=faults,
        vram_wait=lambda loaded_before: vram_wait,
    )


def load(engine: Engine, model: Any, **work: Any) -> Job:
    """Load a model, and return when it is loaded."""
    return engine.run(engine.submit(Work(model=model, kind="load", **work)))


def names(engine: Engine) -> set[str]:
    """Return the names of the loaded models."""
    return {line.model.name for line in engine.loaded()}
