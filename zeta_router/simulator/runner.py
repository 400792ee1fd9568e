"""A loaded model: its slots, who waits for them, and how fast they go (`ollama-wire.md` 3 and 4.10)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from zeta_router.simulator import errors, reports
from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.jobs import Job, JobError, JobEvent, JobState, Work
from zeta_router.simulator.machine import Machine
from zeta_router.simulator.memory import Placement
from zeta_router.simulator.options import LoadOptions
from zeta_router.simulator.prompt_cache import NOTHING, HostCache, Remembered, after
from zeta_router.simulator.slots import Slot, best_slot
from zeta_router.simulator.speeds import decode_rate, prefill_rate
from zeta_router.simulator.timeline import Event


class Runner:
    """One model in memory. The scheduler owns the first group of attributes, the runner the rest."""

    def __init__(
        self,
        machine: Machine,
        model: SimulatedModel,
        options: LoadOptions,
        placement: Placement,
        *,
        slots: int,
        ended: Callable[[Runner], None],
    ) -> None:
        self.model = model
        """Under the name that loaded it."""
        self.options = options
        self.placement = placement
        self.keep_alive = 0.0
        self.running = 0
        """Requests it was given that have not ended, those waiting for a slot included."""
        self.timer: Event | None = None
        self.expires_at: float | None = None
        """Written when it goes idle; None before the first time."""
        self.doomed = False
        """Expired while busy: goes as soon as it is idle, whatever is said later."""

        self.alive = True
        self.active: list[Slot] = []
        """Slots at work, oldest first."""
        self._machine = machine
        self._ended = ended
        self._free = [Slot(machine.timeline, self._reached) for _ in range(slots)]
        self._waiters: deque[Job] = deque()
        self._prefill_rate = prefill_rate(machine.profile, model, placement.gpu_share)
        per_token = model.kv_bytes_per_token
        self._host_cache = HostCache(machine.settings.host_prompt_cache // per_token if per_token else 0)

    def enqueue(self, job: Job) -> None:
        """Give a slot to the job, or a place in the line for one."""
        job.runner = self
        job.state = JobState.waiting
        self._waiters.append(job)
        if self._free:
            self._next()
            self._machine.shifted(self)

    def leave(self, job: Job) -> None:
        """Let a job go whose client is gone, at any point; its slot is free at once."""
        if job.slot is None:
            self._waiters.remove(job)
        else:
            self._release(job.slot)
        self._ended(self)

    def crash(self) -> None:
        """Die: everything it had is lost, and it stays loaded until somebody notices."""
        self.alive = False
        victims = [slot.job for slot in self.active if slot.job is not None] + list(self._waiters)
        self._waiters.clear()  # first: a slot that is freed below must not go to one of them
        for job in victims:
            if job.slot is not None:
                self._release(job.slot)
            self._fail(job, errors.crashed(job.tokens_made > 0))
        self._machine.shifted(self)

    def watch(self, slot: Slot) -> None:
        """Take up a newly watched token."""
        if slot.decoding and slot.job is not None:
            slot.settle()
            slot.aim(slot.position, self._milestone(slot.job))
            slot.pace(slot.rate)

    def repace(self) -> None:
        """Set the speed of every slot from what runs beside it."""
        profile = self._machine.profile
        slowdown = self._machine.slowdown(self.model.name)
        count = len(self.active)
        reading = sum(not slot.decoding for slot in self.active)
        others = count - reading - 1
        for slot in self.active:
            if not slot.decoding:
                rate = slot.prefill_rate / (slowdown * (1 + profile.prefill_cost * (reading - 1)))
            else:
                rate = slot.decode_rate / (slowdown * (1 + profile.slot_cost * others))
                if reading and profile.prefill_batch:
                    rate = min(rate, slot.prefill_rate / profile.prefill_batch / slowdown)
            slot.pace(rate)

    def _next(self) -> None:
        """Give free slots to waiters."""
        while self._free and self._waiters:
            job = self._waiters.popleft()
            slot = best_slot(self._free, job.work)
            self._free.remove(slot)
            self._start(job, slot)

    def _start(self, job: Job, slot: Slot) -> None:
        work = job.work
        machine = self._machine
        cached, loses = self._cached(work, slot.prompt)
        if loses:
            self._host_cache.keep(slot.prompt)
        slot.prompt = NOTHING
        slot.job = job
        slot.prefill_rate = self._prefill_rate / work.prefill_factor
        slot.work_tokens = work.prompt_tokens - cached
        slot.aim(0.0, slot.work_tokens + machine.profile.request_overhead_s * slot.prefill_rate)
        job.slot = slot
        job.slot_at = machine.now
        job.cached_tokens = cached
        job.state = JobState.prefill
        fault = machine.faults.take("crash", self.model.name)
        if fault is not None:
            job.crash_at = min(fault.at, work.output_tokens)
        self.active.append(slot)
        machine.tell(job, JobEvent.started)

    def cached_tokens(self, work: Work) -> int:
        """Return how many tokens of a prompt would not have to be read if a slot took it now."""
        if not self._free:
            return self._host_cache.common_tokens(work)
        return self._cached(work, best_slot(self._free, work).prompt)[0]

    def _cached(self, work: Work, before: Remembered) -> tuple[int, bool]:
        """Return how much of a prompt a slot that remembers another one need not read, and whether it loses that."""
        cached = before.common_tokens(work) if work.prompt_key else 0
        loses = bool(before.keys) and cached < sum(before.tokens)
        if loses:
            cached = max(cached, self._host_cache.common_tokens(work))
        # The last prompt token is always computed: its result is the first token of the answer.
        return min(cached, max(work.prompt_tokens - 1, 0)), loses

    def _reached(self, slot: Slot) -> None:
        job = slot.job
        if job is None:
            return
        if slot.decoding:
            job.tokens_made = round(slot.milestone)
        else:
            self._prompt_read(job, slot)
        watched = job.watched
        while watched and watched[0] <= job.tokens_made:
            if watched.pop(0) == job.tokens_made:
                self._machine.tell(job, JobEvent.token)
        if job.crash_at is not None and job.crash_at <= job.tokens_made:
            self.crash()
        elif job.tokens_made >= job.work.output_tokens or job.work.kind == "embed":
            self._finish(job, slot)
        else:
            slot.aim(slot.position, self._milestone(job))
            self._machine.shifted(self)

    def _prompt_read(self, job: Job, slot: Slot) -> None:
        """The prompt is in the cache; with it comes the first token, if there is any to come."""
        work = job.work
        if work.kind == "embed" or not work.output_tokens or job.crash_at == 0:
            return
        job.first_token_at = self._machine.now
        job.tokens_made = 1
        job.state = JobState.decode
        slot.decoding = True
        slot.position = 1.0
        context = work.prompt_tokens + work.output_tokens / 2
        rate = decode_rate(self._machine.profile, self.model, self.placement.gpu_share, context)
        slot.decode_rate = rate / work.decode_factor
        self._machine.tell(job, JobEvent.first_token)

    @staticmethod
    def _milestone(job: Job) -> int:
        """Return the next token at which something happens."""
        goal = job.work.output_tokens
        if job.watched:
            goal = min(goal, job.watched[0])
        return goal if job.crash_at is None else min(goal, job.crash_at)

    def _finish(self, job: Job, slot: Slot) -> None:
        job.state = JobState.finished
        job.finished_at = self._machine.now
        reports.fill_in(job, slot, self._machine)
        self._machine.tell(job, JobEvent.finished)
        self._release(slot)
        self._ended(self)

    def _fail(self, job: Job, error: JobError) -> None:
        job.state = JobState.failed
        job.finished_at = self._machine.now
        job.error = error
        self._machine.tell(job, JobEvent.failed)
        self._ended(self)

    def _release(self, slot: Slot) -> None:
        """Free a slot, remember its prompt, and give it to the next in line."""
        job = slot.job
        slot.settle()
        if job is not None:
            if slot.decoding:
                job.tokens_made = int(slot.position)
            if slot.decoding or job.state is JobState.finished:
                slot.prompt = after(job.work, job.tokens_made)
            job.slot = None
        slot.clear()
        self.active.remove(slot)
        self._free.append(slot)
        self._next()
        self._machine.shifted(self)
