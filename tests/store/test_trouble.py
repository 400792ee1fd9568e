"""A store that is locked, full, read-only, damaged, too new or gone fails no request; said once, and caught up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.conftest import RedisServer
from tests.store.test_sharing import CODE, state_of
from tests.store.world import CODER, damaged, router_on, serve
from zeta_router import Event, TroubleSeen, ZetaDynamicRouter
from zeta_router.store import MemoryStore, RedisStore, SQLiteStore, Store
from zeta_router.store import outbox as outbox_module
from zeta_router.store.migrations import MIGRATIONS
from zeta_router.testing import ManualClock


def quick(path: Path) -> SQLiteStore:
    """Return a store that does not wait for others."""
    return SQLiteStore(path, patience=0.02)


def trouble_of(router: ZetaDynamicRouter) -> str:
    """Return what is wrong now."""
    state = router.snapshot().store
    assert state is not None
    return state.trouble or ""


def said(router: ZetaDynamicRouter, what: str) -> int:
    """Return how often a trouble was said."""
    return sum(what in trouble for trouble in router.snapshot().troubles)


def ended(store: Store) -> int:
    """Return how many attempts have ended in a log, and close it."""
    with closing(store):
        return sum(type(entry.record).__name__ == "AttemptEnded" for entry in store.read())


def test_a_locked_file_is_written_when_it_is_free(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests go on meanwhile, and the trouble is said once: in the log, to listeners, in the snapshot."""
    path = tmp_path / "log.db"
    with router_on(quick(path), clock) as router:
        assert router.sync()
        events: list[Event] = []
        router.subscribe(events.append)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            serve(router, clock)
            assert not router.sync()
        serve(router, clock)
        assert "locked by another process" in trouble_of(router)
        assert said(router, "locked") == 1
        assert len([e for e in events if isinstance(e, TroubleSeen) and "locked" in e.what]) == 1
        assert len([r for r in caplog.records if "locked" in r.message]) == 1
        other.execute("ROLLBACK")
        other.close()
        assert router.sync()
        assert trouble_of(router) == ""
        assert ended(quick(path)) == 4


def test_a_full_disk_is_caught_up_when_there_is_room(tmp_path: Path, clock: ManualClock) -> None:
    """SQLite's own limit on the file's size stands in for the disk's."""
    store = quick(tmp_path / "log.db")
    with router_on(store, clock) as router:
        assert router.sync()
        connection = store._writing.open()
        ((pages,),) = connection.execute("PRAGMA page_count")
        connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        serve(router, clock, 30)
        assert not router.sync()
        assert "disk of" in trouble_of(router)
        assert "full" in trouble_of(router)
        connection.execute("PRAGMA max_page_count = 1000000").fetchall()
        assert router.sync()
        assert ended(store) == 30


def test_a_file_that_may_only_be_read_is_still_learned_from(tmp_path: Path, clock: ManualClock) -> None:
    """What others learned arrives; what happens here stays here."""
    path = tmp_path / "log.db"
    with router_on(path, clock) as writer:
        serve(writer, clock, 5)
    store = quick(path)
    store._writing.open().execute("PRAGMA query_only = ON")
    with router_on(store, clock) as router:
        serve(router, clock)
        assert not router.sync()
        assert "may only be read" in trouble_of(router)
        assert router.performance_metrics[CODER].calls == 6
    assert ended(quick(path)) == 5


def test_a_damaged_file_is_moved_aside_and_never_deleted(tmp_path: Path, clock: ManualClock) -> None:
    """A new one begins; the old one lies beside it, byte for byte."""
    path = tmp_path / "log.db"
    with router_on(path, clock) as router:
        serve(router, clock, 3)
    garbage = damaged(path)
    with router_on(quick(path), clock) as router:
        serve(router, clock, 3)
        router.sync()
        assert router.sync()
        assert said(router, "it was moved to") == 1
        assert ended(quick(path)) == 3
    (aside,) = tmp_path.glob("log.db.damaged-*[0-9]")
    assert aside.read_bytes() == garbage


@pytest.mark.parametrize(
    "content",
    [
        b"root:x:0:0:root:/root:/bin/sh\n" * 100,
        b"SQLite format 3\x00" + b"\xff" * 5_000,
        b"SQLite format 3\x00" + bytes(52) + b"GPKG" + b"\xff" * 5_000,
        bytes(5_000),
    ],
    ids=["text", "damaged SQLite", "another program's SQLite, damaged", "zeros"],
)
def test_a_file_that_may_be_somebody_elses_is_left_alone(tmp_path: Path, clock: ManualClock, content: bytes) -> None:
    """A slip in `store=` moves nothing; requests are served from memory, and the trouble is said once."""
    path = tmp_path / "precious"
    path.write_bytes(content)
    with router_on(quick(path), clock) as router:
        serve(router, clock, 3)
        for _ in range(3):
            assert not router.sync()
        assert said(router, "no log of Zeta's") == 1
        assert router.performance_metrics[CODER].calls == 3
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("precious", content)]


