"""From what a user gives to a `ChatZeta` to the router and the children behind it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel

from zeta_langchain.building import build, card_of, name_of, without_secrets
from zeta_langchain.children import Children, Key
from zeta_router.errors import ConfigError
from zeta_router.model import ModelCard
from zeta_router.objective import Objective
from zeta_router.router import ZetaDynamicRouter
from zeta_router.store import Store

Given = Sequence["str | ModelCard | BaseChatModel"] | Mapping[str, "str | ModelCard | BaseChatModel"]
"""Names, cards or chat models; in a mapping, chat models by names of your own."""


def found(
    models: Given | None,
    router: ZetaDynamicRouter | None,
    hosts: Sequence[str] | None,
    base_url: str | None,
    objective: str | Objective | None,
    store: str | os.PathLike[str] | Store | None,
    keywords: Mapping[str, Any],
) -> tuple[ZetaDynamicRouter, Children]:
    """Return the router and the children for what a user gave.

    Args:
        models: Who may answer. With a router given, only chat models: the router says which names there are.
        router: Picks; None makes one.
        hosts: Addresses for names that are given without one; None takes `OLLAMA_HOST`.
        base_url: One such address.
        objective: For a router that is made here; None is `balanced`.
        store: For a router that is made here; None keeps what it learns in memory.
        keywords: `ChatOllama` keywords for children that are built later.

    Raises:
        ConfigError: Nothing was given, or two things that contradict each other.
    """
    if hosts is not None and base_url is not None:
        raise ConfigError("give hosts=[...] or base_url=..., not both")
    if models is None and router is None:
        raise ConfigError("name at least one model, e.g. ChatZeta(['llama3.2:3b']), or use ChatZeta.from_ollama()")
    cards, given = _read(models if models is not None else ())
    if router is None:
        where = [base_url] if base_url is not None else hosts
        wanted = "balanced" if objective is None else objective
        router = ZetaDynamicRouter(cards, hosts=where, objective=wanted, store=store)
    else:
        if store is not None:
            raise ConfigError("give router or store, not both: the router has its own")
        if hosts is not None or base_url is not None:
            raise ConfigError("the router knows its hosts: give router=... or hosts=[...], not both")
        known = {(card.name, card.host) for card in router.cards}
        for card in cards:
            if card.host is None or (card.name, card.host) not in known:
                router.join(card)
    made = router
    return made, Children(given, lambda key: build(made, key, keywords))


def _read(models: Given) -> tuple[list[ModelCard], dict[Key, BaseChatModel]]:
    """Return a card for each model, and the chat models among them by name and host."""
    if isinstance(models, (str, ModelCard, BaseChatModel)):
        raise ConfigError(f"models must be a list, got {type(models).__name__} alone; put it into a list")
    named: list[tuple[str | None, Any]]
    named = list(models.items()) if isinstance(models, Mapping) else [(None, model) for model in models]
    cards: list[ModelCard] = []
    given: dict[Key, BaseChatModel] = {}
    for name, model in named:
        if not isinstance(model, BaseChatModel):
            cards.append(_card(name, model))
            continue
        card = card_of(name if name is not None else name_of(model), model)
        key = (card.name, card.host or "")
        if key in given:
            raise ConfigError(
                f"two chat models are {card.name} on {card.host}; name them: models={{'one': ..., 'two': ...}}"
            )
        cards.append(card)
        given[key] = without_secrets(model)
    return cards, given


def _card(name: str | None, model: object) -> ModelCard:
    if isinstance(model, ModelCard):
        return model
    if isinstance(model, str) and name is None:
        return ModelCard.from_name(model)
    if isinstance(model, str):
        raise ConfigError(f"models[{name!r}] is a name; a mapping takes chat models, a list takes names")
    raise ConfigError(f"models takes names, ModelCards and chat models, got a {type(model).__name__}")
