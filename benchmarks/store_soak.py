"""Several processes on one log, some of them killed: is anything lost, damaged, or counted differently?

    python benchmarks/store_soak.py --processes 8 --rate 200 --seconds 60 --kill-every 5
    python benchmarks/store_soak.py --store redis --restart     (starts a Redis server of its own, restarts it half-way)

Each worker routes invented requests and says of every outcome that it was settled. Every few seconds one is killed with
SIGKILL and replaced. In the end: is the file sound; has every outcome that a killed worker had settled more than a
second before its end been stored; are the states that the survivors have folded equal?
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from zeta_router import Fate, ModelCard, Outcome, Request, Timings, ZetaDynamicRouter
from zeta_router.store import AttemptEnded, open_store
from zeta_router.store.snapshots import digest

HOST = "http://gpu-box:11434"
MODELS = {"qwen2.5-coder:7b": 0.010, "phi4:14b": 0.020, "llama3.2:3b": 0.004}
OUTAGE_S = 1.0
RECONNECT_S = 4.0
"""While a server is away, and until its clients have noticed that it is back, what waits is in memory only."""


def work(store: str, acks: Path, rate: float) -> None:
    """Be one worker: route until told to stop, then say what was learned."""
    os.set_blocking(sys.stdin.fileno(), False)
    cards = [ModelCard(name=name, host=HOST, context_length=8192) for name in MODELS]
    router = ZetaDynamicRouter(cards, store=store)
    journal = router._dispatcher.journal
    assert journal is not None
    said = os.open(acks / journal.writer, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    rng = random.Random()
    print("ready", flush=True)
    due = time.monotonic()
    while not (sys.stdin.readline() or "").startswith("stop"):
        for attempt in router.plan(Request(task=rng.choice(("code", "chat", "qa")), prompt_tokens=200)):
            with attempt:
                seconds = MODELS[attempt.decision.model] * 100 * rng.lognormvariate(0.0, 0.3)
                fate = Fate.ok if rng.random() > 0.02 else Fate.error
                attempt.settle(outcome_of(fate, seconds))
            os.write(said, f"{time.time()}\n".encode())
        due += rng.expovariate(rate)
        time.sleep(max(0.0, due - time.monotonic()))
    os.set_blocking(sys.stdin.fileno(), True)
    print("stopped", settle(router), flush=True)
    sys.stdin.readline()
    settle(router)
    fold = journal.learned.fold
    assert fold is not None
    state = router.snapshot().store
    assert state is not None
    print(
        json.dumps(
            {"writer": journal.writer, "state": digest(fold), "folded": fold.count, "dropped": state.dropped,
             "troubles": router.snapshot().troubles}
        ),
        flush=True,
    )  # fmt: skip
    router.close()


def outcome_of(fate: Fate, seconds: float) -> Outcome:
    """Return how an invented call went."""
    if fate is not Fate.ok:
        return Outcome(fate=fate, timings=Timings(total=0.05))
    times = Timings(wait=0.0, load=0.004, prefill=seconds / 20, decode=seconds, total=0.004 + seconds * 1.05)
    return Outcome(fate=fate, timings=times, prompt_tokens=200, output_tokens=100)


def settle(router: ZetaDynamicRouter) -> bool:
    """Bring everything to the store and back; a server may be away for a moment."""
    return any(router.sync() or time.sleep(0.1) for _ in range(100))


class Worker:
    """One worker process, as its parent sees it."""

    def __init__(self, store: str, acks: Path, rate: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work", "--store", store, "--acks", str(acks), "--rate", str(rate)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, word: str) -> None:
        """Write one line to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """Read one line of it."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, *, kill: bool = False) -> None:
        """Wait for its end, or bring it about."""
        if kill:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Server:
    """A Redis server of one's own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            sys.exit("no redis-server on this machine: apt-get install redis-server")
        options = ("--port", str(self.port), "--dir", str(self.folder), "--appendonly", "yes", "--save", "")
        self.process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        for _ in range(500):
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=0.2) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(16).startswith(b"+PONG"):
                        return
            except OSError:
                pass
            time.sleep(0.02)
        sys.exit("the Redis server did not start")

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(10)


