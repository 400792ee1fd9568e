"""`/api/embed` and the older `/api/embeddings`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from zeta_router.simulator.catalog import SimulatedModel
from zeta_router.simulator.jobs import Job, Work
from zeta_router.simulator.server.bodies import JSON_TYPE
from zeta_router.simulator.server.errors import WireError, embedding_too_long, not_found, not_found_for_embedding
from zeta_router.simulator.server.fields import check_types
from zeta_router.simulator.server.go_json import decode, number
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.keep_alive import parse_keep_alive
from zeta_router.simulator.server.options import Options, parse_options
from zeta_router.simulator.server.vectors import Vectors
from zeta_router.simulator.tokens import count, cut

_EMBED = {"model": "string", "truncate": "bool", "dimensions": "int", "options": "map[string]interface {}"}
_LEGACY = {"model": "string", "prompt": "string", "options": "map[string]interface {}"}
_MARKER_TOKENS = 2  # start and end of every input


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedAsk:
    """A checked request for vectors."""

    model: str
    texts: tuple[str, ...] = field(repr=False)
    truncate: bool = True
    dimensions: int | None = None
    options: Options = field(default_factory=Options)
    keep_alive: float | None = None


class Embedding:
    """The endpoints that make vectors, in Ollama's own form."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def embed(self, request: Request) -> Response:
        """Answer `/api/embed`."""
        given = check_types(decode(await request.body()), "EmbedRequest", _EMBED)
        texts = given.get("input", "")
        if isinstance(texts, str):
            texts = [texts] if texts else []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise WireError(400, "invalid input type")
        ask = embed_ask(given, texts)

        def body(vectors: list[list[float]], job: Job) -> dict[str, Any]:
            body: dict[str, Any] = {"model": ask.model, "embeddings": vectors}
            if vectors:
                timings = {"total_duration": job.total, "load_duration": job.load}
                counts = {"prompt_eval_count": job.work.prompt_tokens}
                body |= {key: value for key, value in (timings | counts).items() if value}
            return body

        return self.reply(request, ask, body)

    async def legacy(self, request: Request) -> Response:
        """Answer `/api/embeddings`."""
        given = check_types(decode(await request.body()), "EmbeddingRequest", _LEGACY)
        ask = embed_ask(given, [given["prompt"]] if given.get("prompt") else [])

        def body(vectors: list[list[float]], job: Job) -> dict[str, Any]:
            # Here Go writes the 32-bit numbers as 64-bit ones, with all their digits.
            return {"embedding": [number(_as_double(x)) for x in vectors[0]] if vectors else []}

        return self.reply(request, ask, body, unsupported_status=500)

    def reply(
        self,
        request: Request,
        ask: EmbedAsk,
        body: Callable[[list[list[float]], Job], Mapping[str, Any]],
        *,
        unsupported_status: int = 501,
        content_type: str = JSON_TYPE,
    ) -> Response:
        """Return the response that makes vectors and sends `body(vectors, job)`.

        Raises:
            WireError: The model is unknown.
        """
        host = self._host
        host.count(request.url.path, ask.model)
        model = host.find(ask.model) if ask.model else None
        if model is None:
            raise not_found_for_embedding(ask.model) if ask.model else not_found("")
        texts, tokens, error = self._fitted(ask, model)
        if "embedding" not in model.capabilities:
            error = WireError(
                unsupported_status, "This server does not support embeddings. Start it with `--embeddings`"
            )
        work = Work(
            model=model,
            kind="embed" if texts and error is None else "load",
            prompt_tokens=tokens if error is None else 0,
            num_ctx=ask.options.num_ctx,
            load_options=ask.options.load,
            keep_alive=ask.keep_alive,
        )
        length = min(ask.dimensions or model.embedding_length, model.embedding_length)

        def finish(job: Job) -> Mapping[str, Any]:
            vectors = [host.embedder.embed(text, model=model.name, length=length) for text in texts]
            return body([[number(_as_single(x)) for x in vector] for vector in vectors], job)

        return Vectors(host, model, work, error, finish, content_type=content_type)

    def _fitted(self, ask: EmbedAsk, model: SimulatedModel) -> tuple[list[str], int, WireError | None]:
        """Return the inputs cut to the context, their tokens, and the error if they may not be cut."""
        num_ctx = self._host.engine.context_of(Work(model=model, num_ctx=ask.options.num_ctx))
        room = num_ctx - _MARKER_TOKENS
        error = None
        texts: list[str] = []
        for text in ask.texts:
            tokens = cut(text)
            if len(tokens) > room and not ask.truncate:
                error = embedding_too_long()
            texts.append("".join(tokens[:room]) if len(tokens) > room else text)
        return texts, sum(count(text) + _MARKER_TOKENS for text in texts), error


def embed_ask(given: Mapping[str, Any], texts: list[str]) -> EmbedAsk:
    """Return the checked request.

    Raises:
        WireError: An option or keep_alive is wrong.
    """
    return EmbedAsk(
        model=given.get("model", ""),
        texts=tuple(texts),
        truncate=given.get("truncate", True),
        dimensions=given.get("dimensions"),
        options=parse_options(given.get("options", {})),
        keep_alive=parse_keep_alive(given.get("keep_alive")),
    )


def _as_single(x: float) -> float:
    """Return the number with the fewest digits that is the same 32-bit number, as Go prints it."""
    return float(f"{x:.8g}")


def _as_double(x: float) -> float:
    """Return the 32-bit number nearest to `x`."""
    return float(struct.unpack("f", struct.pack("f", x))[0])
