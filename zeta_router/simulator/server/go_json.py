"""JSON as Go's encoding/json writes and refuses it."""

from __future__ import annotations

import json
from typing import Any

from zeta_router.simulator.server.errors import WireError

_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# What Python's parser says, and what Go's says at the same character.
_EXPECTED = (
    ("Expecting property name", "looking for beginning of object key string"),
    ("Illegal trailing comma before end of object", "looking for beginning of object key string"),
    ("Expecting value", "looking for beginning of value"),
    ("Illegal trailing comma before end of array", "looking for beginning of value"),
    ("Expecting ':'", "after object key"),
    ("Expecting ','", "after object key:value pair"),
    ("Invalid control character", "in string literal"),
    ("Invalid \\escape", "in string escape code"),
)


def encode(value: Any) -> bytes:
    """Return JSON without white space, with `<`, `>`, `&` escaped and other characters as UTF-8.

    Such characters occur in strings only, so that the whole text can be translated at once.
    """
    # Lone surrogates cannot be written as UTF-8; Go puts a replacement character there too.
    return _ENCODER.encode(value).translate(_ESCAPED).encode("utf-8", errors="replace")


def number(value: float) -> int | float:
    """Return a float as Go prints it: whole numbers without a point."""
    return int(value) if value.is_integer() else value


def decode(body: bytes) -> Any:
    """Parse a request body; what follows the first value is ignored, as Go's stream decoder does.

    Raises:
        WireError: 400 with the text of Go's parser.
    """
    text = body.decode("utf-8", errors="replace").lstrip(" \t\r\n")
    if not text:
        raise WireError(400, "missing request body")
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except json.JSONDecodeError as exc:
        raise WireError(400, _complaint(exc, text)) from exc


def kind_of(value: Any) -> str:
    """Return the word that Go's errors use for a JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "null"


def _complaint(error: json.JSONDecodeError, text: str) -> str:
    position = error.pos
    if error.msg.startswith("Illegal trailing comma"):  # Python 3.13 points at the comma, Go at what follows
        position += 1
    while position < len(text) and text[position] in " \t\r\n" and "control" not in error.msg:
        position += 1
    if position >= len(text) or error.msg.startswith("Unterminated string"):
        return "unexpected EOF"
    where = next((go for python, go in _EXPECTED if error.msg.startswith(python)), "looking for beginning of value")
    if error.msg.startswith("Expecting ','") and _in_array(text[:position]):
        where = "after array element"
    return f"invalid character {_quoted(text[position])} {where}"


def _in_array(before: str) -> bool:
    """Return whether the innermost open bracket is that of an array."""
    depth: list[str] = []
    in_string = escaped = False
    for char in before:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth.append(char)
        elif char in "]}" and depth:
            depth.pop()
    return bool(depth) and depth[-1] == "["


def _quoted(char: str) -> str:
    return {"'": "'\\''", '"': "'\"'", "\n": "'\\n'", "\t": "'\\t'", "\r": "'\\r'"}.get(char, f"'{char}'")
