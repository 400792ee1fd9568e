"""Who may ask: a server on a loopback address answers local names only, as Ollama does."""

from __future__ import annotations

import ipaddress
import socket

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_LOCAL_ENDINGS = (".localhost", ".local", ".internal")
_CORS = {
    "access-control-allow-methods": "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS",
    "access-control-allow-headers": "Authorization,Content-Type,User-Agent,Accept,X-Requested-With",
    "access-control-max-age": "43200",
}


class Gate:
    """Refuses foreign `Host` headers with an empty 403, and answers CORS preflights with 204.

    It keeps web pages from reaching a local server through a name of their own (DNS rebinding).

    Args:
        app: What answers the rest.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._own_name = socket.gethostname().lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as an ASGI application."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if not self._local(headers.get("host", "")):
                await Response(status_code=403)(scope, receive, send)
                return
            if scope["method"] == "OPTIONS" and "origin" in headers:
                origin = {"access-control-allow-origin": headers["origin"]}
                await Response(status_code=204, headers=_CORS | origin)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _local(self, host: str) -> bool:
        name = _without_port(host).lower().rstrip(".")
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in ("", "localhost", self._own_name) or name.endswith(_LOCAL_ENDINGS)
        return address.is_loopback or address.is_private or address.is_unspecified


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host
