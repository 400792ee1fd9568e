"""`/api/chat` and `/api/generate`."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.server.asking import Ask, parse_chat, parse_generate
from zeta_router.simulator.server.errors import WireError, not_found, unsupported
from zeta_router.simulator.server.go_json import decode
from zeta_router.simulator.server.host import Host, full_name
from zeta_router.simulator.server.logprobs import Logprobs
from zeta_router.simulator.server.options import parse_options
from zeta_router.simulator.server.reply import Reply
from zeta_router.simulator.server.shapes import ChatShape, GenerateShape, call_id


class Texts:
    """The two endpoints that make text, in Ollama's own form."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def chat(self, request: Request) -> Response:
        """Answer `/api/chat`."""
        ask = parse_chat(decode(await request.body()))
        if not ask.model:
            raise WireError(400, "model is required")
        return self._reply(request, ask, ChatShape)

    async def generate(self, request: Request) -> Response:
        """Answer `/api/generate`."""
        ask = parse_generate(decode(await request.body()))
        if not ask.model:
            raise not_found("")
        return self._reply(request, ask, GenerateShape)

    def _reply(self, request: Request, ask: Ask, shape: type[ChatShape | GenerateShape]) -> Response:
        host = self._host
        host.count(request.url.path, ask.model)
        model, ask = checked(host, ask)
        return Reply(
            host,
            ask,
            model,
            shape(
                ask.model,
                host.calendar,
                logprobs=Logprobs(ask.top_logprobs) if ask.logprobs or ask.top_logprobs else None,
                new_id=lambda: call_id(host.rng, rendered=model.rendered),
            ),
        )


def checked(host: Host, ask: Ask) -> tuple[SimulatedModel, Ask]:
    """Return the model that is asked, and the request with its options read.

    Raises:
        WireError: The model is unknown, or cannot do what is asked (`ollama-wire.md` 2.1).
    """
    model = host.find(ask.model)
    if model is None:
        raise not_found(ask.model)
    if model.embedding:
        raise unsupported(f'"{ask.model}"', ask.kind)
    if ask.tools and "tools" not in model.capabilities:
        raise unsupported(full_name(ask.model), "tools")
    if ask.suffix and "insert" not in model.capabilities:
        raise unsupported(full_name(ask.model), "insert")
    if ask.thinks and not model.thinks:
        raise unsupported(f'"{ask.model}"', "thinking")
    return model, replace(ask, options=parse_options(ask.raw_options))
