"""Trouble on demand: from Python, over HTTP, and as written on the command line."""

from __future__ import annotations

import json
import math
from typing import Any

import httpx
import pytest

from zeta_router.simulator import SimulatedOllama
from zeta_router.simulator.server.orders import parse_order

CHAT = {"model": "llama3.2:3b", "messages": [{"role": "user", "content": "one two three four five"}]}
WHOLE = CHAT | {"stream": False}

pytestmark = pytest.mark.simulated_ollama(models=["llama3.2:3b", "phi4:14b"], responder="echo")


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.text.splitlines()]


def speed(client: httpx.Client) -> float:
    """Return the decode speed in tokens/s, as learned from the answer's own clocks."""
    answer = client.post("/api/chat", json=WHOLE).json()
    return float((answer["eval_count"] - 1) / answer["eval_duration"] * 1e9)


def test_a_slowed_model_is_slower_by_the_factor_until_it_recovers(
    client: httpx.Client, simulated_ollama: SimulatedOllama
) -> None:
    """`slow` and `recover` act at once and exactly."""
    usual = speed(client)
    simulated_ollama.slow("llama3.2:3b", 5.0)
    slow = speed(client)
    simulated_ollama.recover("llama3.2:3b")

    assert usual / slow == pytest.approx(5, rel=1e-3)
    assert speed(client) == pytest.approx(usual, rel=1e-3)


def test_a_stalled_server_takes_requests_and_says_nothing(
    client: httpx.Client, simulated_ollama: SimulatedOllama
) -> None:
    """While it is stalled no answer comes; once it goes on, the next one does."""
    simulated_ollama.faults.stall()
    with pytest.raises(httpx.ReadTimeout):
        client.post("/api/chat", json=WHOLE, timeout=0.1)
    simulated_ollama.faults.resume()

    assert client.post("/api/chat", json=WHOLE).json()["done"] is True


@pytest.mark.parametrize("chunks", [0, 2])
def test_a_dropped_connection_breaks_off_after_its_chunk(
    client: httpx.Client, simulated_ollama: SimulatedOllama, chunks: int
) -> None:
    """The client gets that many chunks, then a broken connection."""
    simulated_ollama.faults.add("drop_connection", at=chunks)
    got: list[str] = []

    with pytest.raises(httpx.RemoteProtocolError), client.stream("POST", "/api/chat", json=CHAT) as response:
        got.extend(response.iter_lines())

    assert len(got) == chunks


def test_an_error_line_takes_the_place_of_its_chunk(client: httpx.Client, simulated_ollama: SimulatedOllama) -> None:
    """The status was 200; the third line is an error and the last."""
    simulated_ollama.faults.add("error_line", at=3)
    response = client.post("/api/chat", json=CHAT)

    assert response.status_code == 200
    assert [next(iter(line)) for line in lines(response)] == ["model", "model", "error"]


def test_a_truncated_stream_ends_without_done(client: httpx.Client, simulated_ollama: SimulatedOllama) -> None:
    """The body ends cleanly, and no line says that it is done; the next answer is whole again."""
    simulated_ollama.faults.add("truncate", at=2)

    assert [line["done"] for line in lines(client.post("/api/chat", json=CHAT))] == [False, False]
    assert lines(client.post("/api/chat", json=CHAT))[-1]["done"] is True


def test_a_crash_ends_the_stream_and_the_next_request_reloads(
    client: httpx.Client, simulated_ollama: SimulatedOllama
) -> None:
    """The runner dies in the middle of an answer; the next request pays for a new load."""
    client.post("/api/chat", json=WHOLE)
    simulated_ollama.faults.add("crash", model="llama3.2:3b", at=2)
    broken = lines(client.post("/api/chat", json=CHAT))
    after = client.post("/api/chat", json=WHOLE).json()

    assert broken[-1]["error"].startswith("an error was encountered while running the model")
    assert after["load_duration"] > 1e9


