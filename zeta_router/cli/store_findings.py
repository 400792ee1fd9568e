"""What `zeta doctor` finds in the store: can it be read and written, is it sound, do the clocks agree."""

from __future__ import annotations

import time
from collections.abc import Iterator

from zeta_router.cli.findings import Finding
from zeta_router.store import Store, StoreTrouble, Unreadable, open_store

LOOKED_AT_S = 86_400.0
MOST = 2_000
"""Entries looked at: of the last day, at most so many."""
CLOCKS_DIFFER_S = 2.0


def store_findings(where: str) -> list[Finding]:
    """Return what is to be said of a store; changes nothing in it.

    Raises:
        ConfigError: `where` names no store.
    """
    store = open_store(where)
    try:
        return list(_looked_at(store))
    except StoreTrouble as trouble:
        return [Finding("problem", "store", str(trouble), "routers go on from memory until it works again")]
    finally:
        store.close()


def _looked_at(store: Store) -> Iterator[Finding]:
    from zeta_router.store.sqlite import SQLiteStore

    if isinstance(store, SQLiteStore):
        if not store.path.exists():
            yield Finding("ok", "store", f"{store.path} does not exist yet; a router makes it")
            return
        store.check()
    first, last = store.bounds()
    if first == last:
        yield Finding("ok", "store", f"{store.name} works; it is empty")
        return
    now = time.time()
    entries = list(store.read(since=now - LOOKED_AT_S, most=MOST))
    writers = len({entry.writer for entry in entries})
    shown = f"{len(entries)}{' or more' if len(entries) == MOST else ''}"
    yield Finding("ok", "store", f"{store.name} works; {shown} entries of {writers} processes within a day")
    unreadable = [entry.record for entry in entries if isinstance(entry.record, Unreadable)]
    if unreadable:
        yield Finding(
            "warning",
            "store",
            f"{len(unreadable)} of them cannot be read: {unreadable[-1].why}",
            "they are passed over; where a newer Zeta wrote them, upgrade this one",
        )
    ahead = now - store.now(now)
    if abs(ahead) > CLOCKS_DIFFER_S:
        yield Finding(
            "warning",
            "store",
            f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the store's",
            "set it by NTP; until then the times of this machine are corrected where they are folded",
        )
