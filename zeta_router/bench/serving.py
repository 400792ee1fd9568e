"""One request on its way: its attempts, one after the other, until there is an answer or nobody waits any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zeta_router.attempts import Attempt
from zeta_router.bench.records import Record
from zeta_router.bench.workload import TIMEOUT_S, Call
from zeta_router.bench.world import EPOCH
from zeta_router.ollama.clocks import UNNOTICED_SECONDS
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.router import ZetaDynamicRouter
from zeta_router.simulator.jobs import Job, JobEvent
from zeta_router.simulator.timeline import ARRIVAL, Event

if TYPE_CHECKING:
    from zeta_router.bench.play import Player


class Serving:
    """One request of a run in progress."""

    __slots__ = ("attempt", "attempts", "call", "fails", "first", "index", "job", "player", "router", "timer", "tries")

    def __init__(
        self, player: Player, index: int, call: Call, router: ZetaDynamicRouter, attempts: Iterator[Attempt]
    ) -> None:
        self.player = player
        self.index = index
        self.call = call
        self.router = router
        self.attempts = attempts
        self.attempt: Attempt | None = None
        self.first: Attempt | None = None
        self.job: Job | None = None
        self.timer: Event | None = None
        self.fails = False
        self.tries = 0

    def begin(self) -> None:
        """Make the first attempt; give up when the user does."""
        timeline = self.player.world.timeline
        self.timer = timeline.at(timeline.now + TIMEOUT_S, ARRIVAL, self._give_up)
        self._try()

    def _try(self) -> None:
        player = self.player
        attempt = next(self.attempts, None)
        if attempt is None:
            self._end(0.0)
            return
        self.attempt = attempt.__enter__()
        self.first = self.first or attempt
        self.tries += 1
        decision = attempt.decision
        player.run.calls += 1
        player.run.explored += decision.explored
        world = player.world
        self.fails = world.fails(self.call, decision.model)
        job = world.serve(self.call, decision.model, decision.host, self._hear)
        if not job.done:  # one that is refused at once has led to the next attempt already
            self.job = job

    def _hear(self, job: Job, event: JobEvent) -> None:
        if event is JobEvent.finished:
            self._finished(job)
        elif event is JobEvent.failed:
            self._failed(str(job.error.message if job.error else "failed"))

    def _finished(self, job: Job) -> None:
        if self.fails:
            self._failed("the model failed")
            return
        attempt, call, world = self.attempt, self.call, self.player.world
        if attempt is None:
            return
        load, prefill, decode, total = job.load / 1e9, job.prompt_eval / 1e9, job.eval / 1e9, job.total / 1e9
        left = total - load - prefill - decode
        first_at = job.first_token_at if job.first_token_at is not None else world.now
        attempt.settle(
            Outcome(
                fate=Fate.ok,
                timings=Timings(
                    wait=left if left > UNNOTICED_SECONDS else 0.0,
                    load=load,
                    prefill=prefill,
                    decode=decode,
                    first_token=first_at - job.submitted_at,
                    total=total,
                ),
                prompt_tokens=call.request.tokens,
                output_tokens=call.output_tokens,
                done_reason="stop",
            )
        )
        quality = world.truth.quality(attempt.decision.model, call.task, call.complexity)
        self.player.opine(call, self.router, attempt, quality)
        self._end(quality)

    def _failed(self, why: str) -> None:
        attempt = self.attempt
        if attempt is not None:
            attempt.settle(Outcome(fate=Fate.error, timings=Timings(total=attempt.elapsed), error=why))
            self._try()

    def _give_up(self, _: object) -> None:
        """The user has waited long enough."""
        self.timer = None
        attempt, job = self.attempt, self.job
        if attempt is None or job is None:
            return
        self.player.world.cancel(job, attempt.decision.host)
        attempt.settle(Outcome(fate=Fate.timeout, timings=Timings(total=attempt.elapsed), error="took too long"))
        self._end(0.0)

    def _end(self, quality: float) -> None:
        player, call, first = self.player, self.call, self.first
        world = player.world
        world.timeline.cancel(self.timer)
        self.attempt = self.job = None
        seconds = world.now - EPOCH - call.at
        expected = world.work.objective.seconds_for(call.task)
        objective = world.work.objective
        penalty = objective.expected_penalty(seconds, (0.0, 0.0, 0.0), expected)
        player.note(
            Record(
                number=self.index,
                at=call.at,
                task=call.task,
                model=first.decision.model if first else "",
                host=first.decision.host if first else "",
                explored=first.decision.explored if first else False,
                attempts=self.tries,
                seconds=seconds,
                quality=quality,
                utility=quality - penalty,
                in_time=quality > 0.0 and seconds <= expected,
            )
        )
