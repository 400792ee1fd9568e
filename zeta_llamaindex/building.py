"""Children that Zeta builds: `llama_index.llms.ollama.Ollama` objects without the surprises of their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from zeta_llamaindex.children import Child, Key
from zeta_router.errors import ConfigError
from zeta_router.model import ModelCard
from zeta_router.ollama import Connection, num_ctx_for

if TYPE_CHECKING:
    from zeta_router.router import ZetaDynamicRouter

INSTEAD = {
    "model": "models=[...]",
    "base_url": "hosts=[...]",
    "context_window": "limits=Limits(context=...)",
    **{
        name: f"children=ChildSettings({name}=...)"
        for name in ("temperature", "request_timeout", "json_mode", "thinking", "keep_alive", "additional_kwargs")
    },
}
"""What `Ollama` calls it -> how a `ZetaLLM` is told."""

REQUEST_TIMEOUT = 600.0
"""Seconds of silence. LlamaIndex's own 30 s end most cold starts, and leaving throws the load away; 40 GB from a slow
disk take some minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSettings:
    """What every child that Zeta builds is built with; named as `llama_index.llms.ollama.Ollama` names it."""

    temperature: float | None = None
    request_timeout: float = REQUEST_TIMEOUT
    """Seconds without a byte. A server that is down is noticed sooner, by the connection's own timeouts."""
    json_mode: bool = False
    thinking: bool | Literal["low", "medium", "high"] | None = None
    keep_alive: float | str | None = None
    additional_kwargs: Mapping[str, Any] = field(default_factory=dict)
    """Further Ollama options, e.g. `{"num_predict": 256}`."""

    def __post_init__(self) -> None:
        """Refuse what would be noticed only when a model is called.

        Raises:
            ConfigError: The timeout is no time, or `num_ctx` stands among the options.
        """
        if not self.request_timeout > 0:
            raise ConfigError(f"request_timeout must be seconds above 0, got {self.request_timeout!r}")
        if "num_ctx" in self.additional_kwargs:
            raise ConfigError(
                "num_ctx must be one for all users of a model, or Ollama reloads it; set limits=Limits(context=...)"
            )

    @property
    def max_output_tokens(self) -> int | None:
        """Bound on the answer, where one is set; Ollama reads 0 and less as no bound."""
        bound = self.additional_kwargs.get("num_predict")
        return bound if isinstance(bound, int) and bound > 0 else None


def build(router: ZetaDynamicRouter, key: Key, settings: ChildSettings) -> Child:
    """Return a child for a model on one of the router's hosts. Contacts nobody.

    Raises:
        ConfigError: The host is not one of the router's, so that nothing is known of how to call it.
    """
    model, host = key
    connection = router.connections.get(host)
    if connection is None:
        raise ConfigError(
            f"{model} on {host} is not on an Ollama host of the router; give its LLM object in models=[...]"
        )
    card = next(
        (card for card in router.cards if card.name == model and card.host in (None, host)), ModelCard(name=model)
    )
    return ollama_child(model, connection, settings, num_ctx=num_ctx_for(card, at_most=router.limits.context))


def ollama_child(model: str, connection: Connection, settings: ChildSettings, *, num_ctx: int) -> Child:
    """Return a child that calls a model over one connection, always with the same `num_ctx`, in tokens.

    The clients are made here and not by the child, because its own wait as long for a connection as for an answer; and
    because headers among its fields would show in its repr and its JSON.
    """
    import httpx
    import ollama
    from llama_index.llms.ollama import Ollama  # type: ignore[import-untyped]  # it has no py.typed

    limits = connection.timeouts
    keywords: dict[str, Any] = {
        "host": connection.address,
        "timeout": httpx.Timeout(
            connect=limits.connect, read=settings.request_timeout, write=limits.between_chunks, pool=limits.connect
        ),
        # As in `zeta_router.ollama`: a proxy cannot reach this machine, and certificates take 50 ms to load.
        "trust_env": not connection.is_loopback,
        "verify": connection.address.startswith("https:"),
        # None is kept open: it could not be closed after its event loop, and a new one costs little beside an answer.
        # No bound: a call that is cancelled while it connects may keep its place in the pool for ever, and after a
        # hundred of those nobody would be served: https://github.com/encode/httpcore/issues/1093
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=0),
    }

    def new_async_client() -> ollama.AsyncClient:
        return ollama.AsyncClient(headers=connection.headers, **keywords)

    llm = Ollama(
        model=model,
        base_url=connection.address,
        temperature=settings.temperature,
        context_window=num_ctx,
        request_timeout=settings.request_timeout,
        json_mode=settings.json_mode,
        thinking=settings.thinking,
        keep_alive=settings.keep_alive,
        additional_kwargs=dict(settings.additional_kwargs),
        client=ollama.Client(headers=connection.headers, **keywords),
        async_client=new_async_client(),
    )
    return Child(llm, new_async_client=new_async_client)
