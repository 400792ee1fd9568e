"""Real processes: killed, forked, ended. The long version is `benchmarks/store_soak.py`."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.store.conftest import redis_or_skip
from tests.store.world import CODER, cards, outcome_of
from zeta_router import Request, ZetaDynamicRouter
from zeta_router.store import AttemptEnded, SQLiteStore

ROOT = Path(__file__).parents[2]
CODE = Request(text="def f(x): ...", task="code", prompt_tokens=200)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
# a fork while threads run is what is tested here; Python 3.12 warns of it
warns_of_fork = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_killed_processes_lose_nothing_of_the_others(store: str) -> None:
    """Four processes, one killed every second, Redis restarted half-way: one state, a sound file, nothing lost."""
    if store == "redis":
        redis_or_skip()
    soak = [sys.executable, str(ROOT / "benchmarks" / "store_soak.py"), "--store", store, "--restart"]
    few = ["--processes", "4", "--rate", "80", "--seconds", "4", "--kill-every", "1.2"]
    # how soon a killed process had written depends on the machine's speed: that is for the benchmark to judge
    few += ["--grace", "30"]
    done = subprocess.run([*soak, *few], capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["killed"] >= 2
    assert result["outcomes_settled"] > 0


def environment() -> dict[str, str]:
    """Return an environment in which this checkout is imported."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


def serve(router: ZetaDynamicRouter, times: int) -> list[str]:
    """Serve requests without waiting; return the decisions' ids."""
    ids = []
    for _ in range(times):
        for attempt in router.plan(CODE):
            with attempt:
                attempt.settle(outcome_of(attempt.decision))
            ids.append(attempt.decision.id)
    return ids


def ended(path: Path) -> list[str]:
    """Return the ids of the attempts that have ended in a log."""
    store = SQLiteStore(path)
    ids = [entry.record.decision_id for entry in store.read() if isinstance(entry.record, AttemptEnded)]
    store.close()
    return ids


def in_child(router: ZetaDynamicRouter, times: int, pipe: Any) -> None:
    """Serve in a child of multiprocessing, and end without closing anything."""
    pipe.send(serve(router, times))
    pipe.close()


@needs_fork
@warns_of_fork
def test_children_of_multiprocessing_write_on_their_own(tmp_path: Path) -> None:
    """A router made before the fork works in every child: own writer, own ids, flushed at the child's end."""
    path = tmp_path / "log.db"
    context = multiprocessing.get_context("fork")
    with ZetaDynamicRouter(cards(), store=path, rng=7) as router:
        expected = serve(router, 5)
        children = []
        for _ in range(3):
            mine, theirs = context.Pipe(duplex=False)
            child = context.Process(target=in_child, args=(router, 5, theirs))
            child.start()
            theirs.close()
            children.append((child, mine))
        for child, pipe in children:
            expected += pipe.recv()
            child.join(20)
            assert child.exitcode == 0
            pipe.close()
        expected += serve(router, 5)
        assert router.sync()
        assert router.performance_metrics[CODER].calls == 25
    assert len(set(expected)) == 25
    assert sorted(ended(path)) == sorted(expected)


@needs_fork
@warns_of_fork
def test_a_worker_that_was_forked_sees_what_its_parent_has_in_flight(tmp_path: Path) -> None:
    """Through the log, on a lease; what the parent ends, the child does not count for ever."""
    with ZetaDynamicRouter(cards(), store=tmp_path / "log.db") as router:
        attempt = next(iter(router.plan(CODE)))
        with attempt:
            router.sync()
            reader, writer = os.pipe()
            go_on, told = os.pipe()
            child = os.fork()
            if child == 0:
                before = router.snapshot().in_flight
                router.sync()
                during = router.snapshot().in_flight
                os.write(writer, b".")
                os.read(go_on, 1)
                router.sync()
                after = router.snapshot().in_flight
                os.write(writer, json.dumps([before, during, after]).encode())
                os._exit(0)
            os.read(reader, 1)
            attempt.settle(outcome_of(attempt.decision))
        router.sync()
        os.write(told, b".")
        seen = json.loads(os.read(reader, 100))
        os.waitpid(child, 0)
        for end in (reader, writer, go_on, told):
            os.close(end)
    assert seen == [0, 1, 0]


@needs_fork
@warns_of_fork
def test_a_fork_in_the_middle_of_traffic_neither_hangs_nor_tears(tmp_path: Path) -> None:
    """Threads decide and the store's thread writes while the process forks again and again."""
    import threading

    path = tmp_path / "log.db"
    with ZetaDynamicRouter(cards(), store=path) as router:
        stop = threading.Event()

        def traffic() -> None:
            while not stop.is_set():
                serve(router, 1)

        threads = [threading.Thread(target=traffic) for _ in range(2)]
        for thread in threads:
            thread.start()
        children = []
        for _ in range(8):
            child = os.fork()
            if child == 0:
                serve(router, 3)
                works = router.sync()
                if not works:
                    os.write(2, repr(router.snapshot().troubles).encode())
                os._exit(0 if works else 1)
            children.append(child)
        stop.set()
        for thread in threads:
            thread.join()
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 8
        assert router.sync()
        calls = sum(metrics.calls for metrics in router.performance_metrics.values())
        assert calls == len(ended(path))


@needs_fork
@warns_of_fork
def test_a_child_that_was_forked_in_the_middle_of_a_turn_does_without_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What SQLite has locked at that moment would stay locked in the child: it serves, says so, waits for nothing."""
    monkeypatch.setattr("zeta_router.store.journal.REST_S", 0.01)
    path = tmp_path / "log.db"
    with ZetaDynamicRouter(cards(), store=path) as router:
        ids = serve(router, 1)
        assert router.sync()
        journal = router._dispatcher.journal
        assert journal is not None
        reader, writer = os.pipe()
        with journal._turning:  # a turn that does not end
            child = os.fork()
            if child == 0:
                serve(router, 2)
                store = router.snapshot().store
                assert store is not None
                os.write(writer, json.dumps([router.sync(), store.trouble]).encode())
                os._exit(0)
        seen = json.loads(os.read(reader, 1_000))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        os.close(reader)
        os.close(writer)
        ids += serve(router, 2)
        assert router.sync()
    assert seen[0] is False
    assert "in memory only" in seen[1]
    assert ended(path) == ids


AT_EXIT = """
import sys
from tests.store.test_processes import serve
from tests.store.world import cards
from zeta_router import ZetaDynamicRouter
router = ZetaDynamicRouter(cards(), store=sys.argv[1])
serve(router, 7)
{end}
"""


@pytest.mark.parametrize(
    ("end", "code"), [("", 0), ("sys.exit(3)", 3), ("raise KeyError", 1)], ids=["end", "exit", "error"]
)
def test_what_waits_is_stored_at_exit(tmp_path: Path, end: str, code: int) -> None:
    """Nobody closed the router; the program ended as programs end."""
    path = tmp_path / "log.db"
    program = [sys.executable, "-c", AT_EXIT.format(end=end), str(path)]
    done = subprocess.run(program, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert len(ended(path)) == 7
