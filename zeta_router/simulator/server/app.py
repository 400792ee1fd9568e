"""The ASGI application: which path does what."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zeta_router.simulator.server.bodies import error_response, text_response
from zeta_router.simulator.server.embedding import Embedding
from zeta_router.simulator.server.errors import WireError
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.listing import Listing
from zeta_router.simulator.server.texts import Texts


def application(host: Host) -> Starlette:
    """Return the application that speaks for a host."""
    texts, embedding, listing = Texts(host), Embedding(host), Listing(host)
    routes = [
        Route("/", listing.root),
        Route("/api/version", listing.version),
        Route("/api/status", listing.status),
        Route("/api/tags", listing.tags),
        Route("/api/ps", listing.ps),
        Route("/api/show", listing.show, methods=["POST"]),
        Route("/api/chat", texts.chat, methods=["POST"]),
        Route("/api/generate", texts.generate, methods=["POST"]),
        Route("/api/embed", embedding.embed, methods=["POST"]),
        Route("/api/embeddings", embedding.legacy, methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={WireError: _wire_error, HTTPException: _http_error})


async def _wire_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, WireError):
        raise error
    return error_response(error)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    texts = {404: "404 page not found", 405: "405 method not allowed"}
    return text_response(texts.get(error.status_code, error.detail), status=error.status_code)
