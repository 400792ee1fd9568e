"""What is true of the simulated hosts now: true speeds, the work that is left, what a load would take."""

from __future__ import annotations

from typing import NamedTuple

from zeta_router.bench.world import World
from zeta_router.bench.zoo import GB
from zeta_router.decision import Candidate
from zeta_router.simulator import memory
from zeta_router.simulator.jobs import Job, JobState
from zeta_router.simulator.speeds import load_seconds


class HostNow(NamedTuple):
    """What one host has to do, in seconds as if each model ran alone."""

    left: dict[str, list[float]]
    """Model → seconds of each of its jobs, oldest first."""
    waiting_s: dict[str, float]
    """Model that is not in memory and that jobs wait for, in their order → seconds since the first of them came."""
    loaded: dict[str, int]
    """Model in memory → jobs that it has."""


class Known:
    """Looks into a world, and changes nothing there."""

    def __init__(self, world: World) -> None:
        self._world = world

    def rates(self, model: str, host: str) -> tuple[float, float]:
        """Return true seconds per token of a prompt and of an answer, alone."""
        world = self._world
        number, pace = world.hosts[host], world.slowdown(model, host) / world.scenario.speed
        known = world.models[model]
        per_prompt = known.billions / 12_600 * world.truth.prefill[(model, number)] * pace
        return per_prompt, known.gigabytes / 216 * world.truth.decode[(model, number)] * pace

    def host(self, host: str, now: float) -> HostNow:
        """Return what a host has to do."""
        left: dict[str, list[float]] = {}
        waiting_s: dict[str, float] = {}
        for job in self._world.jobs[host].values():
            name = job.work.model.name
            left.setdefault(name, []).append(self._left(job, host))
            if job.state is JobState.queued:
                waiting_s.setdefault(name, now - job.submitted_at)
        loaded = {line.model.name: line.running for line in self._world.engines[host].loaded()}
        return HostNow(left, waiting_s, loaded)

    def _left(self, job: Job, host: str) -> float:
        """Return the seconds that a job would still need if its model ran alone."""
        work, speed = job.work, self._world.scenario.speed
        pace = self._world.slowdown(work.model.name, host) / speed
        prefill = work.model.parameter_count / 12_600e9 * work.prefill_factor * pace
        decode = work.model.size_bytes / (216 * GB) * work.decode_factor * pace
        slot = job.slot
        if slot is None:
            return work.prompt_tokens * prefill + work.output_tokens * decode
        slot.settle()
        if slot.decoding:
            return (work.output_tokens - slot.position) * decode
        return (slot.milestone - slot.position) * prefill + work.output_tokens * decode

    def load(self, candidate: Candidate, state: HostNow) -> tuple[float, bool]:
        """Return the seconds until the model could run, and whether another one must go for it."""
        host, model = candidate.host, candidate.model
        if model in state.loaded:
            return 0.0, False
        engine, models = self._world.engines[host], self._world.models
        simulated = models[model].simulated
        own = load_seconds(engine.profile, simulated, cold=False) * engine.faults.slowdown(model)
        before = [name for name in state.waiting_s if name != model]
        queue = sum(load_seconds(engine.profile, models[name].simulated, cold=False) for name in before)
        if model in state.waiting_s:
            return max(own + queue - state.waiting_s[model], 0.2 * own), False
        if before:
            queue = max(queue - state.waiting_s[before[0]], 0.0)
        has_place = len(state.loaded) + len(before) < self._world.scenario.most_loaded
        if has_place and simulated.size_bytes <= memory.FIT_SHARE * engine.free_vram:
            return own + queue, False
        is_idle = not all(state.loaded.values())
        drain = 0.0 if is_idle or not state.loaded else min(sum(state.left.get(name, ())) for name in state.loaded)
        return own + queue + drain, True
