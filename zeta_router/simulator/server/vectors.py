"""Sends vectors when the engine has made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.jobs import Job, Work
from zeta_router.simulator.server.bodies import error_response
from zeta_router.simulator.server.errors import WireError, failed
from zeta_router.simulator.server.flight import Flight, boarding
from zeta_router.simulator.server.go_json import encode
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.sending import Wire
from zeta_router.simulator.server.trouble import crash_text, take_trouble


class Vectors(Response):
    """The answer to one embedding request.

    Args:
        host: Where it runs.
        model: Which model makes the vectors.
        work: What the engine has to do.
        error: What is wrong with the request; the server says so only after loading the model.
        finish: Makes the body from the finished job.
        content_type: Of the body.
    """

    def __init__(
        self,
        host: Host,
        model: SimulatedModel,
        work: Work,
        error: WireError | None,
        finish: Callable[[Job], Mapping[str, Any]],
        *,
        content_type: str,
    ) -> None:
        self._host = host
        self._model = model
        self._work = work
        self._error = error
        self._finish = finish
        self._content_type = content_type
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as an ASGI application."""
        wire = Wire(scope, send)
        async with boarding(self._host.driver, receive) as flight:
            try:
                await self._answer(flight, wire)
            except WireError as error:
                await error_response(error, scope["path"])(scope, receive, send)

    async def _answer(self, flight: Flight, wire: Wire) -> None:
        trouble = take_trouble(self._host.engine.faults, self._model.name)
        if trouble.kind in ("drop_connection", "truncate"):
            await wire.drop(flight)
            return
        job = await flight.load(self._work)
        if flight.gone:
            return
        if job.error is not None:
            raise failed(job.error)
        if self._error is not None:
            raise self._error
        if trouble.kind == "error_line":
            raise WireError(500, crash_text(rendered=self._model.rendered))
        await wire.whole(encode(self._finish(job)), self._content_type)
