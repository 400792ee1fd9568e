"""Drives the engine's virtual time from the clock of an asyncio loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from zeta_router.simulator.engine import Engine
from zeta_router.simulator.jobs import Job, Listener, Work

T = TypeVar("T")


class Driver:
    """One per server: maps real seconds to simulated ones and wakes the engine when something is due.

    The engine is single-threaded, so all of it happens in the loop's thread; other threads use `call`. A driver
    that is woken late advances the engine through everything that was due, in order: durations and dates come
    from the engine and do not show the delay.
    """

    def __init__(self, engine: Engine, *, time_scale: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        if not 0 < time_scale < float("inf"):
            raise ValueError(
                f"time_scale must be a positive number of simulated seconds per second, got {time_scale!r}"
            )
        self.engine = engine
        self.time_scale = time_scale
        self._clock = clock
        self._started_at = clock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None

    @property
    def now(self) -> float:
        """Simulated seconds since the start, whether or not the engine has come that far. Any thread may ask."""
        if self._loop is None:
            return self.engine.now
        return (self._clock() - self._started_at) * self.time_scale

    def start(self) -> None:
        """Begin to run in the running loop; simulated time goes on where it stood."""
        self._loop = asyncio.get_running_loop()
        self._started_at = self._clock() - self.engine.now / self.time_scale
        self._arm()

    def stop(self) -> None:
        """Let time stand still."""
        self._catch_up()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._due = self._loop = None

    def submit(self, work: Work, listener: Listener) -> Job:
        """Give the engine a request that arrives now."""
        self._catch_up()
        job = self.engine.submit(work, listener=listener)
        self._arm()
        return job

    def cancel(self, job: Job) -> None:
        """Tell the engine that the client of a job has left."""
        self._catch_up()
        self.engine.cancel(job)
        self._arm()

    def watch(self, job: Job, tokens: list[int]) -> None:
        """Ask for events at these tokens of a job just submitted."""
        if not job.done:
            for token in tokens:
                self.engine.watch_token(job, token)
            self._arm()

    def act(self, change: Callable[[], T]) -> T:
        """Do something to the engine at the present simulated time, in the loop's thread."""
        self._catch_up()
        result = change()
        self._arm()
        return result

    async def sleep(self, seconds: float) -> None:
        """Wait simulated seconds."""
        woken = asyncio.Event()
        self.act(lambda: self.engine.call_at(self.engine.now + seconds, woken.set))
        await woken.wait()

    def call(self, change: Callable[[], T]) -> T:
        """Do something to the engine at the present simulated time, from any thread; waits until it is done."""
        loop = self._loop
        if loop is None:  # not started: nothing else can touch the engine
            return change()
        try:
            if asyncio.get_running_loop() is loop:
                return self.act(change)
        except RuntimeError:
            pass  # called from a thread without a loop

        async def in_loop() -> T:
            return self.act(change)

        return asyncio.run_coroutine_threadsafe(in_loop(), loop).result()

    def _catch_up(self) -> None:
        self.engine.advance(max(self.now, self.engine.now))

    def _arm(self) -> None:
        """Set the timer to the engine's next event."""
        due = self.engine.next_event_at()
        if due == self._due and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due, self._timer = due, None
        if due is not None and self._loop is not None:
            self._timer = self._loop.call_later(max(0.0, (due - self.now) / self.time_scale), self._wake)

    def _wake(self) -> None:
        self._timer = self._due = None
        self._catch_up()
        self._arm()