def soak(options: argparse.Namespace, folder: Path) -> bool:
    """Run the workers, kill some, and judge; return whether all is well."""
    acks = folder / "acks"
    acks.mkdir()
    server = Server(folder) if options.store == "redis" else None
    where = f"redis://127.0.0.1:{server.port}/0" if server else str(folder / "log.db")
    rate = options.rate / options.processes
    workers = [Worker(where, acks, rate) for _ in range(options.processes)]
    for worker in workers:
        worker.hear()
    began = time.monotonic()
    rng = random.Random(7)
    killed_at: list[float] = []
    outage = (0.0, 0.0)
    next_kill = began + options.kill_every
    restart_at = began + options.seconds / 2 if options.restart else float("inf")
    while (now := time.monotonic()) < began + options.seconds:
        if now >= next_kill:
            victim = rng.randrange(len(workers))
            killed_at.append(time.time())
            workers[victim].end(kill=True)
            workers[victim] = Worker(where, acks, rate)
            next_kill += options.kill_every
        if server is not None and now >= restart_at:
            outage = (time.time(), time.time() + OUTAGE_S + RECONNECT_S)
            server.stop()
            time.sleep(OUTAGE_S)
            server.start()
            restart_at = float("inf")
        time.sleep(0.02)
    for word in ("stop", "report"):
        for worker in workers:
            worker.tell(word)
        heard = [answer_of(worker) for worker in workers]
    for worker in workers:
        worker.end()
    reports = [json.loads(line) for line in heard]
    good = judge(reports, where, acks, killed_at, outage, options.grace, time.monotonic() - began)
    if server is not None:
        server.stop()
    return good


def answer_of(worker: Worker) -> str:
    """Return what a worker says; one that replaced another may say only now that it is ready."""
    heard = worker.hear()
    return worker.hear() if heard == "ready" else heard


def judge(
    reports: list[dict[str, object]],
    where: str,
    acks: Path,
    killed_at: list[float],
    outage: tuple[float, float],
    grace: float,
    took: float,
) -> bool:
    """Compare what was settled with what is in the log, and the survivors with each other."""
    store = open_store(where)
    stored: dict[str, int] = {}
    for entry in store.read():
        stored[entry.writer] = stored.get(entry.writer, 0) + isinstance(entry.record, AttemptEnded)
    store.close()
    survivors = {str(report["writer"]) for report in reports}
    settled = lost = lost_late = lost_in_outage = 0
    for path in acks.iterdir():
        times = [float(line) for line in path.read_text().split()]
        settled += len(times)
        missing = times[stored.get(path.name, 0) :]
        end = min((at for at in killed_at if times and at >= times[-1]), default=float("inf"))
        if path.name in survivors:
            lost += len(missing)
        elif outage[0] <= end <= outage[1]:
            lost_in_outage += len(missing)
        else:
            lost += sum(at < end - grace for at in missing)
            lost_late += sum(at >= end - grace for at in missing)
    sound = True
    if "://" not in where:
        connection = sqlite3.connect(where)
        sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
    states = {str(report["state"]) for report in reports}
    print(
        json.dumps(
            {
                "simulated": True,
                "load_average": [round(load, 1) for load in os.getloadavg()],
                "outcomes_settled": settled,
                "per_second": round(settled / took, 1),
                "killed": len(killed_at),
                "lost": lost,
                "lost_in_the_last_second_of_the_killed": lost_late,
                "lost_by_kills_while_the_server_was_away": lost_in_outage,
                "file_is_sound": sound,
                "survivors": len(reports),
                "different_states": len(states),
                "folded": sorted({int(str(report["folded"])) for report in reports}),
                "troubles": sorted({str(t) for report in reports for t in report["troubles"]}),  # type: ignore[attr-defined]
            },
            indent=2,
        )
    )
    return sound and lost == 0 and len(states) == 1 and settled > 0


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--rate", type=float, default=200.0, help="outcomes a second, together")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kill-every", type=float, default=5.0, help="seconds")
    parser.add_argument("--grace", type=float, default=1.0, help="a killed process may lose so many last seconds")
    parser.add_argument("--store", default="sqlite", help="sqlite or redis")
    parser.add_argument("--restart", action="store_true", help="restart the Redis server half-way")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--acks", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.store, options.acks, options.rate)
        return
    with tempfile.TemporaryDirectory() as folder:
        if not soak(options, Path(folder)):
            sys.exit("something is wrong: see above")


if __name__ == "__main__":
    main()