def test_a_file_that_is_damaged_while_it_is_used(tmp_path: Path, clock: ManualClock) -> None:
    """Two routers notice, one moves it aside, both go on with what they know, in one new file."""
    path = tmp_path / "log.db"
    with router_on(quick(path), clock) as mine, router_on(quick(path), clock) as yours:
        serve(mine, clock, 20)
        for router in (mine, yours):
            assert router.sync()
        checkpoint = sqlite3.connect(path)
        checkpoint.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        checkpoint.close()
        with path.open("r+b") as file:
            file.write(b"\xff" * path.stat().st_size)
        for _ in range(4):
            serve(mine, clock)
            serve(yours, clock)
            mine.sync()
            yours.sync()
        assert mine.sync()
        assert yours.sync()
        assert mine.sync()
        assert mine.performance_metrics[CODER].calls == yours.performance_metrics[CODER].calls == 28
        assert len(list(tmp_path.glob("log.db.damaged-*[0-9]"))) == 1


def test_a_file_that_was_deleted_while_it_was_used(tmp_path: Path, clock: ManualClock) -> None:
    """A new one begins; nothing that was learned is forgotten, and a new process learns it from the snapshot."""
    path = tmp_path / "log.db"
    with router_on(quick(path), clock) as router:
        serve(router, clock, 20)
        assert router.sync()
        for file in tmp_path.iterdir():
            file.unlink()
        serve(router, clock, 5)
        assert router.sync()
        expected = router.explain(CODE)
    with router_on(quick(path), clock) as new:
        assert new.sync()  # a start waits two seconds at most, which a busy machine may need
        assert new.explain(CODE).utility == expected.utility


def test_a_newer_schema_is_left_alone(tmp_path: Path, clock: ManualClock) -> None:
    """The program says that it is too old, and changes nothing."""
    path = tmp_path / "log.db"
    with router_on(path, clock) as router:
        serve(router, clock)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = path.read_bytes()
    with router_on(quick(path), clock) as router:
        serve(router, clock, 3)
        assert not router.sync()
        assert "newer Zeta" in trouble_of(router)
        assert "upgrade" in trouble_of(router)
    assert path.read_bytes() == before


def test_another_programs_file_is_left_alone(tmp_path: Path, clock: ManualClock) -> None:
    """A SQLite file with tables that are not ours."""
    path = tmp_path / "bookmarks.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = path.read_bytes()
    with router_on(quick(path), clock) as router:
        serve(router, clock)
        assert not router.sync()
        assert "another program" in trouble_of(router)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made(tmp_path: Path, clock: ManualClock) -> None:
    """The path leads through a file."""
    (tmp_path / "file").write_text("")
    with router_on(tmp_path / "file" / "log.db", clock) as router:
        serve(router, clock)
        assert not router.sync()
        assert "name another file" in trouble_of(router)


@pytest.mark.parametrize("line", ['{"v":1,"kind":"ended","at":NaN,"id":"x","outcome":{}}', "", "\x00", '{"v":99}'])
def test_absurd_lines_are_passed_over(tmp_path: Path, clock: ManualClock, line: str) -> None:
    """What lies around them is learned; it is said, and requests go on."""
    path = tmp_path / "log.db"
    with router_on(path, clock) as router:
        serve(router, clock, 5)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO entries (writer, seq, stored_at, kind, line) VALUES ('w', 1, ?, 'ended', ?)", (clock(), line)
        )
    connection.close()
    with router_on(path, clock) as router:
        serve(router, clock, 5)
        assert router.sync()
        assert said(router, "passed over") == 1
        assert router.performance_metrics[CODER].calls == 10


def test_an_entry_from_the_future_is_passed_over(tmp_path: Path, clock: ManualClock) -> None:
    """A process whose clock showed another year must not stop time for the others."""
    path = tmp_path / "log.db"
    with router_on(path, ManualClock(clock() + 50 * 365 * 86_400.0)) as wrong:
        serve(wrong, ManualClock(clock() + 50 * 365 * 86_400.0), 5)
    with router_on(path, clock) as router:
        serve(router, clock, 5)
        assert router.sync()
        assert said(router, "from the future") == 1
        assert router.performance_metrics[CODER].calls == 5


