"""The stores that every test of the contract runs on; a real Redis server, started once."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.store.world import EPOCH
from zeta_router.store import START, Entry, MemoryStore, Position, RedisStore, SQLiteStore, Store
from zeta_router.testing import ManualClock

KINDS = ["memory", "sqlite", "redis"]


class RedisServer:
    """A Redis server of the tests' own, that can be stopped and started."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"redis://127.0.0.1:{port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.folder, "save": "", "appendonly": "yes"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        program = shutil.which("redis-server")
        assert program is not None
        self._process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        give_up_at = time.monotonic() + 20.0
        while time.monotonic() < give_up_at:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=0.2) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(16).startswith(b"+PONG"):
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError("the Redis server did not start")

    def stop(self) -> None:
        """Stop it, as an administrator would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def lose(self) -> None:
        """Stop it, and lose all that it knew."""
        self.stop()
        shutil.rmtree(self.folder)
        self.folder.mkdir()


class RedisInManualTime(RedisStore):
    """A Redis store whose server has the writers' clock, which in these tests is moved by hand."""

    def now(self, clock: float) -> float:
        return clock

    def read(self, after: Position = START, *, since: float = 0.0, most: int | None = None) -> Iterator[Entry]:
        for entry in super().read(after, since=since, most=most):
            yield entry._replace(stored_at=entry.record.at, sent_at=entry.record.at)


def redis_or_skip() -> None:
    """Skip a test where there is no Redis server."""
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server on this machine: apt-get install redis-server")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server for the whole session; each test has a namespace of its own."""
    redis_or_skip()
    server = RedisServer(tmp_path_factory.mktemp("redis"), port=_free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server for one test, which may stop it."""
    redis_or_skip()
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder, port=_free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=KINDS)
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Return a function that opens one and the same log, as each process does for itself."""
    opened: list[Store] = []
    memory = MemoryStore()

    def open_it(**options: object) -> Store:
        if request.param == "memory":
            store: Store = MemoryStore(**options) if options else memory  # type: ignore[arg-type]
        elif request.param == "sqlite":
            store = SQLiteStore(tmp_path / "log.db", **options)  # type: ignore[arg-type]
        else:
            server = request.getfixturevalue("redis_server")
            kind = RedisInManualTime if "clock" in request.fixturenames else RedisStore
            store = kind(server.url, namespace=tmp_path.name, machine="here", **options)
        opened.append(store)
        return store

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands still."""
    return ManualClock(EPOCH)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
