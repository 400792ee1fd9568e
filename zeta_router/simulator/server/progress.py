"""Work that is reported line by line: pull, push and create."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.server.bodies import JSON_TYPE
from zeta_router.simulator.server.driver import Driver
from zeta_router.simulator.server.flight import boarding
from zeta_router.simulator.server.go_json import encode
from zeta_router.simulator.server.sending import Wire

TRANSFER_BYTES_PER_S = 100e6  # a line of about 1 Gbit/s
_REPORTS = 2  # lines per transferred file, beside the one at its start

Line = Mapping[str, Any]


class Progress(Response):
    """Sends lines of progress as they come, or only the last one if the client wants no stream.

    Args:
        driver: For waiting in simulated time.
        steps: Makes the lines; it is given a coroutine function that waits simulated seconds.
        stream: Whether the client wants all lines.
    """

    def __init__(self, driver: Driver, steps: Callable[[Driver], AsyncIterator[Line]], *, stream: bool) -> None:
        self._driver = driver
        self._steps = steps
        self._stream = stream
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as an ASGI application. A client that leaves ends the work."""
        wire = Wire(scope, send)
        line: Line = {}
        async with boarding(self._driver, receive) as flight:
            async for line in self._steps(self._driver):
                if flight.gone:
                    return
                if self._stream:
                    await wire.part(encode(line) + b"\n", "application/x-ndjson")
            if self._stream:
                await wire.part(b"", "application/x-ndjson", more=False)
            else:
                await wire.whole(encode(line), JSON_TYPE)


async def transfer(driver: Driver, model: SimulatedModel, verb: str) -> AsyncIterator[Line]:
    """Yield the lines of a file on its way, `verb` being `pulling` or `pushing`, as long as it takes."""
    total = model.size_bytes
    line: dict[str, Any] = {"status": f"{verb} {model.blob[:12]}", "digest": f"sha256:{model.blob}", "total": total}
    yield line
    for report in range(1, _REPORTS + 1):
        await driver.sleep(total / TRANSFER_BYTES_PER_S / _REPORTS)
        yield line | {"completed": total * report // _REPORTS}
