"""A server on a loopback socket that answers what a test tells it to, byte by byte, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from zeta_router.ollama import Connection, Timeouts


@dataclass(frozen=True)
class Answer:
    """What the server sends for one path."""

    body: bytes = b""
    status: int = 200
    stalls: bool = False
    """Stays silent after the body, until the client goes away."""
    cut: bool = False
    """Closes the connection before the body is as long as it said."""
    silence: float = 0.0
    """Seconds without a byte before the answer."""


def answer(body: object, status: int = 200) -> Answer:
    """Return the answer that is one JSON value."""
    return Answer(json.dumps(body, ensure_ascii=False).encode(), status)


def stream(*lines: object) -> Answer:
    """Return the answer that is one JSON value per line."""
    return Answer(b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines))


def said(content: str, **fields: Any) -> dict[str, Any]:
    """Return a line of a chat stream before its last."""
    return {"model": "m", "message": {"role": "assistant", "content": content, **fields}, "done": False}


def done(**fields: Any) -> dict[str, Any]:
    """Return the last line of a chat stream, of a model that was warm."""
    clocks = {"total_duration": 86_914_208, "load_duration": 4_180_417, "prompt_eval_duration": 19_466_120}
    counts = {"prompt_eval_count": 32, "eval_count": 8, "eval_duration": 58_402_511}
    message = {"role": "assistant", "content": ""}
    return {"model": "m", "message": message, "done": True, "done_reason": "stop", **clocks, **counts, **fields}


@dataclass
class Stub:
    """The server, and what it was asked: method and path, headers, JSON body."""

    address: str = ""
    answers: dict[str, Answer | Callable[[Any], Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    stalling: threading.Event = field(default_factory=threading.Event)
    client_left: threading.Event = field(default_factory=threading.Event)

    def connection(self, **timeouts: float) -> Connection:
        """Return the connection to this server, with other time limits where given."""
        return Connection.of(self.address, timeouts=Timeouts(**timeouts))


@contextmanager
def serving() -> Iterator[Stub]:
    """Run a stub on a free loopback port."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            stub.asked.append(f"{self.command} {self.path}")
            stub.headers.append(dict(self.headers))
            stub.bodies.append(body)
            found = stub.answers.get(self.path, Answer(b"404 page not found", 404))
            reply = found(body) if callable(found) else found
            if reply.silence:
                stub.client_left.wait(reply.silence)
            more = 10 if reply.stalls or reply.cut else 0
            head = f"HTTP/1.1 {reply.status} x\r\nContent-Length: {len(reply.body) + more}\r\n\r\n"
            self.wfile.write(head.encode() + reply.body)  # in one piece, so that no test depends on the time between
            if reply.stalls:
                stub.stalling.set()
                self.connection.recv(1)  # returns when the client closes
                stub.client_left.set()
            self.close_connection = reply.stalls or reply.cut

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    stub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
