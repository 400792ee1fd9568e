"""Which models a server has (`discover`) and which of them are in memory now (`resident`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zeta_router.errors import OllamaError
from zeta_router.model import ModelCard, canonical
from zeta_router.ollama.addresses import Connection
from zeta_router.ollama.cards import card_of, is_allowed, is_cloud
from zeta_router.ollama.errors import translated
from zeta_router.ollama.statuses import not_ollama
from zeta_router.ollama.wire import aclient_for, body_of, client_for

if TYPE_CHECKING:
    import httpx

AT_ONCE = 4
"""Models asked about at the same time: each reads the header of a file, on a machine that may be busy answering."""

Shown = MutableMapping[str, Mapping[str, Any]]
"""Digest of a model -> what `/api/show` said of it. Kept by the caller, so that asking again costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """A model that is in a server's memory. It may have crashed, and one that is loading is not listed yet."""

    name: str
    """Tag that loaded it: another tag of the same digest shares it."""
    digest: str | None
    size: int | None
    """Bytes: weights, context and work space."""
    size_vram: int | None
    """Bytes of these that are on GPUs. Less than `size` means that a part runs on the CPU, which is slow."""
    context_length: int | None
    """The `num_ctx` in force, in tokens."""


def discover(
    connection: Connection,
    *,
    allow_cloud: Collection[str] = (),
    known: Shown | None = None,
    only: str | None = None,
) -> tuple[ModelCard, ...]:
    """Return a card for every model that a server has, newest first. Cloud models are left out unless allowed by name.

    A model that the server cannot show is known by what the list of models says of it.

    Args:
        connection: The server.
        allow_cloud: Tags of the cloud models that may be used.
        known: What was shown before, by digest; what is new is added.
        only: The one model to ask about; None for all.

    Raises:
        ServerUnreachable: No Ollama answers at this address.
        OllamaError: It answers with an error.
    """
    from concurrent.futures import ThreadPoolExecutor

    known = {} if known is None else known
    with translated(connection.address), client_for(connection) as client:
        entries = _entries(body_of(client.get("/api/tags"), connection), connection, allow_cloud, only)
        asked = _unknown(entries, known)
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            answers = list(pool.map(lambda name: _shown(client, connection, name), asked.values()))
    return _cards(entries, asked, answers, known, connection)


async def adiscover(
    connection: Connection,
    *,
    allow_cloud: Collection[str] = (),
    known: Shown | None = None,
    only: str | None = None,
) -> tuple[ModelCard, ...]:
    """Do what `discover` does, without blocking the event loop."""
    import asyncio

    known = {} if known is None else known
    at_once = asyncio.Semaphore(AT_ONCE)
    with translated(connection.address):
        async with aclient_for(connection) as client:
            entries = _entries(body_of(await client.get("/api/tags"), connection), connection, allow_cloud, only)
            asked = _unknown(entries, known)
            answers = await asyncio.gather(*(_ashown(client, connection, name, at_once) for name in asked.values()))
    return _cards(entries, asked, answers, known, connection)


def resident(connection: Connection) -> tuple[Resident, ...]:
    """Return the models that are in a server's memory now.

    Raises:
        ServerUnreachable: No Ollama answers at this address.
        OllamaError: It answers with an error.
    """
    with translated(connection.address), client_for(connection) as client:
        return _residents(body_of(client.get("/api/ps"), connection), connection)


async def aresident(connection: Connection) -> tuple[Resident, ...]:
    """Do what `resident` does, without blocking the event loop."""
    with translated(connection.address):
        async with aclient_for(connection) as client:
            return _residents(body_of(await client.get("/api/ps"), connection), connection)


def _shown(client: httpx.Client, connection: Connection, name: str) -> Mapping[str, Any] | None:
    try:
        with translated(connection.address, name):
            return body_of(client.post("/api/show", json={"model": name}), connection, name)
    except OllamaError:
        return None


async def _ashown(
    client: httpx.AsyncClient, connection: Connection, name: str, at_once: Any
) -> Mapping[str, Any] | None:
    try:
        with translated(connection.address, name):
            async with at_once:
                return body_of(await client.post("/api/show", json={"model": name}), connection, name)
    except OllamaError:
        return None


def _entries(
    body: Mapping[str, Any], connection: Connection, allow_cloud: Collection[str], only: str | None
) -> list[Mapping[str, Any]]:
    """Return what the list of models says of each model that may be used."""
    return [
        entry
        for entry in _models(body, connection)
        if (only is None or canonical(entry["name"]) == canonical(only))
        and (not is_cloud(entry["name"], entry) or is_allowed(entry["name"], allow_cloud))
    ]


def _models(body: Mapping[str, Any], connection: Connection) -> list[Mapping[str, Any]]:
    models = body.get("models")
    if not isinstance(models, list):
        raise not_ollama(connection.address)
    return [m for m in models if isinstance(m, dict) and isinstance(m.get("name"), str) and m["name"].strip()]


def _key(entry: Mapping[str, Any]) -> str:
    return str(entry.get("digest") or entry["name"])


def _unknown(entries: Collection[Mapping[str, Any]], known: Shown) -> dict[str, str]:
    """Return digest -> a tag to ask for, of the models that nothing is known of; tags of one digest are asked once."""
    return {_key(entry): entry["name"] for entry in entries if _key(entry) not in known}


def _cards(
    entries: Collection[Mapping[str, Any]],
    asked: Mapping[str, str],
    answers: Collection[Mapping[str, Any] | None],
    known: Shown,
    connection: Connection,
) -> tuple[ModelCard, ...]:
    known.update({digest: shown for digest, shown in zip(asked, answers, strict=True) if shown is not None})
    return tuple(card_of(entry, known.get(_key(entry)), connection.address) for entry in entries)


def _residents(body: Mapping[str, Any], connection: Connection) -> tuple[Resident, ...]:
    return tuple(
        Resident(
            name=model["name"],
            digest=_of(str, model.get("digest")),
            size=_of(int, model.get("size")),
            size_vram=_of(int, model.get("size_vram")),
            context_length=_of(int, model.get("context_length")),
        )
        for model in _models(body, connection)
    )


def _of(kind: type[Any], value: Any) -> Any:
    return value if isinstance(value, kind) else None
