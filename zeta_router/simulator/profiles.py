"""Machines: how much memory a simulated host has and how fast it is.

The named ones are fitted to recorded runs of real machines, named by their table; what they do is simulated.
"""

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
    """How much each further active slot lengthens a step: 0 is free, 1 halves the speed of two. An assumption."""
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


# Fitted by `benchmarks/simulator_fit.py --all` on 89 runs of data/timings/ollama_rtx4070_tasks.csv; 1.7 GiB are the
# desktop's there (runs that failed to load show up to 1975 MB in use). Cold loads were not recorded: 1.5 GB/s is a
# plain NVMe disk.
RTX_4070 = HostProfile(
    name="rtx-4070",
    gpu_total_bytes=12282 * MIB,
    gpu_reserved_bytes=1723 * MIB,
    decode_bytes_per_s=480e9,
    decode_overhead_s=1.14e-3,
    prefill_parameters_per_s=34.5e12,
    cpu_decode_bytes_per_s=18.5e9,
    cpu_prefill_parameters_per_s=4.22e12,
    load_bytes_per_s=4.8e9,
    cold_load_bytes_per_s=1.5e9,
    startup_s=0.93,
)
# Decoding: data/timings/ollama_eval_rate_by_system.csv has 92.5 and 83.3 tokens/s for a 14B file of 8.99 GB, and 216 to
# 335 (median 236) for a 3B one of 2.02 GB; llamacpp_llama3_speeds.csv has 127.7 for an 8B one of 4.92 GB at 1024
# tokens. Two unknowns: 6.97 GB more take 11.4 - 4.2 = 7.2 ms, hence 968 GB/s (its data sheet says 1008) and 2.1 ms; 8B
# comes out at 139. Prefill: 8.03e9 parameters at 6899 and 5266 tokens/s for 1024 and 4096 tokens. Loads and spilling:
# as the 4070.
RTX_4090 = HostProfile(
    name="rtx-4090",
    gpu_total_bytes=24564 * MIB,
    decode_bytes_per_s=968e9,
    decode_overhead_s=2.1e-3,
    prefill_parameters_per_s=50e12,
    cpu_decode_bytes_per_s=18.5e9,
    cpu_prefill_parameters_per_s=4.22e12,
    load_bytes_per_s=4.8e9,
    cold_load_bytes_per_s=1.5e9,
    startup_s=0.93,
)
# The 8-core box with 32 GB of data/timings/ollama_verbose_runs.csv (aws-t2-xlarge). Decoding: 5.65 to 5.88 tokens/s for
# 4.68 GB, 6.9 to 7.4 for 3.34 GB: 23 to 27 GB/s. Prefill: 18 to 28 tokens at 18 to 23 tokens/s for 7.6e9 parameters.
# Loads: the first run of a model took 35.0 s for 4.68 GB and 24.4 s for 3.34 GB, hence 0.13 GB/s; 1.12 GB already in
# memory took 1.6 s.
CPU = HostProfile(
    name="cpu",
    gpu_total_bytes=32 * GIB,
    gpu_reserved_bytes=2 * GIB,
    discrete=False,
    cpu_only=True,
    decode_bytes_per_s=26e9,
    prefill_parameters_per_s=0.16e12,
    load_bytes_per_s=1e9,
    cold_load_bytes_per_s=0.13e9,
    slot_cost=0.8,  # an assumption: on a CPU, batches save little, for the arithmetic itself is the limit
)
# The Mac mini with 20 GPU cores and 64 GB of data/timings/ollama_verbose_runs.csv, three quarters of its memory open to
# the GPU. Decoding: 43.4 tokens/s for 4.68 GB, 132 for 1.12 GB: 3.57 GB more take 15.5 ms, hence 230 GB/s and 2.7 ms.
# Prefill: its own prompts are too short to tell (28 tokens at 270 tokens/s, 2.05e12); llamacpp_llama3_speeds.csv has
# 2.85e12 for 32 cores of an M1 Max. Loads: 0.67 s for 4.68 GB in memory; 8.7 s for 3.34 GB that were not.
MAC_MINI = HostProfile(
    name="mac-mini",
    gpu_total_bytes=48 * GIB,
    gpu_reserved_bytes=GIB,
    discrete=False,
    decode_bytes_per_s=230e9,
    decode_overhead_s=2.7e-3,
    prefill_parameters_per_s=2.4e12,
    cpu_decode_bytes_per_s=100e9,  # the same memory, read by the CPU cores: an assumption
    load_bytes_per_s=14e9,
    cold_load_bytes_per_s=0.4e9,
    startup_s=0.3,
)

PROFILES: Mapping[str, HostProfile] = MappingProxyType(
    {profile.name: profile for profile in (RTX_4090, RTX_4070, CPU, MAC_MINI)}
)
DEFAULT_PROFILE = RTX_4090
