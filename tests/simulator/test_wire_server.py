"""The server as an object: starting, stopping, counting, and keeping time."""

from __future__ import annotations

import asyncio
import socket
import threading

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from zeta_router.simulator import Engine, SimulatedOllama, model_from_tag
from zeta_router.simulator.jobs import Job, JobEvent, Work
from zeta_router.simulator.responders import Answer, Prompt
from zeta_router.simulator.server.driver import Driver
from zeta_router.simulator.server.listener import Listener
from zeta_router.testing import ManualClock

MODELS = ["llama3.2:3b", "nomic-embed-text"]
HELLO = {"model": "llama3.2:3b", "messages": [{"role": "user", "content": "Hello!"}], "stream": False}


def test_requests_are_counted_by_path_and_model() -> None:
    """Counts go by the model's full name, whatever spelling was used; no text is kept."""
    with SimulatedOllama(MODELS, time_scale=1000) as server, httpx.Client(base_url=server.url) as client:
        client.get("/api/tags")
        for name in ("llama3.2:3b", "LLAMA3.2:3b"):
            client.post("/api/chat", json=HELLO | {"model": name})
        counts = server.requests

    assert counts["/api/tags", ""] == 1
    assert sum(count for (path, _), count in counts.items() if path == "/api/chat") == 2


def test_a_stopped_server_lets_go_of_its_clients_and_its_port() -> None:
    """Stopping breaks off a request in progress; nobody listens afterwards."""
    server = SimulatedOllama(MODELS)
    server.start()
    server.faults.stall()
    broken: list[Exception] = []

    def ask() -> None:
        try:
            httpx.post(f"{server.url}/api/chat", json=HELLO, timeout=30)
        except httpx.TransportError as exc:
            broken.append(exc)

    thread = threading.Thread(target=ask)
    thread.start()
    while not server.requests["/api/chat", "llama3.2:3b"]:
        thread.join(0.01)
    server.stop()
    thread.join(10)

    assert len(broken) == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)
    server.stop()  # once more does no harm


def test_a_server_can_be_started_again() -> None:
    """It has the same address, and simulated time goes on."""
    server = SimulatedOllama(MODELS, time_scale=100)
    with server:
        first = httpx.post(f"{server.url}/api/chat", json=HELLO).json()
        url, before = server.url, server.now
    with server:
        second = httpx.post(f"{server.url}/api/chat", json=HELLO).json()

        assert server.url == url
        assert server.now > before > 0
    assert second["created_at"] > first["created_at"]
    assert second["load_duration"] < first["load_duration"]


def test_a_responders_bug_is_a_500_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A responder of your own that raises does not hang its client, and the traceback is in the log."""

    class Buggy:
        def answer(self, prompt: Prompt) -> Answer:
            raise ZeroDivisionError

    with SimulatedOllama(MODELS, responder=Buggy(), time_scale=1000) as server:
        assert httpx.post(f"{server.url}/api/chat", json=HELLO).status_code == 500
    assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)


def test_a_taken_port_is_an_error_at_once() -> None:
    """`start` raises instead of waiting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            SimulatedOllama(MODELS, port=taken.getsockname()[1]).start()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"profile": "abacus"}, "profile must be one of rtx-4090"),
        ({"responder": "oracle"}, "responder must be default, schema, echo or script:FILE"),
        ({"time_scale": 0}, "time_scale must be a positive number"),
        ({"chunk_tokens": 0}, "chunk_tokens must be at least 1"),
        ({"models": "phi4:14b"}, "models must be a list of tags"),
    ],
)
def test_a_wrong_option_is_refused_with_the_right_ones(options: dict[str, object], error: str) -> None:
    """The message names what would do."""
    with pytest.raises(ValueError, match=error):
        SimulatedOllama(**({"models": MODELS} | options))  # type: ignore[arg-type]


def test_answers_do_not_wait_for_delayed_acknowledgements() -> None:
    """Accepted connections have TCP_NODELAY; without it every reply on a kept-alive connection takes 40 ms."""

    async def tell(scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope["state"]["close_connection"].__self__
        delayed = not transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await PlainTextResponse("delayed" if delayed else "at once")(scope, receive, send)

    listener = Listener(tell, host="127.0.0.1", port=0, on_start=lambda: None, on_stop=lambda: None)
    listener.start()
    try:
        assert httpx.get("http://{}:{}".format(*listener.address)).text == "at once"
    finally:
        listener.stop()


async def test_a_driver_that_wakes_late_loses_nothing() -> None:
    """After a pause of the whole process the engine is at the present, and durations are as if nothing was."""
    clock = ManualClock()
    engine = Engine([model_from_tag("llama3.2:3b")])
    driver = Driver(engine, time_scale=10, clock=clock)
    driver.start()
    heard: list[tuple[JobEvent, float]] = []

    def hear(job: Job, event: JobEvent) -> None:
        heard.append((event, engine.now))

    job = driver.submit(Work(model=engine.models["llama3.2:3b"], prompt_tokens=10, output_tokens=50), hear)
    clock.advance(3600)
    assert driver.act(lambda: engine.now) == 36_000
    driver.stop()

    assert heard[-1][0] is JobEvent.finished
    assert heard[-1][1] == job.finished_at
    assert job.total < 5e9


async def test_a_driver_wakes_when_something_is_due() -> None:
    """Nobody needs to ask: the loop's timer brings the engine forward."""
    engine = Engine([model_from_tag("llama3.2:3b")])
    driver = Driver(engine, time_scale=1000)
    driver.start()
    done = asyncio.Event()
    work = Work(model=engine.models["llama3.2:3b"], prompt_tokens=10, output_tokens=50)

    job = driver.submit(work, lambda job, event: done.set() if event is JobEvent.finished else None)
    await asyncio.wait_for(done.wait(), 10)
    driver.stop()

    assert job.total > 0


async def test_simulated_time_runs_time_scale_times_faster() -> None:
    """`now` counts simulated seconds since the start; before it and after the end time stands still."""
    clock = ManualClock()
    driver = Driver(Engine([]), time_scale=100, clock=clock)
    clock.advance(5)
    driver.start()
    clock.advance(2)

    assert driver.now == 200
    driver.stop()
    clock.advance(5)
    assert driver.now == 200
