"""What a router has learned survives: one log of typed records, and learning as a fold over it.

`MemoryStore`, `SQLiteStore` for one machine and `RedisStore` for several keep the log; `fold` adds it up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zeta_router.store.base import Retention, Store, StoreTrouble
from zeta_router.store.fold import Fold, fold
from zeta_router.store.memory import MemoryStore
from zeta_router.store.opening import default_path, open_store
from zeta_router.store.records import (
    START,
    AttemptBegan,
    AttemptEnded,
    Entry,
    Feedback,
    Joined,
    Left,
    Position,
    Record,
    Unreadable,
)

if TYPE_CHECKING:
    from zeta_router.store.redis import RedisStore
    from zeta_router.store.sqlite import SQLiteStore

__all__ = [
    "START",
    "AttemptBegan",
    "AttemptEnded",
    "Entry",
    "Feedback",
    "Fold",
    "Joined",
    "Left",
    "MemoryStore",
    "Position",
    "Record",
    "RedisStore",
    "Retention",
    "SQLiteStore",
    "Store",
    "StoreTrouble",
    "Unreadable",
    "default_path",
    "fold",
    "open_store",
]


def __getattr__(name: str) -> Any:
    """Import the stores that need more than Zeta itself when they are asked for."""
    if name == "SQLiteStore":
        from zeta_router.store.sqlite import SQLiteStore

        return SQLiteStore
    if name == "RedisStore":
        from zeta_router.store.redis import RedisStore

        return RedisStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
