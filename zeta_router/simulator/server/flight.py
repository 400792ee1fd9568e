"""One request seen from a coroutine, and the watch for its client leaving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive

from zeta_router.simulator.jobs import Job, JobEvent, Work
from zeta_router.simulator.server.driver import Driver


class Flight:
    """One job seen from a coroutine: what happened since it last looked, and whether the client has left."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._job: Job | None = None
        self._news: list[tuple[int, float]] = []
        self._changed = asyncio.Event()
        self._left = asyncio.Event()

    @property
    def gone(self) -> bool:
        """Whether the client has left, so that nothing more will happen."""
        return self._left.is_set()

    async def load(self, work: Work) -> Job:
        """Submit work and wait until it has ended, or the client has left."""
        job = self.start(work, [])
        while not (job.done or self.gone):
            await self.wait()
        return job

    def start(self, work: Work, tokens: list[int]) -> Job:
        """Submit work, and watch these tokens of it."""
        self._job = job = self._driver.submit(work, self._hear)
        self._driver.watch(job, tokens)
        return job

    async def wait(self) -> list[tuple[int, float]]:
        """Wait for news; return the watched tokens made since, each with its engine time."""
        if not (self._news or self.gone or (self._job is not None and self._job.done)):
            self._changed.clear()
            await self._changed.wait()
        news, self._news = self._news, []
        return news

    async def left(self) -> None:
        """Wait until the client has left."""
        await self._left.wait()

    def leave(self) -> None:
        """The client has left, or no longer cares: free what the job holds."""
        self._left.set()
        self._changed.set()
        if self._job is not None and not self._job.done:
            self._driver.cancel(self._job)

    def _hear(self, job: Job, event: JobEvent) -> None:
        if event is JobEvent.token:
            self._news.append((job.tokens_made, self._driver.engine.now))
            self._changed.set()
        elif event in (JobEvent.finished, JobEvent.failed):
            self._changed.set()


@asynccontextmanager
async def boarding(driver: Driver, receive: Receive) -> AsyncIterator[Flight]:
    """Give a flight that is left as soon as the client closes its connection, and at the end in any case.

    Args:
        driver: The server's.
        receive: Of the request, whose body has been read: it now returns when the client is gone.
    """
    flight = Flight(driver)
    watch = asyncio.ensure_future(receive())
    watch.add_done_callback(lambda _: flight.leave())
    try:
        yield flight
    finally:
        watch.cancel()
        flight.leave()
