"""Which fields and keywords of a `ChatZeta` are its children's, and how they reach them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PER_CALL = (
    "temperature",
    "num_predict",
    "max_tokens",
    "num_ctx",
    "top_k",
    "top_p",
    "seed",
    "repeat_penalty",
)
"""Fields that may also be given per call. `ChatOllama` has them as fields only, and raises `TypeError` per call."""

HANDED_ON = (
    *PER_CALL,
    "reasoning",
    "format",
    "keep_alive",
    "output_version",
    "cache",
    "callbacks",
    "tags",
    "metadata",
)
"""Fields that a `ChatZeta` hands on to the child it picks, where the child has a field of that name."""

CHILDS_OWN = frozenset(
    {
        "async_client_kwargs",
        "client_kwargs",
        "logprobs",
        "mirostat",
        "mirostat_eta",
        "mirostat_tau",
        "num_gpu",
        "num_thread",
        "repeat_last_n",
        "sync_client_kwargs",
        "tfs_z",
        "top_logprobs",
        "validate_model_on_init",
    }
)
"""Further fields of `ChatOllama`: given to a `ChatZeta`, they are keywords for the children it builds."""


def parameters_of(fields: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the children get.

    Args:
        fields: The fields of a `ChatZeta`; what is None is left to the child.
        told: Keywords of one call, which win.
    """
    parameters = {name: value for name in HANDED_ON if (value := fields[name]) is not None}
    if fields["disable_streaming"]:
        parameters["disable_streaming"] = fields["disable_streaming"]
    if "max_tokens" in parameters:
        parameters.setdefault("num_predict", parameters["max_tokens"])
    if told:
        parameters |= {"num_predict": told["max_tokens"], **told} if "max_tokens" in told else told
    return parameters


def most_tokens(fields: Mapping[str, Any], told: Mapping[str, Any]) -> int | None:
    """Return the caller's bound on the answer, in tokens: of this call, else of all; None for none."""
    for bound in (told.get("num_predict"), told.get("max_tokens"), fields["num_predict"], fields["max_tokens"]):
        if bound is not None:
            return int(bound)
    return None


def taken_from(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Take the keywords out that are a child's fields."""
    return {name: kwargs.pop(name) for name in PER_CALL if name in kwargs} if kwargs else {}
