"""Plays one policy through one workload: the real router, its clock in virtual time, on the simulated fleet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

from zeta_router.attempts import Attempt, Attempts
from zeta_router.bench.records import Record, Run
from zeta_router.bench.stopwatch import Stopwatch
from zeta_router.bench.workload import TIMEOUT_S, Call
from zeta_router.bench.world import EPOCH, World
from zeta_router.bench.zoo import CONTEXT, EXTRACT, BenchModel
from zeta_router.limits import Limits
from zeta_router.ollama.clocks import UNNOTICED_SECONDS
from zeta_router.outcome import Fate, Outcome, Timings
from zeta_router.policies.base import Policy
from zeta_router.router import ZetaDynamicRouter
from zeta_router.simulator.jobs import Job, JobEvent
from zeta_router.simulator.timeline import ARRIVAL, Event

POLL_S = 5.0
"""Seconds between two looks at what is in memory (`/api/ps`)."""
ATTEMPTS = 2
"""A failed request is tried once more, elsewhere."""


def play(name: str, policy: Policy, world: World, *, seed: int, load: float) -> Run:
    """Send every call at its time and return how it went."""
    began = time.perf_counter()
    player = _Player(name, policy, world, seed=seed, load=load)
    player.play()
    player.run.wall_s = time.perf_counter() - began
    return player.run


class _Player:
    """One run in progress."""

    def __init__(self, name: str, policy: Policy, world: World, *, seed: int, load: float) -> None:
        self.run = Run(name, world.scenario.name, seed, load)
        self.world = world
        self.router = ZetaDynamicRouter(
            [model.card(host) for host in world.hosts for model in world.models.values()],
            hosts=list(world.hosts),
            objective=world.work.objective,
            policy=Stopwatch(policy, self.run.choose_us),
            clock=lambda: world.timeline.now,
            rng=Random(f"router {seed}"),
            limits=Limits(attempts=ATTEMPTS, context=CONTEXT),
        )
        self.dispatcher = self.router._dispatcher
        self._records: list[Record | None] = [None] * len(world.work.calls)
        self._polled_at = 0.0
        world.joined = self._joined

    def play(self) -> None:
        """Run to the end of the last call; opinions that come later are nobody's concern."""
        world, timeline, calls = self.world, self.world.timeline, self.world.work.calls
        changes = sorted(world.scenario.changes, key=lambda change: change.at)
        for index, call in enumerate(calls):
            timeline.advance(EPOCH + call.at)
            while changes and changes[0].at * len(calls) <= index:
                changes.pop(0).apply(world)
            if timeline.now - self._polled_at >= POLL_S:
                self._poll()
            attempts = Attempts(self.dispatcher, call.request, call.guess)
            _Serving(self, index, call, iter(attempts)).begin()
        timeline.advance(timeline.now + 2 * TIMEOUT_S)
        self.run.loads = world.loads
        self.run.records = [record for record in self._records if record is not None]
        self.run.troubles = self.router.snapshot().troubles

    def _poll(self) -> None:
        self._polled_at = self.world.timeline.now
        for host in self.world.hosts:
            self.dispatcher.saw_resident(host, self.world.resident(host))

    def _joined(self, model: BenchModel) -> None:
        for host in self.world.hosts:
            self.router.join(model.card(host))

    def note(self, record: Record) -> None:
        """Keep a record in its place."""
        self._records[record.number] = record

    def opine(self, call: Call, attempt: Attempt, quality: float) -> None:
        """Let somebody have an opinion on an answer, some time later, or nobody."""
        scenario, timeline = self.world.scenario, self.world.timeline
        good = call.thumb_draw < quality
        decision_id = attempt.decision.id
        if call.task == EXTRACT:  # whether it is valid JSON is known at once, and for certain
            self.router.feedback(decision_id, float(good), "evaluator")
        elif call.opinion_draw < scenario.feedback:
            score = float(good != (call.flip_draw < scenario.flipped))
            later = timeline.now + call.opinion_delay
            timeline.at(later, ARRIVAL, lambda _: self.router.feedback(decision_id, score))


class _Serving:
    """One request on its way: its attempts, one after the other."""

    __slots__ = ("attempt", "attempts", "call", "fails", "first", "index", "job", "player", "timer", "tries")

    def __init__(self, player: _Player, index: int, call: Call, attempts: Iterator[Attempt]) -> None:
        self.player = player
        self.index = index
        self.call = call
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
        self.player.opine(call, attempt, quality)
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
