"""Plays one policy through one workload: the real router, its clock in virtual time, on the simulated fleet."""

from __future__ import annotations

import time
from random import Random

from zeta_router.attempts import Attempt, Attempts
from zeta_router.bench.records import Record, Run
from zeta_router.bench.serving import Serving
from zeta_router.bench.stopwatch import Stopwatch
from zeta_router.bench.workload import TIMEOUT_S, Call
from zeta_router.bench.world import EPOCH, World
from zeta_router.bench.zoo import CONTEXT, EXTRACT, BenchModel
from zeta_router.limits import Limits
from zeta_router.policies.base import Policy
from zeta_router.router import ZetaDynamicRouter
from zeta_router.simulator.timeline import ARRIVAL

POLL_S = 5.0
"""Seconds between two looks at what is in memory (`/api/ps`)."""
ATTEMPTS = 2
"""A failed request is tried once more, elsewhere."""


def play(name: str, policy: Policy, world: World, *, seed: int, load: float) -> Run:
    """Send every call at its time and return how it went."""
    began = time.perf_counter()
    player = Player(name, policy, world, seed=seed, load=load)
    player.play()
    player.run.wall_s = time.perf_counter() - began
    return player.run


class Player:
    """One run in progress."""

    def __init__(self, name: str, policy: Policy, world: World, *, seed: int, load: float) -> None:
        self.run = Run(name, world.scenario.name, seed, load)
        self.world = world
        self.routers = [router_of(world, Stopwatch(policy, self.run.choose_us), Random(f"router {seed}"))]
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
            router = self.next_router()
            Serving(self, index, call, router, Attempts(router._dispatcher, call.request, call.guess)).begin()
        timeline.advance(timeline.now + 2 * TIMEOUT_S)
        self.run.loads = world.loads
        self.run.records = [record for record in self._records if record is not None]
        self.run.troubles = tuple(trouble for router in self.routers for trouble in router.snapshot().troubles)

    def next_router(self) -> ZetaDynamicRouter:
        """Return the router that serves the next request."""
        return self.routers[0]

    def _poll(self) -> None:
        self._polled_at = self.world.timeline.now
        for host in self.world.hosts:
            for router in self.routers:
                router._dispatcher.saw_resident(host, self.world.resident(host))

    def _joined(self, model: BenchModel) -> None:
        for host in self.world.hosts:
            for router in self.routers:
                router.join(model.card(host))

    def note(self, record: Record) -> None:
        """Keep a record in its place."""
        self._records[record.number] = record

    def opine(self, call: Call, router: ZetaDynamicRouter, attempt: Attempt, quality: float) -> None:
        """Let somebody have an opinion on an answer of a router's, some time later, or nobody."""
        scenario, timeline = self.world.scenario, self.world.timeline
        good = call.thumb_draw < quality
        decision_id = attempt.decision.id
        if call.task == EXTRACT:  # whether it is valid JSON is known at once, and for certain
            router.feedback(decision_id, float(good), "evaluator")
        elif call.opinion_draw < scenario.feedback:
            score = float(good != (call.flip_draw < scenario.flipped))
            later = timeline.now + call.opinion_delay
            timeline.at(later, ARRIVAL, lambda _: router.feedback(decision_id, score))


def router_of(world: World, policy: Policy, rng: Random) -> ZetaDynamicRouter:
    """Return a router for the models of a world, its clock in the world's time."""
    return ZetaDynamicRouter(
        [model.card(host) for host in world.hosts for model in world.models.values()],
        hosts=list(world.hosts),
        objective=world.work.objective,
        policy=policy,
        clock=lambda: world.timeline.now,
        rng=rng,
        limits=Limits(attempts=ATTEMPTS, context=CONTEXT),
    )
