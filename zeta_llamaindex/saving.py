"""Copies, pickles and JSON of a `ZetaLLM`: what they keep, and what they refuse."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from typing_extensions import Self

from zeta_llamaindex.building import ChildSettings
from zeta_router.errors import ConfigError
from zeta_router.limits import Limits
from zeta_router.ollama import plain_address
from zeta_router.store import Store
from zeta_router.store.opening import REDIS_SCHEMES

FIELDS = (
    "task",
    "system_prompt",
    "output_parser",
    "messages_to_prompt",
    "completion_to_prompt",
    "pydantic_program_mode",
)
"""Fields of LlamaIndex, and ours, that a pickle keeps."""


class Saving(FunctionCallingLLM):
    """How a `ZetaLLM` travels.

    - A copy, a deep one too, shares router and children: what one learns, the other knows.
    - A pickle keeps models, hosts, headers, the name of the store and settings, and not what was learned: that belongs
      to the router, which is made anew. One over a router of yours is refused: pickle what the router is made of.
    - JSON keeps what is text and numbers: tags, hosts and a store without passwords, settings; never headers. LLM
      objects, a policy or a router are described in it, and `from_dict` refuses such a description with a sentence.
    """

    _arguments: dict[str, Any] = PrivateAttr()
    """What it was built with, as far as it was given."""

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self.model_copy()

    def __reduce__(self) -> tuple[Any, ...]:
        if "router" in self._arguments:
            raise TypeError("a ZetaLLM over a router of yours cannot be pickled; build both where they are needed")
        if isinstance(self._arguments.get("store"), Store):
            raise TypeError("a ZetaLLM with a store object cannot be pickled; name its store: store='log.db'")
        fields = {name: getattr(self, name) for name in FIELDS}
        return (rebuilt, (type(self), {**self._arguments, **fields}))

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return what JSON may hold of it; no header, no password, nothing learned."""
        arguments = {name: _as_json(name, value) for name, value in self._arguments.items() if name != "headers"}
        fields = {name: getattr(self, name) for name in ("task", "system_prompt")}
        return {
            **arguments,
            **fields,
            "pydantic_program_mode": self.pydantic_program_mode.value,
            "class_name": self.class_name(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> Self:
        """Return what `to_dict` described; `kwargs` go over it, e.g. `headers`.

        Raises:
            ConfigError: It was described with objects that text cannot hold; the error names them.
        """
        arguments = {**data, **kwargs}
        arguments.pop("class_name", None)
        for name, value in arguments.items():
            parts = value if isinstance(value, list) else [value]
            if any(isinstance(part, Mapping) and "object" in part for part in parts):
                raise ConfigError(
                    f"JSON cannot hold the objects in {name}; give them again: from_dict(data, {name}=...)"
                )
        if isinstance(arguments.get("children"), Mapping):
            arguments["children"] = ChildSettings(**arguments["children"])
        if isinstance(arguments.get("limits"), Mapping):
            arguments["limits"] = Limits(**arguments["limits"])
        return cls(**arguments)


def rebuilt(kind: type[Any], arguments: dict[str, Any]) -> Any:
    """Return what a pickle was made of, made anew: its constructor takes keywords."""
    return kind(**arguments)


def _as_json(name: str, value: Any) -> Any:
    """Return one argument as JSON may hold it; an object that it cannot hold as `{"object": ...}`."""
    if name == "hosts":
        return [plain_address(host) for host in value]
    if name == "store" and not isinstance(value, Store):
        return _without_password(os.fspath(value))
    if isinstance(value, ChildSettings | Limits):
        return asdict(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_json("", part) for part in value]
    if isinstance(value, LLM):
        return {"object": value.class_name()}
    if isinstance(value, str):
        return value
    return {"object": type(value).__name__}


def _without_password(store: str) -> str:
    """Return the name of a store as it may be shown; a path stays as it is."""
    if not store.startswith(REDIS_SCHEMES):
        return store
    url = urlsplit(store)
    shown = [(name, value) for name, value in parse_qsl(url.query) if name not in ("username", "password")]
    address = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
    return f"{address}?{urlencode(shown)}" if shown else address
