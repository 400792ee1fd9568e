"""A client that leaves frees what it held, at once (ollama-wire.md 2.5)."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from zeta_router.simulator import Engine, SimulatedOllama, model_from_tag
from zeta_router.simulator.responders import EchoResponder, HashedNgrams
from zeta_router.simulator.server.app import application
from zeta_router.simulator.server.driver import Driver
from zeta_router.simulator.server.host import Host
from zeta_router.simulator.server.timestamps import Calendar

CHAT = {"model": "llama3.2:3b", "messages": [{"role": "user", "content": "Hello!"}]}

pytestmark = pytest.mark.simulated_ollama(models=["llama3.2:3b", "phi4:14b"])


@pytest.mark.simulated_ollama(models=["llama3.2:3b"], time_scale=5)
@pytest.mark.parametrize("stream", [True, False])
def test_the_slot_of_a_client_that_left_is_free(
    client: httpx.Client, simulated_ollama: SimulatedOllama, stream: bool
) -> None:
    """With one slot and an endless answer in it, the next client is served as soon as the first one leaves."""
    client.post("/api/generate", json={"model": "llama3.2:3b"})
    simulated_ollama.slow("llama3.2:3b", 1e6)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/api/chat", json=CHAT | {"stream": stream}, timeout=httpx.Timeout(30, read=0.1))
    simulated_ollama.recover("llama3.2:3b")
    answer = client.post("/api/chat", json=CHAT | {"stream": False}).json()

    phases = answer["load_duration"] + answer["prompt_eval_duration"] + answer["eval_duration"]
    # Nothing was waited for, but for the moments until the server heard that the first one is gone.
    assert answer["total_duration"] - phases < 0.3e9


def test_a_stream_that_is_left_early_stops(client: httpx.Client, simulated_ollama: SimulatedOllama) -> None:
    """Closing the connection after the first line ends the work: the model counts as idle and can be unloaded."""
    simulated_ollama.slow("llama3.2:3b", 100.0)
    with client.stream("POST", "/api/chat", json=CHAT) as response:
        next(response.iter_lines())
    simulated_ollama.recover("llama3.2:3b")
    client.post("/api/generate", json={"model": "llama3.2:3b", "keep_alive": 0})
    client.post("/api/generate", json={"model": "phi4:14b"})

    assert simulated_ollama.loaded == ("phi4:14b",)


def test_a_load_whose_client_left_is_thrown_away(client: httpx.Client, simulated_ollama: SimulatedOllama) -> None:
    """A request that times out on a load destroys the load: nothing is loaded afterwards."""
    simulated_ollama.slow("phi4:14b", 1e3)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/api/chat", json=CHAT | {"model": "phi4:14b"}, timeout=httpx.Timeout(30, read=0.1))
    simulated_ollama.recover("phi4:14b")
    client.post("/api/chat", json=CHAT)

    assert simulated_ollama.loaded == ("llama3.2:3b",)


def test_a_client_that_leaves_in_the_middle_of_its_request_is_no_trouble(
    client: httpx.Client, simulated_ollama: SimulatedOllama, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a body and a closed connection: nothing is logged as an error, and the next one is served."""
    address = httpx.URL(simulated_ollama.url)
    with socket.create_connection((address.host, address.port), timeout=5) as half:
        half.sendall(b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
    assert client.post("/api/chat", json=CHAT | {"stream": False}).status_code == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_canceled_request_is_answered_499_to_nobody() -> None:
    """[error-499-canceled.json] The server writes status and text even though the client is gone."""
    sent = await _sent_to_a_client_that_is_gone(json.dumps(CHAT).encode())

    assert sent[0]["status"] == 499
    assert sent[1]["body"] == b'{"error":"request canceled"}'


@pytest.mark.skipif("ZETA_SHARED" not in os.environ, reason="ZETA_SHARED names no folder with the recorded examples")
async def test_the_499_is_the_recorded_one() -> None:
    """[error-499-canceled.json] Body and type are those of the example."""
    folder = Path(os.environ["ZETA_SHARED"]) / "ollama-wire-examples"
    example = json.loads((folder / "index.json").read_text())["error-499-canceled.json"]
    sent = await _sent_to_a_client_that_is_gone(json.dumps(example["request"]).encode())

    assert sent[0]["status"] == example["status"]
    assert dict(sent[0]["headers"])[b"content-type"].decode() == example["content_type"]
    assert sent[1]["body"] == (folder / "error-499-canceled.json").read_bytes()


async def _sent_to_a_client_that_is_gone(body: bytes) -> list[dict[str, Any]]:
    """Return what the application sends when the client leaves right after its request."""
    engine = Engine([model_from_tag("llama3.2:3b")])
    driver = Driver(engine, clock=lambda: 0.0)
    driver.start()
    host = Host(
        engine=engine,
        driver=driver,
        responder=EchoResponder(),
        embedder=HashedNgrams(),
        calendar=Calendar(0),
        rng=Random(0),
    )
    messages = asyncio.Queue[dict[str, Any]]()
    for message in ({"type": "http.request", "body": body}, {"type": "http.disconnect"}):
        messages.put_nowait(message)
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/chat",
        "raw_path": b"/api/chat",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 11434),
        "scheme": "http",
        "state": {"close_connection": lambda: None},
    }
    await application(host)(scope, messages.get, send)
    driver.stop()
    return sent
