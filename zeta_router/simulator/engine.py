"""One simulated Ollama host in virtual time: submit work, advance the clock, be told what happens."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.faults import Faults
from zeta_router.simulator.jobs import Job, JobError, JobEvent, JobState, Listener, Work
from zeta_router.simulator.library import ModelLibrary
from zeta_router.simulator.machine import Machine
from zeta_router.simulator.profiles import DEFAULT_PROFILE, HostProfile
from zeta_router.simulator.scheduler import Scheduler
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.timeline import ARRIVAL, Timeline

__all__ = ["Engine", "Job", "JobError", "JobEvent", "JobState", "LoadedModel", "ModelLibrary", "Work"]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A line of `/api/ps` (1.8)."""

    model: SimulatedModel
    """Under the name that loaded it."""
    size: int
    """Bytes the runner allocated."""
    size_vram: int
    """Those on the GPU; fewer than `size` means partial offload."""
    expires_at: float
    """Engine seconds; infinity is for ever, and it may lie in the past (1.8)."""
    context_length: int
    """In force, per slot."""
    running: int
    """Requests that run or wait for a slot."""


class Engine:
    """One host. Single-threaded; listeners run inside the call that caused the event, and may call the engine.

    A server in real time calls `advance(clock())` before anything else it asks, and sleeps until `next_event_at()`.

    Args:
        models: Installed at the start.
        profile: The machine.
        settings: The server's environment.
        faults: What is wrong with it; change it at any time.
        now: Where virtual time starts, in seconds.
        timeline: Given to several hosts, it makes them live in one time: advancing one advances all.
        rng: Only decides how long unloads beside other models wait for VRAM.
        vram_wait: Replaces that draw: number of loaded models before an unload -> seconds to wait.
    """

    def __init__(
        self,
        models: Iterable[SimulatedModel],
        *,
        profile: HostProfile = DEFAULT_PROFILE,
        settings: ServerSettings | None = None,
        faults: Faults | None = None,
        now: float = 0.0,
        timeline: Timeline | None = None,
        rng: Random | None = None,
        vram_wait: Callable[[int], float] | None = None,
    ) -> None:
        self.models = ModelLibrary(models)
        self.profile = profile
        self.settings = settings if settings is not None else ServerSettings()
        self.faults = faults if faults is not None else Faults()
        self._timeline = timeline if timeline is not None else Timeline(now)
        self._machine = Machine(profile, self.settings, self.faults, rng or Random(0), self._timeline)
        self._scheduler = Scheduler(self._machine, vram_wait=vram_wait)
        self._submitted = 0
        self.faults.subscribe(self._scheduler.repace)

    @property
    def now(self) -> float:
        """Seconds of virtual time."""
        return self._timeline.now

    def submit(self, work: Work, *, listener: Listener | None = None) -> Job:
        """Take a request at `now` and return its handle, which may be final already (503)."""
        self._submitted += 1
        job = Job(self._submitted, work, self.now, listener)
        self._scheduler.submit(job)
        self._timeline.deliver()
        return job

    def cancel(self, job: Job) -> None:
        """The job's client is gone (2.5). No event follows; a job that has ended is left alone."""
        self._scheduler.cancel(job)
        self._timeline.deliver()

    def unload(self, model: SimulatedModel) -> None:
        """Let a model go when it is idle, as keep_alive 0 with an empty prompt does; returns at once."""
        self._scheduler.unload(model.blob)
        self._timeline.deliver()

    def crash(self, model: SimulatedModel) -> None:
        """Kill the model's runner now, if it is loaded; it stays listed until somebody notices (1.8)."""
        runner = self._scheduler.loaded.get(model.blob)
        if runner is not None:
            runner.crash()
            self._timeline.deliver()

    def watch_token(self, job: Job, k: int) -> None:
        """Ask for `JobEvent.token` when token `k` of the answer is made; any number may be watched.

        Raises:
            ValueError: `k` is made already, or will never be.
        """
        if not job.tokens_made < k <= job.work.output_tokens:
            raise ValueError(f"token {k} of {job!r} cannot be watched: it has {job.tokens_made}")
        insort(job.watched, k)
        if job.slot is not None and job.runner is not None and job.watched[0] == k:
            job.runner.watch(job.slot)

    def call_at(self, when: float, callback: Callable[[], None]) -> None:
        """Run `callback` at that time, after everything else of the same instant: an arrival, say."""
        self._timeline.at(when, ARRIVAL, lambda _: callback())

    def next_event_at(self) -> float | None:
        """Return when something will happen if nothing is submitted before, None if nothing will."""
        return self._timeline.next_at()

    def advance(self, until: float) -> None:
        """Let everything happen that is due by `until`; then `now` is `until`.

        Raises:
            ValueError: `until` is past.
        """
        self._timeline.advance(until)

    def run(self, job: Job) -> Job:
        """Advance until the job has ended, and return it.

        Raises:
            RuntimeError: It never will: something is stalled, or a load waits for a model kept for ever.
        """
        while not job.done:
            if not self._timeline.step():
                raise RuntimeError(f"{job!r} will never end")
        return job

    def run_until_idle(self) -> None:
        """Advance until nothing more will happen, expiries included."""
        self.advance(math.inf)

    def loaded(self) -> tuple[LoadedModel, ...]:
        """Return what `/api/ps` shows, latest expiry first (1.8)."""
        lines = [
            LoadedModel(
                runner.model,
                runner.placement.size,
                runner.placement.size_vram,
                self.now + runner.keep_alive if runner.expires_at is None else runner.expires_at,
                runner.options.num_ctx,
                runner.running,
            )
            for runner in self._scheduler.loaded.values()
        ]
        return tuple(sorted(lines, key=lambda line: -line.expires_at))

    def cached_tokens(self, work: Work) -> int:
        """Return how many tokens of a prompt its model has in its caches; 0 where that is not loaded."""
        runner = self._scheduler.loaded.get(work.model.blob)
        return runner.cached_tokens(work) if runner is not None else 0

    def context_of(self, work: Work) -> int:
        """Return the context that a request gets: its own, else the Modelfile's, the server's or the card's (1.5)."""
        return self._scheduler.options_of(work).num_ctx

    @property
    def free_vram(self) -> int:
        """Bytes that no model holds, loading ones included; on a host without GPU, of its memory."""
        return self._scheduler.loader.free_vram()

    def __repr__(self) -> str:
        return f"<Engine {self.profile.name} at {self.now:.3f} s, {len(self._scheduler.loaded)} loaded>"
