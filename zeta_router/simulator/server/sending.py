"""Bytes to the client: in one piece, in parts, or cut off."""

from __future__ import annotations

from starlette.types import Scope, Send

from zeta_router.simulator.server.flight import Flight


class Wire:
    """The sending side of one request. Headers go out with the first bytes of the body, as Ollama sends them."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._close = scope["state"]["close_connection"]
        self._send = send
        self.started = False
        """Whether status and headers are out."""

    async def whole(self, body: bytes, content_type: str, *, status: int = 200) -> None:
        """Send an answer in one piece."""
        await self._start(status, content_type, [(b"content-length", str(len(body)).encode())])
        await self._send({"type": "http.response.body", "body": body})

    async def part(self, body: bytes, content_type: str, *, more: bool = True) -> None:
        """Send a part of a stream."""
        if not self.started:
            await self._start(200, content_type, [])
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def drop(self, flight: Flight) -> None:
        """Close the connection in the middle, after what was sent."""
        self._close()
        await flight.left()

    async def _start(self, status: int, content_type: str, headers: list[tuple[bytes, bytes]]) -> None:
        self.started = True
        headers = [(b"content-type", content_type.encode()), *headers]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
