"""Machines: how much memory a simulated host has and how fast it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

GIB = 2**30
MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class HostProfile:
    """One machine. Rates are of one request running alone on a model that lies on the GPU whole."""

    name: str
    gpu_total_bytes: int
    """VRAM, or the part of unified memory that the GPU may use; of a CPU-only host, its memory."""
    gpu_reserved_bytes: int = 200 * MIB
    """Never free for models: driver, desktop."""
    discrete: bool = True
    """A card with memory of its own: unloading waits for it to be freed (4.9)."""
    cpu_only: bool = False
    decode_bytes_per_s: float
    """Weights and cache read per second of decoding: a step reads all of them once."""
    decode_overhead_s: float = 0.0
    """Seconds per step on top of reading."""
    prefill_parameters_per_s: float
    """Parameters times prompt tokens per second: 16e12 is 2000 tokens/s for an 8B model."""
    cpu_decode_bytes_per_s: float = 30e9
    """The same for the part of a model that does not fit the GPU."""
    cpu_prefill_parameters_per_s: float = 0.5e12
    load_bytes_per_s: float
    """Of a file in the page cache."""
    cold_load_bytes_per_s: float | None = None
    """Of a file that was not loaded before; None is the same."""
    startup_s: float = 0.5
    """From starting the runner until it reads weights."""
    discovery_s: float = 0.3
    """Asking for the GPUs when nothing is loaded (4.8)."""
    runner_overhead_bytes: int = 200 * MIB
    """Work buffers of a runner, beside weights and cache."""
    request_overhead_s: float = 0.003
    """Template, tokenising and sampling set-up, between slot and prefill; in no field but the total."""
    slot_cost: float = 0.35
    """How much each further active slot lengthens a step: 0 is free, 1 halves the speed of two."""
    prefill_cost: float = 1.0
    """How much each further slot in prefill lengthens the others' prefill, likewise."""
    prefill_batch: int = 512
    """Prompt tokens per step: a slot that decodes makes one token per step while another prefills; 0 is no delay."""
    model_cost: float = 1.0
    """How much each further active model lengthens a step of the others, likewise."""
    fixed_decode_tokens_per_s: float | None = None
    """Given, it replaces all of the above for decoding, whatever the model."""
    fixed_prefill_tokens_per_s: float | None = None


def fixed_speed(
    name: str = "fixed",
    *,
    decode_tokens_per_s: float,
    prefill_tokens_per_s: float,
    load_bytes_per_s: float,
    gpu_total_bytes: int = 24 * GIB,
) -> HostProfile:
    """Return a host whose speeds are given: every model alike, slots and models not slowing each other."""
    return HostProfile(
        name=name,
        gpu_total_bytes=gpu_total_bytes,
        decode_bytes_per_s=1.0,
        prefill_parameters_per_s=1.0,
        load_bytes_per_s=load_bytes_per_s,
        startup_s=0.0,
        request_overhead_s=0.002,
        slot_cost=0.0,
        prefill_cost=0.0,
        prefill_batch=0,
        model_cost=0.0,
        fixed_decode_tokens_per_s=decode_tokens_per_s,
        fixed_prefill_tokens_per_s=prefill_tokens_per_s,
    )


RTX_4070 = HostProfile(
    name="rtx-4070",
    gpu_total_bytes=12282 * MIB,
    gpu_reserved_bytes=300 * MIB,
    decode_bytes_per_s=430e9,
    prefill_parameters_per_s=38e12,
    load_bytes_per_s=4e9,
)
RTX_4090 = HostProfile(
    name="rtx-4090",
    gpu_total_bytes=24564 * MIB,
    decode_bytes_per_s=750e9,
    prefill_parameters_per_s=50e12,
    load_bytes_per_s=4e9,
)
CPU = HostProfile(
    name="cpu",
    gpu_total_bytes=32 * GIB,
    discrete=False,
    cpu_only=True,
    decode_bytes_per_s=30e9,
    prefill_parameters_per_s=0.2e12,
    load_bytes_per_s=1e9,
)
MAC_MINI = HostProfile(
    name="mac-mini",
    gpu_total_bytes=48 * GIB,
    discrete=False,
    decode_bytes_per_s=200e9,
    prefill_parameters_per_s=2e12,
    load_bytes_per_s=2e9,
)

PROFILES: Mapping[str, HostProfile] = MappingProxyType(
    {profile.name: profile for profile in (RTX_4090, RTX_4070, CPU, MAC_MINI)}
)
DEFAULT_PROFILE = RTX_4090
