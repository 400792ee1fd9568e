"""Bytes to and from a server: httpx clients, made per call and closed with it, and JSON read without a field lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zeta_router.ollama.addresses import Connection
from zeta_router.ollama.statuses import error_for, not_ollama

if TYPE_CHECKING:
    import httpx


def client_for(connection: Connection) -> httpx.Client:
    """Return a client for one call or one round of look-ups; use it in a `with`."""
    import httpx

    return httpx.Client(**_settings(connection))


def aclient_for(connection: Connection) -> httpx.AsyncClient:
    """Return what `client_for` returns, for the event loop that runs now and no other."""
    import httpx

    return httpx.AsyncClient(**_settings(connection))


def timeout_for(connection: Connection, *, read: float | None) -> httpx.Timeout:
    """Return the time limits of one request; `read` seconds may pass before its first byte, None for any number."""
    import httpx

    limits = connection.timeouts
    return httpx.Timeout(connect=limits.connect, read=read, write=limits.between_chunks, pool=limits.connect)


def bound_gaps(response: httpx.Response, seconds: float) -> None:
    """Bound the silence between two pieces of a body whose headers are here.

    httpx has one read timeout for both; the transport looks it up again when the body begins:
    https://www.python-httpx.org/advanced/extensions/#timeout
    """
    response.request.extensions["timeout"]["read"] = seconds


def body_of(response: httpx.Response, connection: Connection, model: str | None = None) -> dict[str, Any]:
    """Return the JSON object that a whole answer is.

    Raises:
        OllamaError: It is an error, or not a JSON object.
    """
    raise_for(response, connection, model)
    return object_in(response.content, connection, model)


def raise_for(response: httpx.Response, connection: Connection, model: str | None = None) -> None:
    """Raise what the server meant by an answer that has been read and is not 200.

    Raises:
        OllamaError: The status is anything else than 200.
    """
    if response.status_code != 200:
        raise error_for(response.status_code, response.text, connection.address, model)


def object_in(data: bytes, connection: Connection, model: str | None = None) -> dict[str, Any]:
    """Return the JSON object that some bytes are.

    Raises:
        ServerUnreachable: They are none: something else than an Ollama answered.
        OllamaError: They are an error, as the last line of a stream may be.
    """
    try:
        found = json.loads(data)
    except ValueError:
        # The text of the error would quote the answer; its position is of no use to anybody.
        raise not_ollama(connection.address, model) from None
    if not isinstance(found, dict):
        raise not_ollama(connection.address, model)
    if "error" in found:
        raise error_for(-1, json.dumps(found), connection.address, model)
    return found


class Lines:
    """Cuts a stream of bytes into lines at newlines, and nowhere else.

    `httpx.Response.iter_lines` also cuts at U+0085 and its like, which Ollama writes raw inside JSON strings.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that are complete now, without empty ones."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line for line in lines if line.strip()]

    def close(self) -> list[bytes]:
        """Return the last line, if the stream ended without a newline."""
        rest, self._rest = self._rest, b""
        return [rest] if rest.strip() else []


def _settings(connection: Connection) -> dict[str, Any]:
    return {
        "base_url": connection.address,
        "headers": connection.headers,
        "timeout": timeout_for(connection, read=connection.timeouts.lookup),
        # A proxy of the environment can reach other machines, but not this one.
        "trust_env": not connection.is_loopback,
        # Loading the certificates takes ten times as long as the rest; no redirect is followed from http to https.
        "verify": connection.address.startswith("https:"),
        "follow_redirects": False,
    }
