"""Endpoints that change which models are installed: pull, push, create, copy, delete, blobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from zeta_router.simulator.catalog import REGISTRY, SimulatedModel, hex_digest
from zeta_router.simulator.server.driver import Driver
from zeta_router.simulator.server.errors import WireError, not_found
from zeta_router.simulator.server.fields import check_types
from zeta_router.simulator.server.go_json import decode
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.options import parse_options
from zeta_router.simulator.server.progress import Line, Progress, transfer
from zeta_router.simulator.tags import model_from_tag

_NAMED = {"model": "string", "name": "string", "stream": "bool"}
_CREATE = _NAMED | {"from": "string", "system": "string", "template": "string", "parameters": "map[string]interface {}"}
_COPY = {"source": "string", "destination": "string"}


class Library:
    """The endpoints that install and remove models. Whatever is pulled from Ollama's registry is made up."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._uploaded: set[str] = set()

    async def pull(self, request: Request) -> Response:
        """Answer `/api/pull`; the transfer takes simulated time."""
        given, name = await self._named(request, "PullRequest")
        installed = self._host.find(name)
        if installed is None and name.count("/") > 1 and not name.lower().startswith(REGISTRY):
            host = name.partition("/")[0]
            raise WireError(
                500, f'pull model manifest: Get "https://{host}/v2/": dial tcp: lookup {host}: no such host'
            )
        model = installed if installed is not None else model_from_tag(name)

        async def steps(driver: Driver) -> AsyncIterator[Line]:
            yield {"status": "pulling manifest"}
            if installed is None:
                async for line in transfer(driver, model, "pulling"):
                    yield line
            yield {"status": "verifying sha256 digest"}
            yield {"status": "writing manifest"}
            if installed is None:
                self._install(model)
            yield {"status": "success"}

        return Progress(self._host.driver, steps, stream=given.get("stream", True))

    async def push(self, request: Request) -> Response:
        """Answer `/api/push`; nothing goes anywhere."""
        given, name = await self._named(request, "PushRequest")
        model = self._existing(name)

        async def steps(driver: Driver) -> AsyncIterator[Line]:
            yield {"status": "retrieving manifest"}
            async for line in transfer(driver, model, "pushing"):
                yield line
            yield {"status": "pushing manifest"}
            yield {"status": "success"}

        return Progress(self._host.driver, steps, stream=given.get("stream", True))

    async def create(self, request: Request) -> Response:
        """Answer `/api/create`: another name for the weights of `from`, with parameters of its own."""
        given, name = await self._named(request, "CreateRequest", _CREATE)
        source = given.get("from", "")
        if not source and not given.get("files"):
            raise WireError(400, "neither 'from' or 'files' was specified")
        options = parse_options(given.get("parameters", {}))
        base = self._host.find(source) if source else None
        model = (base or model_from_tag(source or name)).alias(name)
        model = replace(model, num_ctx=model.num_ctx if options.num_ctx is None else options.num_ctx)

        async def steps(driver: Driver) -> AsyncIterator[Line]:
            if base is None and source:
                yield {"status": "pulling manifest"}
                async for line in transfer(driver, model, "pulling"):
                    yield line
            yield {"status": "reading model metadata"}
            yield {"status": f"using existing layer sha256:{model.blob}"}
            yield {"status": f"creating new layer sha256:{hex_digest(str(options))}"}
            yield {"status": "writing manifest"}
            self._install(model)
            yield {"status": "success"}

        return Progress(self._host.driver, steps, stream=given.get("stream", True))

    async def copy(self, request: Request) -> Response:
        """Answer `/api/copy`."""
        given = check_types(decode(await request.body()), "CopyRequest", _COPY)
        source, destination = given.get("source", ""), given.get("destination", "")
        self._host.count("/api/copy", source)
        for name in (source, destination):
            if not name:
                raise WireError(400, f'name "{name}" is invalid')
        model = self._host.find(source)
        self._host.find(destination)  # refuses a malformed name
        if model is None:
            raise WireError(404, f'model "{source}" not found')
        self._install(model.alias(destination))
        return Response()

    async def delete(self, request: Request) -> Response:
        """Answer `/api/delete`; a loaded model stays loaded."""
        _, name = await self._named(request, "DeleteRequest")
        model = self._existing(name)
        self._host.engine.models.remove(model.name)
        return Response()

    async def blob(self, request: Request) -> Response:
        """Answer `/api/blobs/{digest}`: remember that it was uploaded, not what it was."""
        digest = request.path_params["digest"]
        if request.method == "HEAD":
            return Response(status_code=200 if digest in self._uploaded else 404)
        async for _ in request.stream():
            pass
        self._uploaded.add(digest)
        return Response(status_code=201)

    def _install(self, model: SimulatedModel) -> None:
        self._host.engine.models.add(model)
        self._host.modified[model.name] = self._host.engine.now

    def _existing(self, name: str) -> SimulatedModel:
        model = self._host.find(name)
        if model is None:
            raise not_found(name)
        return model

    async def _named(self, request: Request, struct: str, types: dict[str, str] = _NAMED) -> tuple[dict[str, Any], str]:
        """Return a body and the model it names, and count the request."""
        given = check_types(decode(await request.body()), struct, types)
        name = given.get("model") or given.get("name") or ""
        if not name:
            raise WireError(400, "invalid model name")
        self._host.count(request.url.path, name)
        return given, name
