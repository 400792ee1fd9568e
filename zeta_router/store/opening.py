"""What `store=` may be."""

from __future__ import annotations

import os
from pathlib import Path

from zeta_router.errors import ConfigError
from zeta_router.store.base import Store
from zeta_router.store.memory import MemoryStore

REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
SQLITE = "sqlite:///"


def default_path() -> Path:
    """Return the file that `store="default"` means: in the user's data folder, as the platform has it."""
    from platformdirs import user_data_path

    return user_data_path("zeta-router", appauthor=False) / "log.db"


def open_store(where: str | os.PathLike[str] | Store) -> Store:
    """Return the store that a setting names. Nothing is opened yet.

    Args:
        where: `default`, `memory`, a path, `sqlite:///PATH`, `redis://…`, or a store.

    Raises:
        ConfigError: It names nothing that is known, or redis-py is not installed.
    """
    if isinstance(where, Store):
        return where
    if not isinstance(where, (str, os.PathLike)):
        raise ConfigError(f"store must be a path, a URL or a store, got {type(where).__name__}")
    text = os.fspath(where)
    if text == "memory":
        return MemoryStore()
    if text.startswith(REDIS_SCHEMES):
        from zeta_router.store.redis import RedisStore

        return RedisStore(text)
    from zeta_router.store.sqlite import SQLiteStore

    if text == "default":
        return SQLiteStore(default_path())
    path = text.removeprefix(SQLITE)
    scheme = path.partition("://")[0] if "://" in path else ""
    if scheme or not path:
        raise ConfigError(
            f"store must be default, memory, a path, sqlite:///PATH or redis://HOST:PORT/N, got {scheme or text!r}"
        )
    return SQLiteStore(path)
