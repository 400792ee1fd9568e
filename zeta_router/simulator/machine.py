"""What all parts of one host share: its clock, its hardware, its faults, and the post to listeners."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING

from zeta_router.simulator.events import EventQueue
from zeta_router.simulator.faults import Faults
from zeta_router.simulator.jobs import Job, JobEvent
from zeta_router.simulator.profiles import HostProfile
from zeta_router.simulator.settings import ServerSettings

if TYPE_CHECKING:
    from zeta_router.simulator.runner import Runner


class Machine:
    """The host below the scheduler. Runners that work at the same time share its speed."""

    __slots__ = ("_busy", "_delivering", "_post", "faults", "profile", "queue", "rng", "settings")

    def __init__(
        self, profile: HostProfile, settings: ServerSettings, faults: Faults, rng: Random, *, now: float
    ) -> None:
        self.profile = profile
        self.settings = settings
        self.faults = faults
        self.rng = rng
        self.queue = EventQueue(now)
        self._busy: list[Runner] = []
        self._post: deque[tuple[Job, JobEvent]] = deque()
        self._delivering = False

    @property
    def now(self) -> float:
        """Seconds of virtual time."""
        return self.queue.now

    def slowdown(self, model: str) -> float:
        """Return how many times slower than alone and healthy a model runs beside the others at work now."""
        crowd = 1 + self.profile.model_cost * max(len(self._busy) - 1, 0)
        return crowd * self.faults.slowdown(model)

    def shifted(self, runner: Runner) -> None:
        """What this runner works on has changed: set its speeds, and the others' if they share with it."""
        if bool(runner.active) == (runner in self._busy):
            runner.repace()
            return
        if runner.active:
            self._busy.append(runner)
        else:
            self._busy.remove(runner)
        self.repace()

    def repace(self) -> None:
        """Set all speeds anew."""
        for runner in self._busy:
            runner.repace()

    def tell(self, job: Job, event: JobEvent) -> None:
        """Put an event in the post: it is delivered when the state is whole again."""
        if job.listener is not None:
            self._post.append((job, event))

    def deliver(self) -> None:
        """Deliver the post. What a listener does may make more, which is delivered in turn."""
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._post:
                job, event = self._post.popleft()
                if job.listener is not None:
                    job.listener(job, event)
        finally:
            self._delivering = False
