"""Children that Zeta builds: `ChatOllama` objects without the surprises of their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel

from zeta_langchain.children import ForeignModel, copied, is_ollama
from zeta_langchain.deadlines import seconds_left
from zeta_router.errors import ConfigError
from zeta_router.model import ModelCard
from zeta_router.ollama import Connection, hosts_from_environment, num_ctx_for, plain_address
from zeta_router.ollama.wire import bound_gaps, timeout_for

if TYPE_CHECKING:
    import httpx

    from zeta_router.router import ZetaDynamicRouter


def build(router: ZetaDynamicRouter, key: tuple[str, str], keywords: Mapping[str, Any]) -> BaseChatModel:
    """Return a `ChatOllama` for a model on one of the router's hosts. Contacts nobody.

    Args:
        router: Knows the hosts, and how large the context of its models is.
        key: Model and host.
        keywords: Further `ChatOllama` keywords.

    Raises:
        ForeignModel: The host is not one of the router's.
        ConfigError: A keyword is none of `ChatOllama`'s.
    """
    model, host = key
    connection = router.connections.get(host)
    if connection is None:
        raise ForeignModel(
            f"{model} on {host} is not on an Ollama host of the router; give its chat model in models=[...]"
        )
    card = next(
        (card for card in router.cards if card.name == model and card.host in (None, host)), ModelCard(name=model)
    )
    return chat_ollama(model, connection, num_ctx=num_ctx_for(card, at_most=router.limits.context), keywords=keywords)


def chat_ollama(model: str, connection: Connection, *, num_ctx: int, keywords: Mapping[str, Any]) -> BaseChatModel:
    """Return a `ChatOllama` that calls a model over one connection, always with the same `num_ctx`, in tokens."""
    from langchain_ollama import ChatOllama

    unknown = keywords.keys() - ChatOllama.model_fields.keys()
    if unknown:
        raise ConfigError(f"child_kwargs names {', '.join(sorted(unknown))}, which ChatOllama does not have")
    told = {"num_ctx": num_ctx, **keywords}
    shared = told.pop("client_kwargs", None) or {}
    blocking = merged(shared, told.pop("sync_client_kwargs", None) or {})
    awaited = merged(shared, told.pop("async_client_kwargs", None) or {})
    child = ChatOllama(
        model=model,
        base_url=connection.address,
        sync_client_kwargs=merged({**client_settings(connection), "event_hooks": hooks(connection)}, blocking),
        async_client_kwargs=merged({**client_settings(connection), "event_hooks": ahooks(connection)}, awaited),
        **told,
    )
    return without_secrets(child)


def client_settings(connection: Connection) -> dict[str, Any]:
    """Return the keywords of a client for one host, made anew, so that no two hosts share headers."""
    import httpx

    return {
        "headers": connection.headers,
        # No limit before the first byte: Ollama sends nothing while a model loads, and leaving throws the load away.
        "timeout": timeout_for(connection, read=None),
        # An answer takes seconds, a new connection a millisecond. A kept one may be dead, or belong to an event loop
        # that has ended: https://github.com/ollama/ollama-python/issues/547
        # No bound: a call that is cancelled while it connects may keep its place in the pool for ever, and after a
        # hundred of those nobody would be served: https://github.com/encode/httpcore/issues/1093
        "limits": httpx.Limits(max_connections=None, max_keepalive_connections=0),
        # As in `zeta_router.ollama`: a proxy cannot reach this machine, and certificates take 50 ms to load.
        "trust_env": not connection.is_loopback,
        "verify": connection.address.startswith("https:"),
    }


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return keywords of a client, the user's over ours; headers are added up, so that none is lost."""
    headers = {**(ours.get("headers") or {}), **(theirs.get("headers") or {})}
    return {**ours, **theirs, "headers": headers}


def hooks(connection: Connection) -> dict[str, Any]:
    """Return the hooks of a client that bound the silence before an answer, by the deadline, and between its pieces."""

    def asked(request: httpx.Request) -> None:
        bound_wait(request)

    def begun(response: httpx.Response) -> None:
        bound_gaps(response, at_most(connection.timeouts.between_chunks))

    return {"request": [asked], "response": [begun]}


def ahooks(connection: Connection) -> dict[str, Any]:
    """Return what `hooks` returns, for a client that is awaited."""

    async def asked(request: httpx.Request) -> None:
        bound_wait(request)

    async def begun(response: httpx.Response) -> None:
        bound_gaps(response, at_most(connection.timeouts.between_chunks))

    return {"request": [asked], "response": [begun]}


def bound_wait(request: httpx.Request) -> None:
    """Bound the silence before an answer by what is left until the deadline."""
    request.extensions["timeout"]["read"] = seconds_left()


def at_most(seconds: float) -> float:
    """Return some seconds, or what is left until the deadline if that is less."""
    left = seconds_left()
    return seconds if left is None else min(seconds, left)


def without_secrets(child: BaseChatModel) -> BaseChatModel:
    """Return a `ChatOllama` that shows no password and no header in its repr, which LangChain writes into every trace.

    Its clients have what they need already; the fields are only there to build them.
    """
    if not is_ollama(child):
        return child
    url = getattr(child, "base_url", None)
    update: dict[str, Any] = {"client_kwargs": {}, "sync_client_kwargs": {}, "async_client_kwargs": {}}
    if url:
        update["base_url"] = plain_address(url)
    return copied(child, update)


def card_of(name: str, child: BaseChatModel) -> ModelCard:
    """Return the card of a child that was given as an object, as far as it tells."""
    profile = getattr(child, "profile", None) or {}
    context = getattr(child, "num_ctx", None) or profile.get("max_input_tokens")
    if not is_ollama(child):
        return ModelCard(name=name, host=child._llm_type, context_length=context)
    host = plain_address(getattr(child, "base_url", None) or hosts_from_environment()[0])
    return replace(ModelCard.from_name(name, host=host), context_length=context)


def name_of(child: BaseChatModel) -> str:
    """Return the name of a child that was given as an object.

    Raises:
        ConfigError: It has none.
    """
    for field in ("model", "model_name", "model_id"):
        name = getattr(child, field, None)
        if isinstance(name, str) and name:
            return name
    raise ConfigError(f"a {type(child).__name__} does not tell its model; name it: models={{'my-model': ...}}")
