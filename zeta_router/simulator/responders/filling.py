"""Values for a JSON schema, taken from the digits and quoted strings of a text where it has some."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_QUOTED = re.compile(r"\"([^\"\n]{1,200})\"|(?<!\w)'([^'\n]{1,200})'|`([^`\n]{1,200})`|[“「]([^”」\n]{1,200})[”」]")
_MAX_DEPTH = 8  # a schema may refer to itself: deeper than this, optional parts are left out

_STRINGS_BY_FORMAT = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00",
    "email": "someone@example.com",
    "uri": "http://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class Filler:
    """Fills schemas from one text; every number and quoted string of it is used once, in order."""

    def __init__(self, text: str) -> None:
        self._numbers = [float(number) for number in _NUMBER.findall(text)]
        self._quoted = [next(filter(None, groups)) for groups in _QUOTED.findall(text)]

    def __repr__(self) -> str:
        return f"<Filler {len(self._numbers)} numbers, {len(self._quoted)} strings>"

    def quoted(self) -> list[str]:
        """Return the quoted strings that are left."""
        return list(self._quoted)

    def word(self, name: str) -> str:
        """Return a string for a property that nothing in the text fits."""
        return f"simulated {name.replace('_', ' ')}" if name else "simulated text"

    def object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return a value for a schema whose value must be an object, such as a tool's parameters."""
        value = self.value({**schema, "type": "object"})
        return value if isinstance(value, dict) else {}

    def value(self, schema: Mapping[str, Any]) -> Any:
        """Return a value that a JSON schema accepts.

        Covers `type`, `properties`, `items`, `enum`, `const`, `default`, `anyOf`, `oneOf`, `allOf`, local `$ref`,
        `format`, and the bounds of numbers, strings and arrays; not `pattern`, `not` or conditions.
        """
        return self._value(schema, schema, "", 0)

    def _value(self, schema: Mapping[str, Any], root: Mapping[str, Any], name: str, depth: int) -> Any:
        schema = _resolved(schema, root)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._one_of(schema["enum"])
        for keyword in ("anyOf", "oneOf"):
            if options := schema.get(keyword):
                return self._value(_first_with_value(options), root, name, depth)
        kind = _kind(schema)
        if kind == "object":
            return self._properties(schema, root, depth)
        if kind == "array":
            return self._items(schema, root, name, depth)
        if kind in ("integer", "number"):
            return self._number(schema, kind)
        if kind == "boolean":
            return bool(schema.get("default", True))
        return None if kind == "null" else self._string(schema, name)

    def _properties(self, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        properties: Mapping[str, Any] = schema.get("properties") or {}
        return {
            name: self._value(part, root, name, depth + 1)
            for name, part in properties.items()
            if name in required or depth < _MAX_DEPTH
        }

    def _items(self, schema: Mapping[str, Any], root: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        fewest = int(schema.get("minItems", 0))
        if depth >= _MAX_DEPTH:
            return [self._value(schema.get("items", {}), root, name, depth + 1) for _ in range(fewest)]
        if prefix := schema.get("prefixItems"):
            return [self._value(part, root, name, depth + 1) for part in prefix]
        items = schema.get("items") or {}
        count = max(fewest, min(max(1, self._left_for(_kind(_resolved(items, root)))), int(schema.get("maxItems", 16))))
        return [self._value(items, root, name, depth + 1) for _ in range(count)]

    def _left_for(self, kind: str) -> int:
        return {"integer": len(self._numbers), "number": len(self._numbers), "string": len(self._quoted)}.get(kind, 1)

    def _number(self, schema: Mapping[str, Any], kind: str) -> int | float:
        number = self._numbers.pop(0) if self._numbers else float(schema.get("default") or 1)
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        step = 1 if kind == "integer" else 1e-9
        if low is not None:
            number = max(number, low + step * ("exclusiveMinimum" in schema))
        if high is not None:
            number = min(number, high - step * ("exclusiveMaximum" in schema))
        return int(number) if kind == "integer" or float(number).is_integer() else number

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        if text := _STRINGS_BY_FORMAT.get(schema.get("format", "")):
            return text
        text = self._quoted.pop(0) if self._quoted else str(schema.get("default") or self.word(name))
        return text.ljust(int(schema.get("minLength", 0)), ".")[: schema.get("maxLength")]

    def _one_of(self, options: Sequence[Any]) -> Any:
        for quoted in self._quoted:
            if quoted in options:
                self._quoted.remove(quoted)
                return quoted
        return options[0]


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow local references and merge `allOf`."""
    for _ in range(_MAX_DEPTH):
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        target: Any = root
        for step in reference[2:].split("/"):
            target = target.get(step, {}) if isinstance(target, Mapping) else {}
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    for each in schema.get("allOf", ()):
        part = _resolved(each, root)
        properties = {**part.get("properties", {}), **schema.get("properties", {})}
        required = [*part.get("required", ()), *schema.get("required", ())]
        merged = {**part, **schema}
        schema = {**merged, "properties": properties, "required": required} if properties else merged
    return schema


def _first_with_value(options: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((option for option in options if option.get("type") != "null"), options[0])
