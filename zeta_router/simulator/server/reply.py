"""Sends the answer to a chat or generate request while the engine makes it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.jobs import Job, Work
from zeta_router.simulator.server.asking import Ask
from zeta_router.simulator.server.bodies import error_response
from zeta_router.simulator.server.errors import WireError, failed
from zeta_router.simulator.server.flight import Flight, boarding
from zeta_router.simulator.server.generation import Run, context, load_work, runs
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.plan import Delta, Plan, merged
from zeta_router.simulator.server.sending import Wire
from zeta_router.simulator.server.shapes import Metrics, Shape
from zeta_router.simulator.server.trouble import Trouble, crash_text, take_trouble


class Reply(Response):
    """The answer to one checked request. Leaves the engine's queue as soon as the client does."""

    def __init__(self, host: Host, ask: Ask, model: SimulatedModel, shape: Shape) -> None:
        self._host = host
        self._ask = ask
        self._model = model
        self._shape = shape
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as an ASGI application."""
        wire = Wire(scope, send)
        async with boarding(self._host.driver, receive) as flight:
            try:
                await self._answer(flight, wire)
                if flight.gone and not wire.started:
                    raise WireError(499, "request canceled")  # nobody is there to read it, but a proxy may be
            except WireError as error:
                await error_response(error, scope["path"])(scope, receive, send)

    async def _answer(self, flight: Flight, wire: Wire) -> None:
        trouble = take_trouble(self._host.engine.faults, self._model.name)
        if trouble.kind == "drop_connection" and trouble.strikes(0):
            await wire.drop(flight)
            return
        if not self._ask.messages:
            await self._load(flight, wire)
            return
        try:
            planned = runs(self._host, self._ask, self._model)
        except WireError:  # the server would find it only now, with the model loaded
            await _loaded(flight, load_work(self._ask, self._model))
            raise
        if self._model.rendered and trouble.kind is None and (stuck := planned[-1].plan.stuck_at()) is not None:
            trouble = Trouble("truncate", stuck)
        if self._ask.stream:
            await self._stream(flight, wire, planned, trouble)
        else:
            await self._whole(flight, wire, planned, trouble)

    async def _load(self, flight: Flight, wire: Wire) -> None:
        """Preload or unload."""
        if self._ask.keep_alive == 0:
            self._host.driver.act(lambda: self._host.engine.unload(self._model))
            at, reason = self._host.engine.now, "unload"
        else:
            at, reason = _ended(await _loaded(flight, load_work(self._ask, self._model))), "load"
        body = self._shape.whole(Delta(), at, Metrics(done_reason=reason))
        await wire.whole(body, self._shape.whole_type)

    async def _stream(self, flight: Flight, wire: Wire, planned: list[Run], trouble: Trouble) -> None:
        jobs: list[Job] = []
        sent: list[Delta] = []
        now = self._host.engine.now
        async for batch in _batches(flight, planned, jobs):
            lines: list[bytes] = []
            for delta, now in batch:
                if trouble.strikes(len(sent)):
                    break
                lines.append(self._shape.chunk(delta, now))
                sent.append(delta)
            if lines:
                await wire.part(b"".join(lines), self._shape.stream_type)
            if trouble.strikes(len(sent)):
                await self._break_off(flight, wire, trouble, now)
                return
        if flight.gone:
            return
        job, plan = jobs[-1], planned[-1].plan
        if job.error is not None:
            if not wire.started:
                raise failed(job.error)
            last = self._shape.broken(job.error.message, self._host.engine.now)
        else:
            metrics = self._metrics(jobs, plan, sent)
            last = self._shape.last(plan.last, _ended(job), metrics)
        await wire.part(last, self._shape.stream_type, more=False)

    async def _break_off(self, flight: Flight, wire: Wire, trouble: Trouble, at: float) -> None:
        """End a stream before its time."""
        if trouble.kind == "drop_connection":
            await wire.drop(flight)
            return
        broken = b""
        if trouble.kind == "error_line":
            message = crash_text(rendered=self._model.rendered)
            if not wire.started:
                raise WireError(500, message)
            broken = self._shape.broken(message, at)
        await wire.part(broken, self._shape.stream_type, more=False)

    async def _whole(self, flight: Flight, wire: Wire, planned: list[Run], trouble: Trouble) -> None:
        jobs: list[Job] = []
        for run in planned:
            jobs.append(await flight.load(run.work))
            if flight.gone:
                return
            if error := jobs[-1].error:
                raise failed(error)
        deltas = [chunk.delta for run in planned for chunk in run.plan.chunks]
        at = _ended(jobs[-1])
        if trouble.kind == "drop_connection":
            await wire.drop(flight)
        elif trouble.kind == "error_line":
            raise WireError(500, crash_text(rendered=self._model.rendered))
        elif trouble.kind == "truncate":
            body = self._shape.whole(merged(deltas[: trouble.chunks]), at, None)
            await wire.whole(body, self._shape.whole_type)
        else:
            metrics = self._metrics(jobs, planned[-1].plan, deltas)
            body = self._shape.whole(merged([*deltas, planned[-1].plan.last]), at, metrics)
            await wire.whole(body, self._shape.whole_type)

    def _metrics(self, jobs: list[Job], plan: Plan, sent: list[Delta]) -> Metrics:
        return Metrics.of(
            jobs, plan.done_reason, context=context(self._ask, sent), tells_cached=self._host.tells_cached
        )


async def _loaded(flight: Flight, work: Work) -> Job:
    """Load a model and return the job that did it.

    Raises:
        WireError: It cannot be loaded.
    """
    job = await flight.load(work)
    if job.error is not None:
        raise failed(job.error)
    return job


async def _batches(flight: Flight, planned: list[Run], jobs: list[Job]) -> AsyncIterator[list[tuple[Delta, float]]]:
    """Run the work and yield what is to be sent, as soon as it is made, with its engine time.

    `jobs` is filled along the way. Ends when the client is gone or a run fails.
    """
    for number, run in enumerate(planned):
        if number:
            yield [(Delta(), _ended(jobs[-1]))]  # a stray empty chunk stands between two runs
        chunks = run.plan.chunks
        job = flight.start(run.work, [chunk.token for chunk in chunks])
        jobs.append(job)
        position = 0
        ended = False
        while not ended:
            made = await flight.wait()
            ended = job.done or flight.gone
            if job.done and job.error is None and not flight.gone:
                made.append((run.work.output_tokens, _ended(job)))
            batch: list[tuple[Delta, float]] = []
            for token, at in made:
                while position < len(chunks) and chunks[position].token <= token:
                    batch.append((chunks[position].delta, at))
                    position += 1
            if batch:
                yield batch
        if flight.gone or job.error is not None:
            return


def _ended(job: Job) -> float:
    return job.submitted_at if job.finished_at is None else job.finished_at
