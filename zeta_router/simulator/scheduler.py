"""Ollama's scheduler: who uses which runner, when (`ollama-wire.md` section 4)."""

from __future__ import annotations

from collections.abc import Callable

from zeta_router.simulator import errors
from zeta_router.simulator.janitor import Janitor
from zeta_router.simulator.jobs import FINAL, Job, JobError, JobEvent, JobState, Work
from zeta_router.simulator.loader import Loader
from zeta_router.simulator.machine import Machine
from zeta_router.simulator.options import LoadOptions, load_options
from zeta_router.simulator.runner import Runner

MOST_OPTIONS = 1000  # kept: a client that sends ever new ones must not fill the memory


class Scheduler:
    """Requests for a loaded model use it now, past the queue; all others wait for a load."""

    def __init__(self, machine: Machine, *, vram_wait: Callable[[int], float] | None = None) -> None:
        self.loaded: dict[str, Runner] = {}
        """By blob: two names for the same weights share a runner."""
        self._machine = machine
        self.loader = Loader(
            machine,
            self.loaded,
            options_of=lambda job: self.options_of(job.work),
            use=self._use,
            fail=self._fail,
            ended=lambda runner: self._janitor.finished(runner),
            expire=lambda runner: self._janitor.expire(runner),
        )
        self._janitor = Janitor(machine, self.loaded, unloaded=self.loader.unloaded, vram_wait=vram_wait)
        self._options: dict[tuple[object, ...], LoadOptions] = {}

    def options_of(self, work: Work) -> LoadOptions:
        """Return what a request wants its model loaded with."""
        key = (work.model.name, work.model.num_ctx, work.num_ctx, work.load_options, work.shift)
        options = self._options.get(key)
        if options is None:
            if len(self._options) >= MOST_OPTIONS:
                self._options.clear()
            options = self._options[key] = load_options(work, self._machine.profile, self._machine.settings)
        return options

    def submit(self, job: Job) -> None:
        """Take a request (4.2)."""
        runner = self.loaded.get(job.work.model.blob)
        if runner is not None and runner.alive and runner.options.serves(self.options_of(job.work)):
            self._use(runner, job)
        elif not self.loader.submit(job):
            self._fail(job, errors.BUSY)

    def cancel(self, job: Job) -> None:
        """The client is gone (2.5)."""
        if job.state in FINAL:
            return
        runner = job.runner
        queued = job.state is JobState.queued
        job.state = JobState.cancelled
        job.finished_at = self._machine.now
        if queued:
            self.loader.leave(job)
        elif runner is not None:
            runner.leave(job)

    def unload(self, blob: str) -> None:
        """Let a model go when it is idle; it keeps serving until then (1.3)."""
        runner = self.loaded.get(blob)
        if runner is not None:
            self._machine.timeline.cancel(runner.timer)
            runner.timer = None
            runner.expires_at = self._machine.now
            runner.keep_alive = 0.0
            if not runner.running:
                self._janitor.expire(runner)

    def repace(self) -> None:
        """Faults have changed the speed of the host."""
        self._machine.repace()
        self.loader.repace()

    def _use(self, runner: Runner, job: Job) -> None:
        """Hand a runner to a request; the last given keep_alive counts (1.6)."""
        machine = self._machine
        runner.running += 1
        machine.timeline.cancel(runner.timer)
        runner.timer = None
        if job.work.keep_alive is not None:
            runner.keep_alive = job.work.keep_alive
        job.loaded_at = machine.now
        machine.tell(job, JobEvent.loaded)
        if job.work.kind == "load":
            job.state = JobState.finished
            job.finished_at = machine.now
            machine.tell(job, JobEvent.finished)
            self._janitor.finished(runner)
        else:
            runner.enqueue(job)

    def _fail(self, job: Job, error: JobError) -> None:
        job.state = JobState.failed
        job.finished_at = self._machine.now
        job.error = error
        self._machine.tell(job, JobEvent.failed)
