"""What a model needs and where it goes: the fit rules of `ollama-wire.md` 4.4."""

from __future__ import annotations

from dataclasses import dataclass

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.options import AUTOMATIC, LoadOptions
from zeta_router.simulator.profiles import GIB, HostProfile

FIT_SHARE = 0.8  # of the free memory may be filled by prediction
# Memory that a batch of this size is thought to need, and the share of free memory above which it is made smaller.
_BATCHES = ((2 * GIB, 0.60), (3 * GIB // 4, 0.75))  # 2048 and 1024 tokens; 512 costs nothing

# Families that get one slot whatever the setting (4.10).
ONE_SLOT_FAMILIES = frozenset(
    {"mllama", "qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe", "qwen3next", "lfm2", "lfm2moe"}
    | {"nemotron_h", "nemotron_h_moe", "nemotron_h_omni"}
)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model's bytes lie."""

    size: int
    """Weights, cache and buffers."""
    size_vram: int
    """The part on the GPU; less than `size` is partial offload, 0 is CPU only."""

    @property
    def gpu_share(self) -> float:
        """Share of the model on the GPU, in [0, 1]."""
        return self.size_vram / self.size


class OutOfMemory(Exception):
    """The layers asked for do not fit the GPU."""


def slot_count(model: SimulatedModel, num_parallel: int) -> int:
    """Return how many requests a runner of this model serves at once (4.10)."""
    return 1 if model.embedding or model.family in ONE_SLOT_FAMILIES else num_parallel


def kv_bytes(model: SimulatedModel, num_ctx: int, slots: int) -> int:
    """Return the bytes of key and value cache: every slot has the full context."""
    return model.kv_bytes_per_token * num_ctx * slots


def fits(model: SimulatedModel, options: LoadOptions, slots: int, free: int) -> bool:
    """Whether the server thinks that a model fits beside those loaded; `free` in bytes."""
    if options.num_gpu != AUTOMATIC:
        return True  # the user decided: no check
    return predicted_need(model, options, slots, free) <= FIT_SHARE * free


def predicted_need(model: SimulatedModel, options: LoadOptions, slots: int, free: int) -> float:
    """Return the bytes the server predicts: file, cache, and the surcharge of the largest batch that goes in."""
    need = model.size_bytes + kv_bytes(model, options.num_ctx, slots)
    if model.embedding or options.num_batch is not None:
        return need
    tokens = options.num_ctx * slots
    first = 0 if tokens > 32768 else 1 if tokens > 4096 else 2
    for surcharge, most in _BATCHES[first:]:
        if need <= most * free and need + surcharge <= FIT_SHARE * free:
            return need + surcharge
    return need


def place(model: SimulatedModel, options: LoadOptions, slots: int, free: int, profile: HostProfile) -> Placement:
    """Return where a model goes when it is loaded now with `free` bytes of VRAM.

    Raises:
        OutOfMemory: An explicit num_gpu asks for more than there is.
    """
    size = model.size_bytes + kv_bytes(model, options.num_ctx, slots) + profile.runner_overhead_bytes
    if profile.cpu_only or options.num_gpu == 0:
        return Placement(size, 0)
    if options.num_gpu == AUTOMATIC:
        return Placement(size, min(size, max(free, 0)))
    on_gpu = size * min(options.num_gpu, model.layers + 1) // (model.layers + 1)  # + 1: the output layer
    if on_gpu > free:
        raise OutOfMemory(f"{model.name} asks for {on_gpu} bytes, {free} are free")
    return Placement(size, on_gpu)
