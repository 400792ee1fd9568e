"""The quality streams as tables: what each player reaches on real prompts and published scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from zeta_router.bench.streams.outcomes import STREAMS, Stream, stream
from zeta_router.bench.streams.players import PLAYERS
from zeta_router.bench.streams.run import PROTOCOLS, Played, best_single, play
from zeta_router.bench.tables import TextTable

COLUMNS = ("scores are told", "player", "whole", "± over seeds", "last quarter", "to the best single", "worst seed")


class StreamTask(NamedTuple):
    """One player on one stream, its scores told by one protocol."""

    stream: str
    protocol: int
    player: str
    data: Path
    seeds: tuple[int, ...]


def stream_tasks(data: Path, seeds: Sequence[int]) -> list[StreamTask]:
    """Return all of them, stream by stream.

    Raises:
        ConfigError: The data is not there.
    """
    for name in STREAMS:
        _stream(data, name)
    return [
        StreamTask(name, protocol, player, data, tuple(seeds))
        for name in STREAMS
        for protocol in range(len(PROTOCOLS))
        for player in PLAYERS
    ]


def play_streams(
    tasks: Sequence[StreamTask], *, processes: int, done: Callable[[], None] = lambda: None
) -> list[Played]:
    """Play all, over several processes where more than one is asked for."""
    found = []
    for played in _all(tasks, processes):
        found.append(played)
        done()
    return found


def stream_tables(tasks: Sequence[StreamTask], found: Sequence[Played]) -> list[TextTable]:
    """Return one table per stream."""
    tables = []
    for name in dict.fromkeys(task.stream for task in tasks):
        rows = [
            (
                PROTOCOLS[task.protocol].name,
                played.player,
                f"{played.whole:.3f}",
                f"{played.spread:.3f}",
                f"{played.last_quarter:.3f}",
                f"{played.against_best:+.3f}",
                f"{played.worst:+.3f}",
            )
            for task, played in zip(tasks, found, strict=True)
            if task.stream == name
        ]
        made = _stream(tasks[0].data, name)
        title = (
            f"{name}: {len(made.steps)} prompts, {len(made.cards)} models, the best single one {best_single(made):.3f}"
        )
        tables.append(TextTable(title, COLUMNS, tuple(rows)))
    return tables


def _all(tasks: Sequence[StreamTask], processes: int) -> Iterator[Played]:
    if processes <= 1:
        yield from map(_play, tasks)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_play, tasks)


def _play(task: StreamTask) -> Played:
    return play(_stream(task.data, task.stream), task.player, PROTOCOLS[task.protocol], task.seeds)


@lru_cache(maxsize=len(STREAMS))
def _stream(data: Path, name: str) -> Stream:
    return stream(data, name)
