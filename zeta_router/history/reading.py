"""Opening a log to read it, without making one where there is none."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from zeta_router.errors import ConfigError
from zeta_router.history.attempts import LoggedAttempt, logged_attempts
from zeta_router.store import Store, open_store

SPANS_S = (600.0, 7_200.0, 86_400.0, 604_800.0)
"""How far to look back at first, then next: what somebody asks for is mostly recent, and a log may be long."""


def open_log(where: str | os.PathLike[str]) -> Store:
    """Return the store that keeps a log.

    Args:
        where: As `ZetaDynamicRouter(store=...)` takes it: `default`, a path, `sqlite:///PATH` or `redis://…`.

    Raises:
        ConfigError: There is no such file, or `where` names no store.
    """
    store = open_store(where)
    path = getattr(store, "path", None)
    if isinstance(path, Path) and not path.exists():
        raise ConfigError(
            f"no log at {path}: let a router with store={os.fspath(where)!r} serve, or name another with --store"
        )
    return store


def looking_back(store: Store, *, since: float = 0.0) -> Iterator[list[LoggedAttempt]]:
    """Yield the attempts of the last minutes, then those of the last hours, and so on until all since a time.

    Each list holds the one before it: take the first that has what you look for.

    Raises:
        StoreTrouble: The store cannot be read.
    """
    now = time.time()
    for span in SPANS_S:
        if now - span > since:
            yield logged_attempts(store.read(since=now - span))
    yield logged_attempts(store.read(since=since))
