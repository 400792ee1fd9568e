"""From what a user gives to a `ChatZeta` to the router and the children behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel

from zeta_langchain.building import build, card_of, name_of, without_secrets
from zeta_langchain.children import Children, Key
from zeta_router.errors import ConfigError
from zeta_router.limits import Limits
from zeta_router.model import ModelCard
from zeta_router.objective import Objective
from zeta_router.router import ZetaDynamicRouter

Given = Sequence["str | ModelCard | BaseChatModel"] | Mapping[str, "str | ModelCard | BaseChatModel"]
"""Names, cards or chat models; in a mapping, chat models by names of your own."""


def found(
    models: Given | None,
    router: ZetaDynamicRouter | None,
    described: Mapping[str, Any],
    objective: str | Objective | None,
    keywords: Mapping[str, Any],
) -> tuple[ZetaDynamicRouter, Children]:
    """Return the router and the children for what a user gave.

    Args:
        models: Who may answer. With a router given, only chat models: the router says which names there are.
        router: Picks; None makes one.
        described: What a router is made with here, as far as it was given: `hosts`, or `base_url` for one, `store`, ...
        objective: Of a router that is made here; None is `balanced`.
        keywords: `ChatOllama` keywords for children that are built later.

    Raises:
        ConfigError: Nothing was given, or two things that contradict each other.
    """
    if "hosts" in described and "base_url" in described:
        raise ConfigError("give hosts=[...] or base_url=..., not both")
    if not models and router is None:
        raise ConfigError("name at least one model, e.g. ChatZeta(['llama3.2:3b']), or use ChatZeta.from_ollama()")
    cards, given = _read(models if models is not None else ())
    if router is None:
        settings = dict(described)
        if "base_url" in settings:
            settings["hosts"] = [settings.pop("base_url")]
        router = ZetaDynamicRouter(cards, objective="balanced" if objective is None else objective, **settings)
    else:
        if described:
            raise ConfigError(f"give router or {', '.join(described)}, not both: the router has its own")
        known = {(card.name, card.host) for card in router.cards}
        for card in cards:
            if card.host is None or (card.name, card.host) not in known:
                router.join(card)
    made = router
    return made, Children(given, lambda key: build(made, key, keywords))


def given(*, limits: Limits | None, num_ctx: Any, **settings: Any) -> dict[str, Any]:
    """Return what describes a router, as far as it was given.

    A `num_ctx` for all children is what the router reckons with, too: else it would refuse prompts that fit.
    """
    if limits is None and isinstance(num_ctx, int) and num_ctx > 0:
        limits = Limits(context=num_ctx)
    return {name: value for name, value in {**settings, "limits": limits}.items() if value is not None}


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
