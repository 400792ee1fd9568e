"""The chat models that a `ChatZeta` hands its calls to, one per model and host: given, or built when first asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple, cast

from langchain_core.globals import get_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables.config import RunnableConfig, merge_configs

from zeta_langchain.parameters import parameters_of
from zeta_langchain.profiles import profile_of
from zeta_router.errors import ConfigError
from zeta_router.model import ModelCard

Key = tuple[str, str]
"""Model and host."""

KEPT = 8
"""Sets of parameters whose copies of the children are kept; one `ChatZeta` has one, and each variation one more."""


def is_ollama(child: BaseChatModel) -> bool:
    """Return whether a child is a `ChatOllama`, without importing it."""
    return child._llm_type == "chat-ollama"


class ForeignModel(ConfigError):
    """The router picked a model that somebody else gave to it, as an object, e.g. LlamaIndex's."""


class Child(NamedTuple):
    """A chat model, and what a call must know of it."""

    model: BaseChatModel
    is_ollama: bool
    """It is a `ChatOllama`."""
    streams_inside: bool
    """A callback handler sees its tokens in whole answers, too: `ChatOllama` always streams on the wire, others where
    `streaming` is set."""
    tag: str
    """The Ollama tag of a `ChatOllama`, else empty."""
    num_ctx: int | None
    """The context that a `ChatOllama` asks for, in tokens."""

    @classmethod
    def of(cls, model: BaseChatModel) -> Child:
        """Return what there is to know of a chat model."""
        told: Any = model
        if not is_ollama(model):
            return cls(model, False, getattr(told, "streaming", None) is True, "", None)
        return cls(model, True, True, told.model, told.num_ctx)


class Children:
    """Finds or builds the child for a model on a host. Safe to use from several threads.

    Args:
        given: The children that exist already.
        build: Makes one that does not, when it is first asked for.
    """

    def __init__(self, given: Mapping[Key, BaseChatModel], build: Callable[[Key], BaseChatModel]) -> None:
        self._children = dict(given)
        self._build = build
        self._prepared: list[Prepared] = []
        self._lock = threading.Lock()
        self._foreign: set[Key] = set()

    def __repr__(self) -> str:
        return f"<Children {', '.join(f'{model} on {host}' for model, host in self._children) or 'none yet'}>"

    def __iter__(self) -> Iterator[BaseChatModel]:
        return iter(tuple(self._children.values()))

    def items(self) -> tuple[tuple[Key, BaseChatModel], ...]:
        """Return those that exist so far, each with its model and host."""
        return tuple(self._children.items())

    def get(self, key: Key) -> BaseChatModel:
        """Return the child for a model on a host.

        Raises:
            ForeignModel: There is none, and none can be built: others who share the router call it.
            ConfigError: It cannot be built with the keywords that were given.
        """
        child = self._children.get(key)
        if child is not None:
            return child
        with self._lock:
            if key not in self._children:
                try:
                    self._children[key] = self._build(key)
                except ForeignModel:
                    self._foreign.add(key)
                    raise
            return self._children[key]

    def names(self, cards: Callable[[], Iterable[ModelCard]]) -> frozenset[str] | None:
        """Return the names of a router's models without those that turned out to be foreign; None while none has."""
        if not self._foreign:
            return None
        return frozenset(card.name for card in cards() if (card.name, card.host or "") not in self._foreign)

    def prepared(self, values: tuple[Any, ...], told: Mapping[str, Any]) -> Prepared:
        """Return the children with parameters, given as `parameters_of` takes them.

        What was used last is kept: copying a child costs more than to call it.
        """
        for prepared in self._prepared:
            if prepared.values == values and prepared.told == told:
                return prepared
        prepared = Prepared(self, values, told)
        self._prepared = [prepared, *self._prepared[: KEPT - 1]]
        return prepared

    @property
    def all_ollama(self) -> bool:
        """Whether every child so far is a `ChatOllama`, as those that are built later will be."""
        return all(map(is_ollama, self))

    def profile_of(self, card: ModelCard) -> Mapping[str, Any] | None:
        """Return the profile of a model: its child's, where one exists and tells, else what the card tells."""
        child = self._children.get((card.name, card.host or ""))
        theirs = child.profile if child is not None else None
        return theirs if theirs is not None else profile_of(card)

    def are_alike(self, child: BaseChatModel) -> bool:
        """Return whether another child has the same key in LangChain's cache, and would answer in this one's name."""
        return cache_key(child) in self._shared_cache_keys

    @cached_property
    def _shared_cache_keys(self) -> frozenset[str]:
        keys = [cache_key(child) for child in self]
        return frozenset(key for key in keys if keys.count(key) > 1)


class Prepared:
    """Children as one `ChatZeta` uses them: with its own parameters. The children are shared, and stay as they are.

    Args:
        children: Shared.
        values: See `parameters_of`; a child that lacks a field goes without. `callbacks`, `tags`, `metadata` are added
            to the child's own.
        told: See `parameters_of`.
    """

    def __init__(self, children: Children, values: tuple[Any, ...], told: Mapping[str, Any]) -> None:
        self.values = values
        self.told = told
        self.parameters = parameters_of(values, told)
        self._children = children
        self._copies: dict[Key, Child] = {}

    def get(self, key: Key) -> Child:
        """Return the child for a model on a host, with the parameters."""
        child = self._copies.get(key)
        if child is None:
            child = self._copies[key] = Child.of(self._made(self._children.get(key)))
        cache = child.model.cache
        if cache is not False and (cache is not None or get_llm_cache() is not None):
            return self._uncached(child)
        return child

    def _made(self, child: BaseChatModel) -> BaseChatModel:
        update = {name: value for name, value in self.parameters.items() if name in type(child).model_fields}
        for name in ("callbacks", "tags", "metadata"):
            theirs = getattr(child, name)
            if name in update and theirs:
                update[name] = joined(theirs, update[name])
        # What it has already is no reason for a copy: every model of langchain-core 1.7 has metadata, the versions.
        update = {name: value for name, value in update.items() if value != getattr(child, name)}
        return copied(child, update) if update else child

    def _uncached(self, child: Child) -> Child:
        """Return the child, without cache where its key there does not tell it from others."""
        if child.is_ollama or not self._children.are_alike(child.model):
            return child
        return child._replace(model=copied(child.model, {"cache": False}))


def copied(child: BaseChatModel, update: Mapping[str, Any]) -> BaseChatModel:
    """Return a copy of a child that shares its connections."""
    copy = child.model_copy(update=dict(update))
    # A copy keeps the cached description of the original, and with it the original's key in LangChain's cache.
    vars(copy).pop("_serialized", None)
    return copy


def joined(theirs: Any, ours: Any) -> Any:
    """Return two lists, two dicts, or lists and managers of callbacks as one; neither is changed."""
    if isinstance(theirs, list) and isinstance(ours, list):
        return [*theirs, *ours]
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return {**theirs, **ours}
    both = [cast(RunnableConfig, {"callbacks": callbacks}) for callbacks in (theirs, ours)]
    return merge_configs(*both).get("callbacks")


def cache_key(child: BaseChatModel) -> str:
    """Return what tells a child from others in LangChain's cache."""
    return child._get_llm_string(stop=None)
