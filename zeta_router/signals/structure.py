"""Signals on structure: tool calls that can be made, JSON that follows its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zeta_router.signals.answer import Answer

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list, tuple),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_DEEPEST = 12


class ToolCallsValid:
    """Every tool called was offered, and its arguments follow its schema."""

    name, weight = "tool calls", 0.7

    def look(self, answer: Answer) -> float | None:
        """Return 0 for a call that cannot be made, a good score where all can, None where nothing was called."""
        if not answer.tool_calls:
            return None
        for call in answer.tool_calls:
            args = call.get("args", {})
            if isinstance(args, str):
                try:
                    args = json.loads(args or "{}")
                except ValueError:
                    return 0.0
            if not isinstance(args, Mapping):
                return 0.0
            if answer.tools is not None:
                schema = answer.tools.get(str(call.get("name")))
                if schema is None or not follows(dict(args), schema):
                    return 0.0
        return 0.85


class SchemaHolds:
    """The text is JSON and follows the schema that was asked for."""

    name, weight = "schema", 0.8

    def look(self, answer: Answer) -> float | None:
        """Return 0 or a good score; None where no schema was asked for."""
        if answer.schema is None:
            return None
        text = answer.said
        if text.startswith("```"):
            text = text.split("\n", 1)[-1].rsplit("```", 1)[0]
        try:
            value = json.loads(text)
        except ValueError:
            return 0.0
        return 0.85 if follows(value, answer.schema) else 0.0


def follows(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a value follows a JSON schema, as far as types, required names, enums and items tell.

    Other keywords (`pattern`, `oneOf`, references, ...) are taken to hold: a signal that cries wolf is worse than none.
    """
    return _follows(value, schema, 0)


def _follows(value: Any, schema: Mapping[str, Any], depth: int) -> bool:
    if depth > _DEEPEST or not isinstance(schema, Mapping):
        return True
    wanted = schema.get("type")
    names = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    if names and not any(_is(value, name) for name in names):
        return False
    if isinstance(schema.get("enum"), list) and value not in schema["enum"]:
        return False
    if isinstance(value, Mapping):
        required = schema.get("required")
        if isinstance(required, list) and any(name not in value for name in required):
            return False
        fields = schema.get("properties")
        if isinstance(fields, Mapping):
            if schema.get("additionalProperties") is False and any(name not in fields for name in value):
                return False
            return all(_follows(value[name], fields[name], depth + 1) for name in fields if name in value)
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        return all(_follows(item, schema["items"], depth + 1) for item in value[:50])
    return True


def _is(value: Any, name: object) -> bool:
    types = _TYPES.get(str(name))
    if types is None:
        return True
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, types)
