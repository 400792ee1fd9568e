"""An HTTP server in a thread: uvicorn on a loopback socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_TURNS_TO_LEAVE = 100  # of the event loop; a handler needs about five
_TICK_S = 0.1  # what uvicorn's ten ticks a second are counted in


class _Protocol(H11Protocol):
    """Lets the application close the connection in the middle of an answer: `scope["state"]["close_connection"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "close_connection": transport.close}


class _Server(uvicorn.Server):
    """Uvicorn's server, but it says when it listens, and ends at once: tests start and stop hundreds of them."""

    def __init__(self, config: uvicorn.Config, begun: threading.Event) -> None:
        super().__init__(config)
        self._begun = begun
        self._ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Stop; any thread may ask."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._begun.set()

    async def main_loop(self) -> None:
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ending.wait(), _TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()  # uvicorn would wait for answers that may take for ever
        for _ in range(_TURNS_TO_LEAVE):  # the handlers see that their clients are gone, and end by themselves
            if not self.server_state.tasks:
                break
            await asyncio.sleep(0)


class Listener:
    """Serves an ASGI application from a daemon thread until `stop`.

    Args:
        app: The application.
        host: Address to bind.
        port: 0 picks a free one.
        on_start: Called in the server's loop before the first request.
        on_stop: Called there after the last.
        reuse_connections: Whether a connection may carry more than one request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        on_start: Callable[[], None],
        on_stop: Callable[[], None],
        reuse_connections: bool = True,
    ) -> None:
        self._app = app
        self._address = (host, port)
        self._on_start = on_start
        self._on_stop = on_stop
        self._reuse_connections = reuse_connections
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the port is 0 as long as none was picked."""
        if self._socket is None:
            return self._address
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Bind, and return when requests are answered.

        Raises:
            OSError: The address is taken or not ours.
        """
        # Naming the protocol makes asyncio set TCP_NODELAY on accepted connections; without it, the reply to every
        # request on a kept-alive connection waits 40 ms for a delayed acknowledgement.
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(self._address)
        except OSError:
            bound.close()
            raise
        begun = threading.Event()
        self._socket = bound
        self._server = _Server(_config(self._app, reuse_connections=self._reuse_connections), begun)
        self._thread = threading.Thread(
            target=self._run, args=(self._server, bound), name="simulated-ollama", daemon=True
        )
        self._thread.start()
        if not begun.wait(_START_TIMEOUT_S):
            raise RuntimeError("the simulated Ollama did not start")

    def stop(self) -> None:
        """Drop all connections and return when the thread has ended; harmless when not started."""
        if self._server is not None and self._thread is not None and self._socket is not None:
            self._address = self.address  # the URL stays what it was, and a restart takes the same port
            self._server.end()
            self._thread.join(_STOP_TIMEOUT_S)
            self._socket.close()
        self._server = self._thread = self._socket = None

    def _run(self, server: _Server, bound: socket.socket) -> None:
        async def serve() -> None:
            self._on_start()
            try:
                await server.serve(sockets=[bound])
            finally:
                self._on_stop()

        asyncio.run(serve())


def _config(app: ASGIApp, *, reuse_connections: bool) -> uvicorn.Config:
    options: dict[str, Any] = {
        "http": _Protocol,
        "ws": "none",
        "lifespan": "off",
        "loop": "asyncio",
        "log_config": None,
        "log_level": "error",
        "access_log": False,
        "server_header": False,
        "timeout_keep_alive": 3600,
        "headers": [] if reuse_connections else [("connection", "close")],
    }
    return uvicorn.Config(app, **options)
