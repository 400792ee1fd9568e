"""Options that are several numbers in one word."""

from __future__ import annotations

import math

from zeta_router import ConfigError


def seeds_in(text: str) -> list[int]:
    """Return the whole numbers of `0-19` or `3,5`, each once.

    Raises:
        ConfigError: It is neither.
    """
    seeds: list[int] = []
    for part in _parts(text):
        first, dash, last = part.partition("-")
        numbers = [first, last] if dash else [first, first]
        if not all(number.isdecimal() for number in numbers) or int(numbers[1]) < int(numbers[0]):
            raise ConfigError(f"--seeds must be like 0-19 or 3,5, got {text!r}")
        seeds += range(int(numbers[0]), int(numbers[1]) + 1)
    if not seeds:
        raise ConfigError(f"--seeds must be like 0-19 or 3,5, got {text!r}")
    return list(dict.fromkeys(seeds))


def loads_in(text: str) -> list[float]:
    """Return the numbers of `0.3,1,2`, each once.

    Raises:
        ConfigError: One is not above 0, or there is none.
    """
    try:
        found = [float(part) for part in _parts(text)]
    except ValueError:
        found = []
    if not found or not all(0 < number < math.inf for number in found):
        raise ConfigError(f"--loads must be numbers above 0, like 0.3,1,2, got {text!r}")
    return list(dict.fromkeys(found))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
