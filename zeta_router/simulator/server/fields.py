"""Typed access to the fields of a request body, with Go's words when a type is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zeta_router.simulator.server.errors import WireError
from zeta_router.simulator.server.go_json import kind_of

_ACCEPTS: Mapping[str, tuple[str, ...]] = {
    "string": ("string",),
    "bool": ("bool",),
    "int": ("number",),
    "[]string": ("array",),
    "map[string]interface {}": ("object",),
}


def check_types(body: Any, struct: str, types: Mapping[str, str]) -> dict[str, Any]:
    """Return the body as a dict, its known fields of the right type; null counts as absent.

    Args:
        body: Parsed JSON.
        struct: Go name that errors use, e.g. `ChatRequest`.
        types: Go type of each field that is checked; a type this module does not know is a list of objects.

    Raises:
        WireError: 400 with Go's text, for the first wrong field in the order of the body.
    """
    if not isinstance(body, dict):
        raise WireError(400, f"json: cannot unmarshal {kind_of(body)} into Go value of type api.{struct}")
    for name, value in body.items():
        if value is None or name not in types:
            continue
        kind, wanted = kind_of(value), types[name]
        if kind not in _ACCEPTS.get(wanted, ("array",)):
            raise _cannot(kind, struct, name, wanted)
        if wanted == "int" and not float(value).is_integer():
            raise _cannot(f"number {value}", struct, name, wanted)
        if wanted == "[]string":
            for item in value:
                if not isinstance(item, str):
                    raise _cannot(kind_of(item), struct, name, "string")
    return {name: value for name, value in body.items() if value is not None}


def _cannot(what: str, struct: str, field: str, wanted: str) -> WireError:
    return WireError(400, f"json: cannot unmarshal {what} into Go struct field {struct}.{field} of type {wanted}")
