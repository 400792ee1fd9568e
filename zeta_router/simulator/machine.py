"""What all parts of one host share: its clock, its hardware, its faults, and how its speed is divided."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

from zeta_router.simulator.faults import Faults
from zeta_router.simulator.jobs import Job, JobEvent
from zeta_router.simulator.profiles import HostProfile
from zeta_router.simulator.settings import ServerSettings
from zeta_router.simulator.timeline import Timeline

if TYPE_CHECKING:
    from zeta_router.simulator.runner import Runner


class Machine:
    """The host below the scheduler. Runners that work at the same time share its speed."""

    __slots__ = ("_busy", "faults", "profile", "rng", "settings", "timeline")

    def __init__(
        self, profile: HostProfile, settings: ServerSettings, faults: Faults, rng: Random, timeline: Timeline
    ) -> None:
        self.profile = profile
        self.settings = settings
        self.faults = faults
        self.rng = rng
        self.timeline = timeline
        self._busy: list[Runner] = []

    @property
    def now(self) -> float:
        """Seconds of virtual time."""
        return self.timeline.now

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
        """Tell the job's listener, once the state is whole again."""
        listener = job.listener
        if listener is not None:
            self.timeline.tell(partial(listener, job, event))