def test_a_killed_runner_is_found_dead_by_the_next_request(
    client: httpx.Client, simulated_ollama: SimulatedOllama
) -> None:
    """`crash` kills an idle runner: ps still lists it, and the next request loads the model again."""
    client.post("/api/chat", json=WHOLE)
    simulated_ollama.faults.crash("llama3.2:3b")

    assert simulated_ollama.loaded == ("llama3.2:3b",)
    assert client.post("/api/chat", json=WHOLE).json()["load_duration"] > 1e9


def test_a_fault_strikes_its_model_only(client: httpx.Client, simulated_ollama: SimulatedOllama) -> None:
    """A refusal armed for one model leaves the other alone."""
    simulated_ollama.faults.add("refuse", model="phi4:14b")

    assert client.post("/api/chat", json=WHOLE).status_code == 200
    assert client.post("/api/chat", json=WHOLE | {"model": "phi4:14b"}).status_code == 503


def test_a_wrong_digest_is_shown_once(client: httpx.Client, simulated_ollama: SimulatedOllama) -> None:
    """The tags list lies about one model, as after a silent update, and then is right again."""

    def digest() -> str:
        return str(client.get("/api/tags").json()["models"][0]["digest"])

    right = digest()
    simulated_ollama.faults.add("wrong_digest", model="llama3.2:3b")

    assert digest() != right
    assert digest() == right


def test_a_skewed_clock_falsifies_the_reported_durations(
    client: httpx.Client, simulated_ollama: SimulatedOllama
) -> None:
    """Reported durations grow by the skew, though nothing takes longer."""
    client.post("/api/chat", json=WHOLE)
    before = client.post("/api/chat", json=WHOLE).json()
    simulated_ollama.faults.clock_skew = 3.0
    after = client.post("/api/chat", json=WHOLE).json()

    assert after["eval_duration"] - before["eval_duration"] == pytest.approx(3e9, rel=1e-3)


def test_the_control_endpoint_adds_shows_and_clears(client: httpx.Client) -> None:
    """POST adds, GET shows, DELETE heals; the answer says that all this is simulated."""
    client.post("/zeta/faults", json={"kind": "slow", "model": "phi4:14b", "factor": 4}).raise_for_status()
    client.post("/zeta/faults", json={"kind": "stall", "model": "llama3.2:3b"}).raise_for_status()
    client.post("/zeta/faults", json={"kind": "truncate", "at": 3, "times": None}).raise_for_status()
    shown = client.get("/zeta/faults").json()

    assert shown["simulated"] is True
    assert shown["slow"] == {"llama3.2:3b": "stalled", "phi4:14b": 4}
    assert shown["armed"] == [{"kind": "truncate", "model": None, "at": 3, "times": None}]
    assert client.delete("/zeta/faults").json() == {"simulated": True, "slow": {}, "clock_skew": 0.0, "armed": []}


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"kind": "melt"}, "kind must be one of slow, stall"),
        ({"kind": "slow"}, "slow needs factor, a number"),
        ({"kind": "slow", "factor": 0}, "factor must be positive"),
        ({"kind": "crash", "after": 3}, "crash takes no after"),
        ([], "expected an object"),
    ],
)
def test_a_wrong_order_is_refused_with_a_sentence(client: httpx.Client, order: Any, error: str) -> None:
    """What is wrong with it is said; nothing is armed."""
    response = client.post("/zeta/faults", json=order)

    assert response.status_code == 400
    assert response.json()["error"].startswith(error)
    assert client.get("/zeta/faults").json()["armed"] == []


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("stall", {"kind": "stall"}),
        ("slow@phi4:14b,factor=2.5", {"kind": "slow", "model": "phi4:14b", "factor": 2.5}),
        ("truncate,at=3,times=2", {"kind": "truncate", "at": 3, "times": 2}),
        ("slow,factor=inf", {"kind": "slow", "factor": math.inf}),
    ],
)
def test_faults_can_be_written_in_one_word(text: str, order: dict[str, Any]) -> None:
    """The command line's form says the same as the control endpoint's."""
    assert parse_order(text) == order


def test_a_fault_written_otherwise_is_refused() -> None:
    """The error shows how to write it."""
    with pytest.raises(ValueError, match="write it like slow@"):
        parse_order("slow,factor")
