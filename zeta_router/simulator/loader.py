"""The pending loop: loads, strictly one at a time, first come first served (`ollama-wire.md` 4.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from zeta_router.simulator import errors, memory
from zeta_router.simulator.jobs import Job, JobError, JobState
from zeta_router.simulator.loading import Loading
from zeta_router.simulator.machine import Machine
from zeta_router.simulator.options import LoadOptions, lower_context
from zeta_router.simulator.runner import Runner
from zeta_router.simulator.timeline import PENDING
from zeta_router.simulator.victims import pick_victim

MODELS_PER_GPU = 3


class _Phase(Enum):
    idle = "idle"
    deciding = "deciding"
    asking = "asking for the GPUs"
    loading = "loading"
    evicting = "waiting for an unload"


@dataclass(slots=True)
class _Head:
    """The request that the loop works on."""

    job: Job
    options: LoadOptions
    """What to load it with; the context is lowered after running out of memory."""
    alone: bool = False
    """It ran out of memory beside other models: all of them go, and this is its last try."""


class Loader:
    """Works on one request, the head; the others wait in line. It does nothing else while it waits or loads."""

    def __init__(
        self,
        machine: Machine,
        loaded: dict[str, Runner],
        *,
        options_of: Callable[[Job], LoadOptions],
        use: Callable[[Runner, Job], None],
        fail: Callable[[Job, JobError], None],
        ended: Callable[[Runner], None],
        expire: Callable[[Runner], None],
    ) -> None:
        self._machine = machine
        self._loaded = loaded
        self._options_of = options_of
        self._use = use
        self._fail = fail
        self._ended = ended
        self._expire = expire
        self._pending: deque[Job] = deque()
        self._phase = _Phase.idle
        self._head: _Head | None = None
        self._unheard = 0  # unloads that ended while nobody waited for one
        self._loading: Loading | None = None
        self._seen: set[str] = set()  # blobs in the page cache

    @property
    def idle(self) -> bool:
        """Whether nothing is loading or waiting to be."""
        return self._phase is _Phase.idle

    def submit(self, job: Job) -> bool:
        """Put a request in line; False if the line is full."""
        if len(self._pending) >= self._machine.settings.max_queue and not self.idle:
            return False
        self._pending.append(job)
        if self.idle:
            self._step()
        return True

    def leave(self, job: Job) -> None:
        """A client in line or at the head is gone: a load of its own dies with it, a place in line stays counted."""
        if self._head is not None and job is self._head.job and self._loading is not None:
            self._loading.abort()
            self._loading = None
            self._next()

    def unloaded(self) -> None:
        """Some unload is finished."""
        if self._phase is _Phase.evicting:
            self._step()
        elif self._phase is not _Phase.idle:
            self._unheard += 1

    def repace(self) -> None:
        """Faults have changed the speed of the host."""
        if self._loading is not None:
            self._loading.repace()

    def _next(self) -> None:
        self._head = None
        self._step()

    def _step(self) -> None:
        """Decide what to do for the head, then for the next, until something must be waited for."""
        self._phase = _Phase.deciding
        while (head := self._take_head()) is not None:
            runner = self._loaded.get(head.job.work.model.blob)
            if runner is not None and not head.alone and runner.alive and runner.options.serves(head.options):
                self._head = None
                self._use(runner, head.job)
                continue
            victims = self._victims(runner, head)
            if not victims:
                self._ask()
                return
            for victim in victims:
                self._mark(victim)
            if self._unheard:
                self._unheard -= 1
                continue
            self._phase = _Phase.evicting
            return
        self._phase = _Phase.idle
        self._unheard = 0

    def _take_head(self) -> _Head | None:
        """Return the head; if there is none, the first in line whose client is still there becomes it."""
        while self._head is None and self._pending:
            job = self._pending.popleft()
            if job.state is JobState.queued:
                self._head = _Head(job, self._options_of(job))
        return self._head

    def _victims(self, runner: Runner | None, head: _Head) -> list[Runner]:
        """Return who must go before the head can load; nobody if it can load now."""
        loaded = self._loaded.values()
        if head.alone:
            return list(loaded)
        if runner is not None:
            return [runner]
        if not loaded:
            return []
        settings = self._machine.settings
        if len(loaded) < (settings.max_loaded_models or MODELS_PER_GPU):
            model = head.job.work.model
            slots = memory.slot_count(model, settings.num_parallel)
            if memory.fits(model, head.options, slots, self.free_vram()):
                return []
        return [pick_victim(loaded)]

    def free_vram(self) -> int:
        """Return the bytes that no runner holds."""
        profile = self._machine.profile
        used = sum(memory_of(runner, profile.cpu_only) for runner in self._loaded.values())
        if self._loading is not None:
            used += memory_of(self._loading.runner, profile.cpu_only)
        total = profile.gpu_total_bytes - profile.gpu_reserved_bytes
        return total - self._machine.settings.gpu_overhead - used

    def _mark(self, victim: Runner) -> None:
        """Let a victim go as soon as it is idle, unless somebody gives it a new keep_alive before (4.6)."""
        self._machine.timeline.cancel(victim.timer)
        victim.timer = None
        victim.keep_alive = 0.0
        if not victim.running:
            self._expire(victim)

    def _ask(self) -> None:
        """Find the GPUs: slow when there is no runner to ask."""
        self._phase = _Phase.asking
        if self._loaded:
            self._load(None)
        else:
            self._machine.timeline.at(self._machine.now + self._machine.profile.discovery_s, PENDING, self._load)

    def _load(self, _: object) -> None:
        head, machine = self._head, self._machine
        if head is None or head.job.state is not JobState.queued:
            self._next()
            return
        model = head.job.work.model
        slots = memory.slot_count(model, machine.settings.num_parallel)
        try:
            placement = memory.place(model, head.options, slots, self.free_vram(), machine.profile)
        except memory.OutOfMemory:
            self._failed(head, errors.OUT_OF_MEMORY)
            return
        runner = Runner(machine, model, head.options, placement, slots=slots, ended=self._ended)
        runner.keep_alive = machine.settings.keep_alive
        self._phase = _Phase.loading
        self._loading = Loading(machine, runner, cold=model.blob not in self._seen, ended=self._load_ended)

    def _load_ended(self, loading: Loading, error: JobError | None) -> None:
        head, runner = self._head, loading.runner
        self._loading = None
        if head is None:
            return
        if error is not None:
            self._failed(head, error)
            return
        self._seen.add(runner.model.blob)
        self._loaded[runner.model.blob] = runner
        self._phase = _Phase.deciding
        self._use(runner, head.job)
        self._next()

    def _failed(self, head: _Head, error: JobError) -> None:
        """Out of memory: a smaller automatic context, then an empty card, then the end (4.8)."""
        if error.kind == "out_of_memory":
            lower = lower_context(head.job.work.model, head.options)
            if lower is not None:
                head.options = replace(head.options, num_ctx=lower)
                self._step()
                return
            if self._loaded and not head.alone:
                head.alone = True
                self._step()
                return
        self._fail(head.job, error)
        self._next()


def memory_of(runner: Runner, cpu_only: bool) -> int:
    """Return the bytes of the host's pool (VRAM, or memory without a GPU) that a runner holds."""
    return runner.placement.size if cpu_only else runner.placement.size_vram
