"""The durations that the server reports, in nanoseconds (`ollama-wire.md` section 3)."""

from __future__ import annotations

from zeta_router.simulator.jobs import Job
from zeta_router.simulator.machine import Machine
from zeta_router.simulator.slots import Slot

NS = 1e9
# A loaded model is handed over after parsing and checks: 1 to 10 ms were seen (3.1).
HAND_OVER_S = 0.001
LEAST_EVAL_S = 1e-6  # one token: no step, but never zero


def fill_in(job: Job, slot: Slot, machine: Machine) -> None:
    """Write the four durations of a job that just finished; the wait for a slot is in none but the total (3.2)."""
    if job.finished_at is None or job.loaded_at is None or job.slot_at is None:
        return
    first = job.finished_at if job.first_token_at is None else job.first_token_at
    overhead = machine.profile.request_overhead_s * slot.prefill_rate
    share = slot.work_tokens / (slot.work_tokens + overhead) if slot.work_tokens else 0.0
    hand_over = min(HAND_OVER_S, machine.profile.request_overhead_s / 2)
    skew = machine.faults.clock_skew
    job.total = _nanoseconds(job.finished_at - job.submitted_at, skew)
    job.load = _nanoseconds(job.loaded_at - job.submitted_at + hand_over, skew)
    job.prompt_eval = _nanoseconds((first - job.slot_at) * share, skew)
    if job.first_token_at is not None:
        job.eval = _nanoseconds(max(job.finished_at - first, LEAST_EVAL_S), skew)


def _nanoseconds(seconds: float, skew: float) -> int:
    return max(round((seconds + skew) * NS), 0) if seconds else 0
