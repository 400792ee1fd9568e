"""Which fields and keywords of a `ChatZeta` are its children's, and how they reach them."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from types import MappingProxyType
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


OF_OTHERS = frozenset({"api_key", "max_retries", "streaming", "timeout"})
"""Parameters of other providers that LangChain gives to every chat model: of no meaning here, as in `ChatOllama`."""

ROUTERS_OWN = frozenset({"allow_cloud", "headers", "limits", "policy", "store"})
"""Keywords of a `ChatZeta` that are no fields of it: they go into the router that is made."""


NAMES = CHILDS_OWN | OF_OTHERS | ROUTERS_OWN
"""All keywords that a `ChatZeta` takes beside its fields."""

PER_CALL_ONLY = {
    name: f'config={{"configurable": {{"zeta_{name}": ...}}}}, per call' for name in ("task", "session", "deadline")
}
"""What is said of one call -> how."""

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""No keywords of one call."""

values_of = itemgetter(*HANDED_ON, "disable_streaming")
"""Return the values of those fields, from the fields of a `ChatZeta` by name. Asked on every call, so it is no loop."""


def parameters_of(values: tuple[Any, ...], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the children get. `num_predict` is the caller's bound on the answer, by whichever name it was given.

    Args:
        values: As `values_of` returns them; what is None is left to the child.
        told: Keywords of one call, which win.
    """
    *handed_on, disable_streaming = values
    parameters = {name: value for name, value in zip(HANDED_ON, handed_on, strict=True) if value is not None}
    if disable_streaming:
        parameters["disable_streaming"] = disable_streaming
    if "max_tokens" in parameters:
        parameters.setdefault("num_predict", parameters["max_tokens"])
    if "max_tokens" in told:
        parameters["num_predict"] = told["max_tokens"]
    return {**parameters, **told}


def taken_from(kwargs: dict[str, Any]) -> Mapping[str, Any]:
    """Take the keywords out that are a child's fields."""
    return {name: kwargs.pop(name) for name in PER_CALL if name in kwargs}