def test_a_damaged_snapshot_is_not_used(tmp_path: Path, clock: ManualClock) -> None:
    """The log is folded instead."""
    path = tmp_path / "log.db"
    with router_on(path, clock) as old:
        serve(old, clock, 120)
        expected = old.explain(CODE)
    with sqlite3.connect(path) as connection:
        changed = connection.execute("UPDATE snapshots SET text = replace(text, '0.5', '0.4')").rowcount
    connection.close()
    assert changed == 1
    with router_on(path, clock) as new:
        assert said(new, "is not used") == 1
        assert new.explain(CODE).utility == expected.utility


def test_a_store_that_is_away_for_long_keeps_the_newest(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is bounded; how many were given up is shown."""
    monkeypatch.setattr(outbox_module, "WAITING_MOST", 50)
    path = tmp_path / "log.db"
    with router_on(quick(path), clock) as router:
        assert router.sync()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        serve(router, clock, 20)
        router.sync()
        serve(router, clock, 20)
        router.sync()
        state = router.snapshot().store
        assert state is not None
        assert state.waiting == 50
        assert state.dropped == 30
        other.execute("ROLLBACK")
        other.close()
        assert router.sync()
        assert ended(quick(path)) == 25
        assert router.performance_metrics[CODER].calls == 40


def test_a_store_that_raises_anything_breaks_nothing(clock: ManualClock) -> None:
    """A store is a plug-in."""

    class Broken(MemoryStore):
        def append(self, writer: str, lines: object, *, at: float) -> None:
            raise ZeroDivisionError

    with router_on(Broken(), clock) as router:
        serve(router, clock, 3)
        assert not router.sync()
        assert "ZeroDivisionError" in trouble_of(router)


def test_a_redis_server_that_goes_and_comes_back(own_redis_server: RedisServer, clock: ManualClock) -> None:
    """What happened meanwhile is stored and counted once."""
    import time

    wall = ManualClock(time.time())
    url = own_redis_server.url
    with router_on(RedisStore(url), wall) as mine, router_on(RedisStore(url), wall) as yours:
        serve(mine, wall, 10)
        assert mine.sync()
        own_redis_server.stop()
        serve(mine, wall, 10)
        serve(yours, wall, 10)
        assert not mine.sync()
        assert not yours.sync()
        assert "cannot be reached" in trouble_of(mine)
        own_redis_server.start()
        for router in (mine, yours, mine, yours):
            assert router.sync()
        assert state_of(mine) == state_of(yours)
        assert mine.performance_metrics[CODER].calls == yours.performance_metrics[CODER].calls == 30


def test_a_redis_server_that_loses_everything(own_redis_server: RedisServer, clock: ManualClock) -> None:
    """What its clients still know is stored again; those who knew it do not count it twice."""
    import time

    wall = ManualClock(time.time())
    url = own_redis_server.url
    with router_on(RedisStore(url), wall) as mine, router_on(RedisStore(url), wall) as yours:
        serve(mine, wall, 10)
        for router in (mine, yours):
            assert router.sync()
        own_redis_server.lose()
        own_redis_server.start()
        serve(yours, wall, 5)
        for router in (mine, yours, mine, yours):
            assert router.sync()
        assert said(mine, "has lost its newest entries") == 1
        assert mine.performance_metrics[CODER].calls == yours.performance_metrics[CODER].calls == 15
        with router_on(RedisStore(url), wall) as new:
            assert new.performance_metrics[CODER].calls == 15


def test_a_machine_whose_clock_is_wrong_goes_by_the_servers(redis_server: RedisServer, tmp_path: Path) -> None:
    """Its own decisions have the time that the others have; it is said, and a clock that was given is left alone."""
    import time

    class HourAhead(RedisStore):
        def now(self, clock: float) -> float:
            return super().now(clock) + 3600.0

    store = HourAhead(redis_server.url, namespace=tmp_path.name)
    with ZetaDynamicRouter(["a:7b"], store=store) as router:
        assert abs(router.clock() - time.time() - 3600.0) < 60.0
        assert said(router, "s behind redis://") == 1
    given = ManualClock(5.0)
    with ZetaDynamicRouter(["a:7b"], store=store, clock=given) as router:
        assert router.clock is given


def test_a_redis_server_that_is_not_there_delays_nothing(clock: ManualClock) -> None:
    """A router starts without it, and says so without the password."""
    with router_on("redis://user:hunter2@127.0.0.1:1/0", clock) as router:
        serve(router, clock)
        assert not router.sync()
        assert "cannot be reached" in trouble_of(router)
        assert "hunter2" not in str(router.snapshot()) + repr(router.store)
