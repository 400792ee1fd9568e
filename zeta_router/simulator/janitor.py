"""Completions, expiries and unloading, one after another (`ollama-wire.md` 4.9 and 4.11)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from zeta_router.simulator.machine import Machine
from zeta_router.simulator.runner import Runner
from zeta_router.simulator.timeline import COMPLETION, EXPIRY

SHORT_VRAM_WAIT_S = 0.25  # one poll: the growth of free memory is seen
LONG_VRAM_WAIT_S = 5.0  # it is not seen


class Janitor:
    """Takes runners out of `loaded`. While it waits for VRAM it does nothing else: the rest queues up."""

    def __init__(
        self,
        machine: Machine,
        loaded: dict[str, Runner],
        *,
        unloaded: Callable[[], None],
        vram_wait: Callable[[int], float] | None = None,
    ) -> None:
        self._machine = machine
        self._loaded = loaded
        self._unloaded = unloaded
        self._vram_wait = vram_wait or self._draw_vram_wait
        self._waiting = False
        self._queue: deque[tuple[Callable[[Runner], None], Runner]] = deque()

    def finished(self, runner: Runner) -> None:
        """A request of this runner has ended."""
        self._do(self._count_down, runner)

    def expire(self, runner: Runner) -> None:
        """Unload this runner, at once or when it is idle."""
        self._do(self._unload, runner)

    def _do(self, action: Callable[[Runner], None], runner: Runner) -> None:
        if self._waiting or self._queue:
            self._queue.append((action, runner))
        else:
            action(runner)

    def _count_down(self, runner: Runner) -> None:
        runner.running -= 1
        if runner.running:
            return
        if runner.doomed or runner.keep_alive <= 0:
            self._unload(runner)
        elif math.isinf(runner.keep_alive):
            runner.expires_at = math.inf
        else:
            machine = self._machine
            runner.expires_at = machine.now + runner.keep_alive
            runner.timer = machine.timeline.at(runner.expires_at, EXPIRY, self.expire, runner)

    def _unload(self, runner: Runner) -> None:
        if self._loaded.get(runner.model.blob) is not runner:
            return  # expired twice
        if runner.running:
            runner.doomed = True
            return
        self._machine.timeline.cancel(runner.timer)
        before = len(self._loaded)
        del self._loaded[runner.model.blob]
        self._waiting = True
        wait = self._vram_wait(before) if self._machine.profile.discrete and runner.placement.size_vram else 0.0
        if wait:
            self._machine.timeline.at(self._machine.now + wait, COMPLETION, self._vram_freed)
        else:
            self._vram_freed(None)

    def _vram_freed(self, _: object) -> None:
        self._waiting = False
        self._unloaded()
        while self._queue and not self._waiting:
            action, runner = self._queue.popleft()
            action(runner)

    def _draw_vram_wait(self, loaded_before: int) -> float:
        """The free memory is read from one of the runners: only from the one that went, growth is seen (4.9)."""
        seen = self._machine.rng.random() * loaded_before < 1
        return SHORT_VRAM_WAIT_S if seen else LONG_VRAM_WAIT_S
