"""What the server tells about itself and its models: version, status, tags, ps, show."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from zeta_router.simulator.catalog import SimulatedModel, canonical, hex_digest
from zeta_router.simulator.server.bodies import json_response, text_response
from zeta_router.simulator.server.errors import WireError
from zeta_router.simulator.server.fields import check_types
from zeta_router.simulator.server.go_json import decode
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.model_info import license_text, model_info, modelfile, parameters, template

_SHOW = {"model": "string", "name": "string", "verbose": "bool"}


class Listing:
    """The endpoints that only look."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def root(self, request: Request) -> Response:
        """Answer `/`."""
        return text_response("Ollama is running")

    async def version(self, request: Request) -> Response:
        """Answer `/api/version`."""
        self._host.count("/api/version")
        return json_response({"version": self._host.version})

    async def status(self, request: Request) -> Response:
        """Answer `/api/status`."""
        self._host.count("/api/status")
        disabled = self._host.cloud_disabled
        return json_response({"cloud": {"disabled": disabled, "source": "env" if disabled else "none"}})

    async def tags(self, request: Request) -> Response:
        """Answer `/api/tags`, newest first."""
        host = self._host
        host.count("/api/tags")
        models = sorted(host.engine.models, key=lambda model: -host.modified_at(model))
        return json_response({"models": [self._tag(model) for model in models]})

    async def ps(self, request: Request) -> Response:
        """Answer `/api/ps`, latest expiry first."""
        host = self._host
        host.count("/api/ps")
        lines = host.driver.act(host.engine.loaded)
        models = [
            {
                "name": line.model.name,
                "model": line.model.name,
                "size": line.size,
                "digest": self._digest(line.model),
                "details": details(line.model),
                "expires_at": host.calendar.text(line.expires_at),
                "size_vram": line.size_vram,
                "context_length": line.context_length,
            }
            for line in lines
        ]
        return json_response({"models": models})

    async def show(self, request: Request) -> Response:
        """Answer `/api/show`."""
        given = check_types(decode(await request.body()), "ShowRequest", _SHOW)
        name = given.get("model") or given.get("name") or ""
        if not name:
            raise WireError(400, "model is required")
        host = self._host
        host.count("/api/show", name)
        model = host.find(name)
        if model is None:
            raise WireError(404, f"model '{canonical(name)}' not found")
        body: dict[str, Any] = {"license": text} if (text := license_text(model)) else {}
        body["modelfile"] = modelfile(model)
        if lines := parameters(model):
            body["parameters"] = lines
        body |= {
            "template": template(model),
            "details": details(model),
            "model_info": model_info(model, verbose=given.get("verbose", False)),
            "capabilities": list(model.capabilities),
            "modified_at": host.calendar.text(host.modified_at(model)),
        }
        return json_response(body)

    def _tag(self, model: SimulatedModel) -> dict[str, Any]:
        lengths = {"context_length": model.context_length, "embedding_length": model.embedding_length}
        return {
            "name": model.name,
            "model": model.name,
            "modified_at": self._host.calendar.text(self._host.modified_at(model)),
            "size": model.size_bytes,
            "digest": self._digest(model),
            "details": details(model) | lengths,
            "capabilities": list(model.capabilities),
        }

    def _digest(self, model: SimulatedModel) -> str:
        if self._host.engine.faults.take("wrong_digest", model.name):
            return hex_digest(f"wrong {model.digest}")
        return model.digest


def details(model: SimulatedModel) -> dict[str, Any]:
    """Return the `details` of a model."""
    return {
        "parent_model": "",
        "format": "gguf",
        "family": model.family,
        "families": list(model.families),
        "parameter_size": model.parameter_size,
        "quantization_level": model.quantization,
    }
