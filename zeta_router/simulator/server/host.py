"""What all endpoints share: one simulated host behind one server."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from zeta_router.simulator.catalog import SimulatedModel, canonical
from zeta_router.simulator.engine import Engine
from zeta_router.simulator.responders.base import Embedder, Responder
from zeta_router.simulator.server.driver import Driver
from zeta_router.simulator.server.errors import WireError
from zeta_router.simulator.server.timestamps import Calendar

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79}(?::\d+)?")
_HOUR = 3600.0
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79}")


@dataclass(kw_only=True)
class Host:
    """The engine with what the wire needs around it. Used in the server's thread only, but for the counts."""

    engine: Engine
    driver: Driver
    responder: Responder
    embedder: Embedder
    calendar: Calendar
    rng: Random
    """For ids of tool calls and completions."""
    chunk_tokens: int = 1
    """Tokens of text per streamed chunk; Ollama sends about one."""
    cloud_disabled: bool = False
    tells_cached: bool = False
    """Whether answers have `prompt_eval_cached_count`, as those of newer servers do."""
    version: str = "0.33.0"
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Requests so far by path and canonical model name; the name is empty where there is none."""
    modified: dict[str, float] = field(default_factory=dict)
    """Engine seconds at which a model was installed after the start."""

    def count(self, path: str, model: str = "") -> None:
        """Count a request."""
        self.requests[path, canonical(model) if model else ""] += 1

    def find(self, name: str) -> SimulatedModel | None:
        """Return an installed model by any of its spellings.

        Raises:
            WireError: 400 for a malformed name; 401 or 403 for a model in the cloud, which never runs here.
        """
        if not _well_formed(name):
            raise WireError(400, "invalid model name")
        tag = canonical(name).rpartition(":")[2].lower()
        if tag == "cloud" or tag.endswith("-cloud"):
            if self.cloud_disabled:
                raise WireError(403, "ollama cloud is disabled: remote model is unavailable")
            raise WireError(401, "unauthorized", more={"signin_url": "https://ollama.com/connect"})
        return self.engine.models.get(name)

    def modified_at(self, model: SimulatedModel) -> float:
        """Return when a model was installed, in engine seconds; those there from the start came an hour apart."""
        if model.name in self.modified:
            return self.modified[model.name]
        names = [each.name for each in self.engine.models]
        return -_HOUR * (names.index(model.name) + 1) if model.name in names else 0.0

    def now(self) -> str:
        """Return the simulated date and time, as of the engine."""
        return self.calendar.text(self.engine.now)


def full_name(name: str) -> str:
    """Return a name with registry and namespace, without the tag `latest`, as some errors show it."""
    short = canonical(name)
    if short.endswith(":latest") and not name.endswith(":latest"):
        short = short.removesuffix(":latest")
    return {0: "registry.ollama.ai/library/", 1: "registry.ollama.ai/"}.get(short.count("/"), "") + short


def _well_formed(name: str) -> bool:
    *path, last = name.split("/")
    model, _, tag = last.partition(":")
    return (
        len(path) <= 2
        and all(_PART.fullmatch(part) for part in [*path, model])
        and (":" not in last or _TAG.fullmatch(tag) is not None)
    )
