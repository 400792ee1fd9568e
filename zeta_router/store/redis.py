"""`RedisStore`: the log in a Redis stream, shared by several machines."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from zeta_router.decision import Decision
from zeta_router.errors import ConfigError
from zeta_router.store.base import DAY_S, Retention
from zeta_router.store.lines import decode
from zeta_router.store.records import START, AttemptBegan, Entry, Line, Position
from zeta_router.store.redis_calls import APPEND, KEEP, translated
from zeta_router.store.snapshots import StoredSnapshot

if TYPE_CHECKING:
    import redis

PAGE = 1_000
"""Entries read or deleted at a time: the server serves others in between."""
SNAPSHOTS_MOST = 32
"""Snapshots kept of different policies and settings: those that were written last."""
REMEMBERED_S = 30 * 86_400
"""Seconds for which the last number of a silent writer is remembered, to store none of its lines twice."""
CONNECT_S = 2.0
ANSWER_S = 5.0
"""Seconds until a server counts as gone."""

_left_to_parent: list[Any] = []
"""Clients of a parent process: their sockets are the parent's to close."""


class RedisStore:
    """The log in one stream; each process keeps its own position in it, in its fold and in snapshots.

    Entries are stored exactly once, in batches that are stored whole or not at all. Keys are `NAMESPACE:…`, all in one
    slot of a cluster.

    Args:
        url: `redis://[USER:PASSWORD@]HOST[:PORT][/N]`, `rediss://…` or `unix://PATH`.
        namespace: Routers that share it share what they learn.
        retention: How many entries are kept, and how long.
        machine: This machine's name; None takes the host name. What a machine says of its own `127.0.0.1` is nothing
            to the others.

    Raises:
        ConfigError: redis-py is not installed, or the URL cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "zeta",
        retention: Retention | None = None,
        machine: str | None = None,
    ) -> None:
        try:
            import redis  # noqa: F401
        except ImportError as error:
            raise ConfigError("a Redis store needs redis-py: pip install 'zeta-router[redis]'") from error
        self._url = url
        self._retention = retention if retention is not None else Retention()
        self._machine = machine if machine is not None else socket.gethostname()
        keys = ("log", "writer", "decisions", "snapshots")
        self._log, self._writers, self._decisions, self._snapshots = (f"{{{namespace}}}:{key}" for key in keys)
        parts = urlsplit(url)
        self._name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._client: redis.Redis | None = None
        try:
            self._connected()
        except ValueError as error:
            raise ConfigError(f"the Redis URL of {self._name} cannot be used; write redis://HOST:PORT/N") from error

    def __repr__(self) -> str:
        return f"<RedisStore {self._name!r}>"

    def _connected(self) -> Any:
        """Return the client, typed loosely: its methods say that they may be awaitable."""
        if self._client is None:
            import redis

            self._client = redis.Redis.from_url(
                self._url,
                decode_responses=True,
                socket_connect_timeout=CONNECT_S,
                socket_timeout=ANSWER_S,
                client_name="zeta-router",
            )
        return self._client

    @property
    def name(self) -> str:
        """Its address, without user and password."""
        return self._name

    @property
    def machine(self) -> str:
        """Name of this machine."""
        return self._machine

    def now(self, clock: float) -> float:
        """Return the server's time."""
        with translated(self._name):
            seconds, micros = self._connected().time()
        return float(seconds) + float(micros) / 1e6

    def append(self, writer: str, lines: Sequence[Line], *, at: float) -> None:
        """Store lines, each once however often it is sent: a connection that breaks does not say what was stored."""
        values: list[Any] = [writer, self._machine, repr(at), REMEMBERED_S]
        for line in lines:
            values += [line.seq, line.kind, line.decision_id, line.text]
        with translated(self._name):
            self._connected().eval(APPEND, 3, self._log, f"{self._writers}:{writer}", self._decisions, *values)

    def read(self, after: Position = START, *, since: float = 0.0, most: int | None = None) -> Iterator[Entry]:
        """Yield the entries behind a position, a page at a time."""
        position = max(after, (int(since * 1000) - 1, 2**63)) if since else after
        left = most
        while left is None or left > 0:
            page = PAGE if left is None else min(PAGE, left)
            with translated(self._name):
                found = self._connected().xrange(self._log, min=f"({_text(position)}", count=page)
            for name, fields in found:
                position = _position(name)
                yield _entry(position, fields)
            if len(found) < page:
                return
            left = None if left is None else left - page

    def bounds(self) -> tuple[Position, Position]:
        """Return positions before the oldest entry and of the newest."""
        with translated(self._name):
            if not self._connected().exists(self._log):
                return START, START
            about = self._connected().xinfo_stream(self._log)
        last = _position(about["last-generated-id"])
        oldest = about["first-entry"]
        if not oldest:
            return last, last
        milliseconds, number = _position(oldest[0])
        return ((milliseconds, number - 1) if number else (milliseconds - 1, 2**63)), last

    def find(self, decision_id: str) -> Decision | None:
        """Return the newest decision of an id."""
        with translated(self._name):
            name = self._connected().hget(self._decisions, decision_id)
            found = self._connected().xrange(self._log, min=name, max=name) if name is not None else []
        for _, fields in found:
            record = decode(fields["line"])
            if isinstance(record, AttemptBegan):
                return record.decision
        return None

    def snapshot(self, key: str) -> StoredSnapshot | None:
        """Return the newest snapshot of a policy."""
        with translated(self._name):
            found = self._connected().hget(self._snapshots, key)
        if found is None:
            return None
        milliseconds, number, at, text = json.loads(found)
        return StoredSnapshot(key, (milliseconds, number), at, text)

    def keep(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot unless a newer one is there."""
        body = json.dumps([*snapshot.position, snapshot.at, snapshot.text])
        with translated(self._name):
            client = self._connected()
            client.eval(KEEP, 1, self._snapshots, snapshot.key, *snapshot.position, body)
            if client.hlen(self._snapshots) > SNAPSHOTS_MOST:
                ages = sorted((json.loads(text)[2], key) for key, text in client.hgetall(self._snapshots).items())
                client.hdel(self._snapshots, *(key for _, key in ages[:-SNAPSHOTS_MOST]))

    def trim(self, before: Position, *, at: float) -> int:
        """Let go of what is too old or too much, a page at a time."""
        gone = 0
        oldest = int((at - self._retention.days * DAY_S) * 1000)
        with translated(self._name):
            client = self._connected()
            while True:
                spare = client.xlen(self._log) - self._retention.entries
                found = client.xrange(self._log, max=_text(before), count=PAGE)
                leaving = [
                    (name, fields)
                    for place, (name, fields) in enumerate(found)
                    if place < spare or _position(name)[0] < oldest
                ]
                if not leaving:
                    return gone
                with client.pipeline(transaction=True) as pipe:
                    pipe.xdel(self._log, *(name for name, _ in leaving))
                    decisions = [fields["decision"] for _, fields in leaving if fields["kind"] == "began"]
                    if decisions:
                        pipe.hdel(self._decisions, *decisions)
                    pipe.execute()
                gone += len(leaving)

    def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def forget(self) -> None:
        """Leave the parent's connections alone, and open own ones when needed."""
        _left_to_parent.append(self._client)
        self._client = None


def _position(name: str) -> Position:
    milliseconds, _, number = name.partition("-")
    return int(milliseconds), int(number)


def _text(position: Position) -> str:
    return f"{position[0]}-{position[1]}"


def _entry(position: Position, fields: dict[str, str]) -> Entry:
    return Entry(
        position,
        fields["writer"],
        int(fields["seq"]),
        fields["machine"],
        position[0] / 1000.0,
        float(fields["sent"]),
        decode(fields["line"]),
    )
