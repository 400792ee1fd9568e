"""One load in progress: a runner that reads its weights, polled until it is ready (`ollama-wire.md` 4.8)."""

from __future__ import annotations

import math
from collections.abc import Callable

from zeta_router.simulator import errors
from zeta_router.simulator.jobs import JobError
from zeta_router.simulator.machine import Machine
from zeta_router.simulator.runner import Runner
from zeta_router.simulator.speeds import load_seconds
from zeta_router.simulator.timeline import COMPLETION, Event

POLL_S = 0.25
_EPSILON = 1e-6  # ready in the very instant of a poll is seen by it


class Loading:
    """Reads weights at a speed that faults may change meanwhile; ends once, with `ready` or an error."""

    def __init__(
        self, machine: Machine, runner: Runner, *, cold: bool, ended: Callable[[Loading, JobError | None], None]
    ) -> None:
        self.runner = runner
        self._machine = machine
        self._ended = ended
        self._started = self._since = machine.now
        self._event: Event | None = None
        self._rate = 0.0
        faults, name = machine.faults, runner.model.name
        self._left = load_seconds(machine.profile, runner.model, cold=cold)
        self._error: JobError | None = None
        self._stalled = False
        if faults.take("out_of_memory", name) is not None:
            self._error = errors.OUT_OF_MEMORY
        elif faults.take("load_crash", name) is not None:
            self._error = errors.LOAD_CRASH
        elif faults.take("load_stall", name) is not None:
            self._stalled = True
        if self._error is not None:
            self._left = machine.profile.startup_s
        self.repace()

    def repace(self) -> None:
        """Go on at the speed that the faults allow now."""
        machine = self._machine
        self._left -= (machine.now - self._since) * self._rate
        self._since = machine.now
        machine.timeline.cancel(self._event)
        self._rate = 0.0 if self._stalled else 1 / machine.faults.slowdown(self.runner.model.name)
        if self._rate:
            elapsed = machine.now + self._left / self._rate - self._started
            polls = math.ceil(elapsed / POLL_S - _EPSILON)
            self._event = machine.timeline.at(self._started + polls * POLL_S, COMPLETION, self._end, self._error)
        elif math.isfinite(machine.settings.load_timeout) and machine.settings.load_timeout > 0:
            timeout = machine.now + machine.settings.load_timeout
            self._event = machine.timeline.at(timeout, COMPLETION, self._end, errors.LOAD_TIMEOUT)

    def abort(self) -> None:
        """Kill the runner: nothing is kept (4.8)."""
        self._machine.timeline.cancel(self._event)

    def _end(self, error: JobError | None) -> None:
        self._ended(self, error)
