"""The OpenAI-compatible side: `/v1` chat, completions, embeddings and models."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.jobs import Job
from zeta_router.simulator.server.asking import Ask, parse_chat, parse_generate
from zeta_router.simulator.server.bodies import OPENAI_TYPE, json_response
from zeta_router.simulator.server.embedding import Embedding, embed_ask
from zeta_router.simulator.server.errors import WireError, not_found
from zeta_router.simulator.server.fields import check_types
from zeta_router.simulator.server.go_json import decode
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.openai_requests import chat_body, completion_body, include_usage
from zeta_router.simulator.server.openai_shapes import ChatCompletion, TextCompletion
from zeta_router.simulator.server.reply import Reply
from zeta_router.simulator.server.shapes import call_id
from zeta_router.simulator.server.texts import checked

_EMBEDDINGS = {"model": "string", "dimensions": "int", "encoding_format": "string"}


class OpenAI:
    """The endpoints in OpenAI's form."""

    def __init__(self, host: Host, embedding: Embedding) -> None:
        self._host = host
        self._embedding = embedding

    async def chat(self, request: Request) -> Response:
        """Answer `/v1/chat/completions`."""
        body = decode(await request.body())
        ask = parse_chat(chat_body(body))
        if not ask.model:
            raise WireError(400, "model is required")
        return self._reply(request, body, ask, ChatCompletion)

    async def completions(self, request: Request) -> Response:
        """Answer `/v1/completions`."""
        body = decode(await request.body())
        ask = parse_generate(completion_body(body))
        return self._reply(request, body, ask, TextCompletion)

    async def embeddings(self, request: Request) -> Response:
        """Answer `/v1/embeddings`."""
        given = check_types(decode(await request.body()), "EmbedRequest", _EMBEDDINGS)
        texts = given.get("input", [])
        texts = [texts] if isinstance(texts, str) else texts
        if not texts or not all(isinstance(text, str) for text in texts):
            raise WireError(400, "invalid input")
        ask = embed_ask(given, texts)
        packed = given.get("encoding_format") == "base64"

        def body(vectors: list[list[float]], job: Job) -> Mapping[str, Any]:
            tokens = job.work.prompt_tokens
            data = [
                {"object": "embedding", "embedding": _packed(vector) if packed else vector, "index": index}
                for index, vector in enumerate(vectors)
            ]
            usage = {"prompt_tokens": tokens, "total_tokens": tokens}
            return {"object": "list", "data": data, "model": ask.model, "usage": usage}

        return self._embedding.reply(request, ask, body, content_type=OPENAI_TYPE)

    async def models(self, request: Request) -> Response:
        """Answer `/v1/models`, newest first."""
        host = self._host
        host.count("/v1/models")
        models = sorted(host.engine.models, key=lambda model: -host.modified_at(model))
        body = {"object": "list", "data": [self._entry(model) for model in models]}
        return json_response(body, content_type=OPENAI_TYPE)

    async def model(self, request: Request) -> Response:
        """Answer `/v1/models/{model}`."""
        name = request.path_params["model"]
        self._host.count("/v1/models", name)
        model = self._host.find(name)
        if model is None:
            raise not_found(name)
        return json_response(self._entry(model), content_type=OPENAI_TYPE)

    def _reply(self, request: Request, body: Any, ask: Ask, shape: type[ChatCompletion | TextCompletion]) -> Response:
        host = self._host
        host.count(request.url.path, ask.model)
        model, ask = checked(host, ask)
        return Reply(
            host,
            ask,
            model,
            shape(
                ask.model,
                created=host.calendar.seconds(host.engine.now),
                rng=host.rng,
                include_usage=include_usage(body),
                new_id=lambda: call_id(host.rng, rendered=model.rendered),
            ),
        )

    def _entry(self, model: SimulatedModel) -> dict[str, Any]:
        namespace, _, _ = model.name.rpartition("/")
        return {
            "id": model.name,
            "object": "model",
            "created": self._host.calendar.seconds(self._host.modified_at(model)),
            "owned_by": namespace or "library",
        }


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
