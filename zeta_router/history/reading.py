"""Opening a log to read it, without making one where there is none."""

from __future__ import annotations

import os
from pathlib import Path

from zeta_router.errors import ConfigError
from zeta_router.store import Store, open_store


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
