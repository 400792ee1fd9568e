"""The ASGI application: which path does what."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from zeta_router.simulator.server.bodies import error_response, text_response
from zeta_router.simulator.server.control import Control
from zeta_router.simulator.server.embedding import Embedding
from zeta_router.simulator.server.errors import WireError
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.library import Library
from zeta_router.simulator.server.listing import Listing
from zeta_router.simulator.server.openai import OpenAI
from zeta_router.simulator.server.server_faults import ServerFaults
from zeta_router.simulator.server.texts import Texts


def application(host: Host) -> Starlette:
    """Return the application that speaks for a host."""
    texts, embedding, listing, library = Texts(host), Embedding(host), Listing(host), Library(host)
    openai, control = OpenAI(host, embedding), Control(ServerFaults(host.driver))
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
        Route("/api/pull", library.pull, methods=["POST"]),
        Route("/api/push", library.push, methods=["POST"]),
        Route("/api/create", library.create, methods=["POST"]),
        Route("/api/copy", library.copy, methods=["POST"]),
        Route("/api/delete", library.delete, methods=["DELETE"]),
        Route("/api/blobs/{digest}", library.blob, methods=["HEAD", "POST"]),
        Route("/v1/chat/completions", openai.chat, methods=["POST"]),
        Route("/v1/completions", openai.completions, methods=["POST"]),
        Route("/v1/embeddings", openai.embeddings, methods=["POST"]),
        Route("/v1/models", openai.models),
        Route("/v1/models/{model:path}", openai.model),
        Route("/zeta/faults", control.show, methods=["GET"]),
        Route("/zeta/faults", control.add, methods=["POST"]),
        Route("/zeta/faults", control.clear, methods=["DELETE"]),
    ]
    handlers = {WireError: _wire_error, HTTPException: _http_error, ClientDisconnect: _left}
    return Starlette(routes=routes, exception_handlers=handlers)


async def _wire_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, WireError):
        raise error
    return error_response(error, request.url.path)


async def _left(request: Request, error: Exception) -> Response:
    """Answer a client that went away before its request was whole: nobody reads it, and it is no trouble of ours."""
    return Response(status_code=499)


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    texts = {404: "404 page not found", 405: "405 method not allowed"}
    return text_response(texts.get(error.status_code, error.detail), status=error.status_code)
