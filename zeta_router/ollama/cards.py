"""What a server says of a model, read into a `ModelCard`; and which models run in a cloud instead."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from zeta_router.errors import CloudModelRefused
from zeta_router.model import ModelCard, canonical

DEFAULT_NUM_CTX = 8192
"""Tokens of context that models are loaded with. Ollama's own default is 4096 on a small card, which cuts a long prompt
silently, and the trained length on a large one, where the cache of Llama 3.2 3B alone takes 15 GB. 8192 holds the usual
chat, and costs an 8B model about 1 GB."""

_NUM_CTX = re.compile(r"^num_ctx\s+(\d+)\s*$", re.MULTILINE)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMBT])?\Z", re.IGNORECASE)
_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def num_ctx_for(card: ModelCard, *, at_most: int = DEFAULT_NUM_CTX) -> int:
    """Return the `num_ctx` to send with every request to a model: one number, whatever the request.

    Ollama reloads a model whenever another value comes, a smaller one too. So whoever calls a model of the fleet must
    send this one, and a prompt that does not fit must go elsewhere.

    Args:
        card: The model.
        at_most: Bound for all models, in tokens.
    """
    return min(card.context_length or at_most, at_most)


def card_of(entry: Mapping[str, Any], shown: Mapping[str, Any] | None, host: str) -> ModelCard:
    """Return the card of a model.

    Args:
        entry: What `/api/tags` says of it.
        shown: What `/api/show` says of it, or None where it could not say.
        host: Address of the server, without password.
    """
    shown = shown or {}
    details = {**_mapping(entry.get("details")), **_mapping(shown.get("details"))}
    info = _mapping(shown.get("model_info"))
    # The capabilities in tags can be a part of the truth: a native model shows `completion` there, and `tools` in show.
    capabilities = shown.get("capabilities") or entry.get("capabilities")
    return ModelCard(
        name=str(entry["name"]),
        host=host,
        capabilities=frozenset(map(str, capabilities)) if isinstance(capabilities, list) else None,
        context_length=_context(info, details, shown.get("parameters")),
        parameter_count=_positive(info.get("general.parameter_count")) or _parameters(details.get("parameter_size")),
        quantization=_word(details.get("quantization_level")),
        size_bytes=_positive(entry.get("size")),
        digest=_word(entry.get("digest")),
    )


def is_cloud(name: str, entry: Mapping[str, Any] | None = None) -> bool:
    """Return whether a model runs in a cloud: by its tag, or by what `/api/tags` says of it."""
    tag = canonical(name).rpartition(":")[2]
    remote = entry is not None and bool(entry.get("remote_host") or entry.get("remote_model"))
    return remote or tag == "cloud" or tag.endswith("-cloud")


def is_allowed(name: str, allow_cloud: Collection[str]) -> bool:
    """Return whether a cloud model was allowed by name."""
    names = (allow_cloud,) if isinstance(allow_cloud, str) else allow_cloud
    return canonical(name) in {canonical(allowed) for allowed in names}


def refuse_cloud(name: str, allow_cloud: Collection[str] = ()) -> None:
    """Let a model pass that runs on its server, or was allowed by name.

    Raises:
        CloudModelRefused: The tag is one of a cloud model.
    """
    if is_cloud(name) and not is_allowed(name, allow_cloud):
        raise CloudModelRefused(
            f"{name} runs in a cloud: prompts would leave this machine; name it in allow_cloud=[{name!r}] if they may",
            model=name,
        )


def _context(info: Mapping[str, Any], details: Mapping[str, Any], parameters: object) -> int | None:
    """Return the trained context, or less where the Modelfile sets less: its author knew what fits."""
    trained = _positive(info.get(f"{info.get('general.architecture')}.context_length"))
    trained = trained or _positive(details.get("context_length"))
    told = _NUM_CTX.findall(parameters) if isinstance(parameters, str) else []
    lengths = [length for length in (trained, _positive(int(told[-1])) if told else None) if length is not None]
    return min(lengths, default=None)


def _parameters(size: object) -> int | None:
    """Return the number that Ollama writes as `8.2B` or `137M`."""
    found = _SIZE.match(size.strip()) if isinstance(size, str) else None
    if found is None:
        return None
    number, unit = found.groups()
    return _positive(int(float(number) * _UNITS[(unit or "").upper()]))


def _positive(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if value >= 1 else None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value and value != "unknown" else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
