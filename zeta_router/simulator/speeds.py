"""How fast a model runs on a host: from bytes to read and numbers to multiply to tokens per second."""

from __future__ import annotations

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.profiles import HostProfile


def decode_rate(profile: HostProfile, model: SimulatedModel, gpu_share: float, context_tokens: float) -> float:
    """Return tokens/s of one request alone.

    A step reads the weights it uses and the cache of all tokens so far once, what is not on the GPU at the CPU's speed.

    Args:
        profile: The machine.
        model: The model.
        gpu_share: Share of the model on the GPU, in [0, 1].
        context_tokens: Tokens in the cache, on average over the answer.
    """
    if profile.fixed_decode_tokens_per_s is not None:
        return profile.fixed_decode_tokens_per_s
    read = model.size_bytes * model.active_share + model.kv_bytes_per_token * context_tokens
    gpu_share = 1.0 if profile.cpu_only else gpu_share
    seconds = read * gpu_share / profile.decode_bytes_per_s
    seconds += read * (1 - gpu_share) / profile.cpu_decode_bytes_per_s
    return 1 / (seconds + profile.decode_overhead_s)


def prefill_rate(profile: HostProfile, model: SimulatedModel, gpu_share: float) -> float:
    """Return prompt tokens/s of one request alone; bounded by arithmetic, not by reading."""
    if profile.fixed_prefill_tokens_per_s is not None:
        return profile.fixed_prefill_tokens_per_s
    gpu_share = 1.0 if profile.cpu_only else gpu_share
    per_parameter = gpu_share / profile.prefill_parameters_per_s
    per_parameter += (1 - gpu_share) / profile.cpu_prefill_parameters_per_s
    return 1 / (per_parameter * model.parameter_count * model.active_share)


def load_seconds(profile: HostProfile, model: SimulatedModel, *, cold: bool) -> float:
    """Return seconds from starting a runner until it is ready, alone on the disk."""
    rate = profile.load_bytes_per_s
    if cold and profile.cold_load_bytes_per_s is not None:
        rate = min(rate, profile.cold_load_bytes_per_s)
    return profile.startup_s + model.size_bytes / rate
