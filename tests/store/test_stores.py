"""What every store owes: the same tests for memory, SQLite and Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.store.world import EPOCH, records_of
from zeta_router import ConfigError
from zeta_router.store import (
    START,
    AttemptBegan,
    MemoryStore,
    Record,
    RedisStore,
    Retention,
    SQLiteStore,
    Store,
    open_store,
)
from zeta_router.store.lines import encode
from zeta_router.store.snapshots import StoredSnapshot

Opener = Callable[..., Store]
RECORDS = records_of(30)


def lines(records: list[Record]) -> list[object]:
    """Return records as lines, numbered from 1."""
    return [encode(record, number) for number, record in enumerate(records, 1)]


def fill(store: Store, records: list[Record] = RECORDS, *, writer: str = "w") -> None:
    """Store records, one batch for each second."""
    for number, record in enumerate(records, 1):
        store.append(writer, [encode(record, number)], at=record.at)


def test_entries_come_back_in_their_order(open_again: Opener) -> None:
    """With writer, number, and positions that grow."""
    fill(open_again())
    entries = list(open_again().read())
    assert [entry.seq for entry in entries] == list(range(1, len(RECORDS) + 1))
    assert {entry.writer for entry in entries} == {"w"}
    assert [type(entry.record) for entry in entries] == [type(record) for record in RECORDS]
    positions = [entry.position for entry in entries]
    assert positions == sorted(set(positions))
    assert positions[0] > START


def test_a_reader_goes_on_where_it_was(open_again: Opener) -> None:
    """Behind a position, and at most as many as it asks for."""
    store = open_again()
    fill(store)
    entries = list(store.read())
    assert list(store.read(entries[9].position)) == entries[10:]
    assert list(store.read(entries[9].position, most=3)) == entries[10:13]
    assert list(store.read(entries[-1].position)) == []
    assert list(store.read(most=0)) == []


def test_a_reader_can_ask_since_when(open_again: Opener) -> None:
    """`zeta log --since` reads no more than it needs."""
    store = open_again()
    fill(store)
    entries = list(store.read())
    since = entries[15].stored_at
    assert list(store.read(since=since)) == [entry for entry in entries if entry.stored_at >= since]
    assert list(store.read(since=entries[-1].stored_at + 10)) == []


def test_pages_are_joined(open_again: Opener) -> None:
    """A long log is read in pages; nobody notices."""
    store = open_again()
    store.append("w", [encode(RECORDS[1], number) for number in range(1, 2_501)], at=EPOCH)
    assert [entry.seq for entry in store.read()] == list(range(1, 2_501))
    assert len(list(store.read(most=1_500))) == 1_500


def test_a_decision_is_found_by_its_id(open_again: Opener) -> None:
    """By any process, however long ago it was."""
    fill(open_again())
    began = [record for record in RECORDS if isinstance(record, AttemptBegan)]
    for record in (began[0], began[-1]):
        found = open_again().find(record.decision.id)
        assert found is not None
        assert (found.id, found.model, found.card) == (record.decision.id, record.decision.model, record.decision.card)
    assert open_again().find("nobody") is None


def test_a_newer_snapshot_takes_the_place_of_an_older_one(open_again: Opener) -> None:
    """And an older one changes nothing: another process was faster."""
    store = open_again()
    assert store.snapshot("k") is None
    for number, text in ((5, "five"), (9, "nine"), (7, "seven")):
        store.keep(StoredSnapshot("k", (number, 0), EPOCH, text))
    kept = open_again().snapshot("k")
    assert kept == StoredSnapshot("k", (9, 0), EPOCH, "nine")
    assert store.snapshot("another") is None


def test_retention_by_count_and_only_what_a_snapshot_has(open_again: Opener) -> None:
    """What lies behind the snapshot stays, however much it is."""
    store = open_again(retention=Retention(entries=1_000))
    store.append("w", [encode(RECORDS[1], number) for number in range(1, 3_001)], at=EPOCH)
    entries = list(store.read())
    assert store.trim(entries[499].position, at=EPOCH) == 500
    assert list(store.read()) == entries[500:]
    assert store.trim(entries[-1].position, at=EPOCH) == 1_500
    assert list(store.read()) == entries[2_000:]
    first, last = store.bounds()
    assert entries[1_998].position <= first < entries[2_000].position
    assert last == entries[-1].position


def test_retention_by_age(open_again: Opener) -> None:
    """What is older than so many days goes."""
    store = open_again(retention=Retention(days=1))
    fill(store)
    entries = list(store.read())
    newest = entries[-1].stored_at
    assert store.trim(entries[-1].position, at=newest) == 0
    assert store.trim(entries[-1].position, at=newest + 2 * 86_400) == len(entries)
    assert list(store.read()) == []
    first, last = store.bounds()
    assert first == last == entries[-1].position
    store.append("w", [encode(RECORDS[0], 99)], at=newest)
    assert [entry.seq for entry in store.read(last)] == [99]


def test_an_empty_log_has_empty_bounds(open_again: Opener) -> None:
    """Nothing was missed, nothing was lost."""
    first, last = open_again().bounds()
    assert first == last


def test_threads_may_share_a_store(open_again: Opener) -> None:
    """One writes while others read and search."""
    store = open_again()
    failures: list[Exception] = []

    def look() -> None:
        try:
            for _ in range(10):
                list(store.read())
                store.find("nobody")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    fill(store)
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list(store.read())) == len(RECORDS)


def test_a_store_that_was_closed_opens_again(open_again: Opener) -> None:
    """Closing lets go; it does not end."""
    store = open_again()
    fill(store)
    store.close()
    store.close()
    assert len(list(store.read())) == len(RECORDS)


def test_stores_by_name(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path, a URL, a word, or a store."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert isinstance(open_store("memory"), MemoryStore)
    for text in (f"{tmp_path}/a.db", f"sqlite:///{tmp_path}/a.db"):
        store = open_store(text)
        assert isinstance(store, SQLiteStore)
        assert str(store.path) == f"{tmp_path}/a.db"
    default = open_store("default")
    assert isinstance(default, SQLiteStore)
    assert default.path.name == "log.db"
    mine = MemoryStore()
    assert open_store(mine) is mine
    assert isinstance(open_store("redis://localhost:1/0"), RedisStore)


@pytest.mark.parametrize("where", ["postgres://u:pw@host/db", "sqlite:///", "", 7, "redis://u:pw@host:notaport/0"])
def test_a_name_that_is_none_is_refused_without_its_password(where: object) -> None:
    """The error says what it may be."""
    with pytest.raises(ConfigError) as refused:
        open_store(where)  # type: ignore[arg-type]
    assert "pw" not in str(refused.value)


def test_a_password_is_shown_nowhere() -> None:
    """Neither in the name nor in the repr."""
    store = RedisStore("redis://user:hunter2@localhost:6379/0")
    assert "hunter2" not in store.name + repr(store)
    assert store.name == "redis://localhost:6379/0"
