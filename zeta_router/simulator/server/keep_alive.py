"""The forms of `keep_alive` (`ollama-wire.md` 1.6): seconds, Go durations, for ever."""

from __future__ import annotations

import math
import re
from typing import Any

from zeta_router.simulator.server.errors import WireError

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")


def parse_keep_alive(value: Any) -> float | None:
    """Return seconds; infinity is for ever, None is not given.

    Raises:
        WireError: 400 with Go's text.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        kind = {bool: "bool", list: "[]interface {}"}.get(type(value), "map[string]interface {}")
        raise WireError(400, f"Unsupported type: '{kind}'")
    seconds = _duration(value) if isinstance(value, str) else float(value)
    return math.inf if seconds < 0 else seconds


def _duration(text: str) -> float:
    """Return the seconds of a Go duration such as `1h30m` or `-1m`."""
    unsigned = text[1:] if text[:1] in ("-", "+") else text
    if unsigned == "0":
        return 0.0
    seconds, position = 0.0, 0
    while match := _PART.match(unsigned, position):
        number, unit = match.groups()
        if not unit:
            raise WireError(400, f'time: missing unit in duration "{text}"')
        if unit not in _UNITS:
            raise WireError(400, f'time: unknown unit "{unit}" in duration "{text}"')
        seconds += float(number) * _UNITS[unit]
        position = match.end()
    if position == 0 or position != len(unsigned):
        raise WireError(400, f'time: invalid duration "{text}"')
    return -seconds if text.startswith("-") else seconds
