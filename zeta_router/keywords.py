"""Keywords that nothing takes: pydantic's models drop them without a word, and with them what was wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from zeta_router.errors import ConfigError

NO_HINTS: Mapping[str, str] = MappingProxyType({})


def refuse_unknown(
    what: str, given: Iterable[str], known: Collection[str], *, hints: Mapping[str, str] = NO_HINTS
) -> None:
    """Let the keywords pass that are known.

    Args:
        what: Who was given them, e.g. `ChatZeta`.
        given: Their names.
        known: What it takes.
        hints: Name that others use -> what to write instead.

    Raises:
        ConfigError: One is not known; says which one may have been meant.
    """
    for keyword in given:
        if keyword in known:
            continue
        near = get_close_matches(keyword, sorted({*known, *hints}), n=1)
        meant = f"; did you mean {hints.get(near[0], near[0])}?" if near else ""
        raise ConfigError(f"{what} has no {keyword}{meant}")


def fields_of(kind: Any) -> set[str]:
    """Return the names by which a pydantic model takes its fields."""
    return {name for field, info in kind.model_fields.items() for name in (field, info.alias) if name is not None}
