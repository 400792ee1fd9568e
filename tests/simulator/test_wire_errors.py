"""What the simulated server refuses, and in which words (ollama-wire.md section 2)."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

import httpx
import pytest

from zeta_router.simulator import SimulatedOllama, model_from_tag
from zeta_router.simulator.server.keep_alive import parse_keep_alive

pytestmark = pytest.mark.simulated_ollama(models=["llama3.2:3b", "gemma2:2b", "nomic-embed-text"])

HELLO = [{"role": "user", "content": "Hello!"}]


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/api/show", {}, 400, "model is required"),
        ("/api/embed", {"input": "x"}, 404, "model '' not found"),
        ("/api/embeddings", {"model": "nope", "prompt": "x"}, 404, 'model "nope" not found, try pulling it first'),
        ("/api/chat", {"model": "a b", "messages": HELLO}, 400, "invalid model name"),
        ("/api/chat", {"model": "qwen3:480b-cloud", "messages": HELLO}, 401, "unauthorized"),
        ("/api/chat", [], 400, "json: cannot unmarshal array into Go value of type api.ChatRequest"),
        (
            "/api/chat",
            {"model": "llama3.2:3b", "top_logprobs": 1.5},
            400,
            "json: cannot unmarshal number 1.5 into Go struct field ChatRequest.top_logprobs of type int",
        ),
        ("/api/embed", {"model": "nomic-embed-text", "input": 5}, 400, "invalid input type"),
        (
            "/api/generate",
            {"model": "llama3.2:3b", "prompt": "x", "raw": True, "system": "y"},
            400,
            "raw mode does not support template, system, or context",
        ),
        (
            "/api/generate",
            {"model": "llama3.2:3b", "prompt": "x", "suffix": "y"},
            400,
            "registry.ollama.ai/library/llama3.2:3b does not support insert",
        ),
        (
            "/api/chat",
            {"model": "llama3.2:3b", "messages": HELLO, "options": {"stop": "x"}},
            500,
            'option "stop" must be of type array',
        ),
        (
            "/api/embeddings",
            {"model": "llama3.2:3b", "prompt": "x"},
            500,
            "This server does not support embeddings. Start it with `--embeddings`",
        ),
        (
            "/api/pull",
            {"model": "registry.example/mine/model"},
            500,
            'pull model manifest: Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
        ),
        ("/api/create", {"model": "x"}, 400, "neither 'from' or 'files' was specified"),
        ("/api/copy", {"source": "nope", "destination": "x"}, 404, 'model "nope" not found'),
    ],
)
def test_a_wrong_request_is_refused_in_ollamas_words(
    client: httpx.Client, path: str, body: Any, status: int, error: str
) -> None:
    """Status and text are Ollama's."""
    response = client.post(path, json=body)

    assert (response.status_code, response.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("300", 'time: missing unit in duration "300"'),
        ("-1", 'time: missing unit in duration "-1"'),
        ("5 m", 'time: unknown unit " m" in duration "5 m"'),
        ("soon", 'time: invalid duration "soon"'),
        (True, "Unsupported type: 'bool'"),
    ],
)
def test_a_careless_keep_alive_is_refused(client: httpx.Client, value: Any, error: str) -> None:
    """A duration needs a unit, and a boolean is none."""
    response = client.post("/api/generate", json={"model": "llama3.2:3b", "keep_alive": value})

    assert (response.status_code, response.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), (90, 90), (0.5, 0.5), ("0", 0), (0, 0), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400),
     ("300ms", 0.3), (-1, math.inf), ("-1m", math.inf)],
)  # fmt: skip
def test_keep_alive_has_many_forms(value: Any, seconds: float | None) -> None:
    """Numbers are seconds, strings are Go durations, negative means for ever, and null is not given."""
    assert parse_keep_alive(value) == seconds


@pytest.mark.parametrize(("value", "seconds"), [("10m", 600), (5400, 5400)])
def test_a_model_expires_its_keep_alive_after_it_was_used(client: httpx.Client, value: Any, seconds: float) -> None:
    """`expires_at` is the end of the last request plus keep_alive."""
    loaded = client.post("/api/generate", json={"model": "llama3.2:3b", "keep_alive": value}).json()
    (line,) = client.get("/api/ps").json()["models"]

    kept = _when(line["expires_at"]) - _when(loaded["created_at"])
    assert kept.total_seconds() == pytest.approx(seconds, abs=1e-3)


def test_for_ever_is_shown_as_292_years(client: httpx.Client) -> None:
    """A negative keep_alive shows as Go's longest duration."""
    client.post("/api/generate", json={"model": "llama3.2:3b", "keep_alive": -1})
    (line,) = client.get("/api/ps").json()["models"]

    assert 290 < _when(line["expires_at"]).year - datetime.now(timezone.utc).year < 294


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"model": x}', "invalid character 'x' looking for beginning of value"),
        (b'{"model": "a",}', "invalid character '}' looking for beginning of object key string"),
        (b'{"model" "a"}', "invalid character '\"' after object key"),
        (b'{"model": "a" "b"}', "invalid character '\"' after object key:value pair"),
        (b'{"messages": [1 2]}', "invalid character '2' after array element"),
        (b'{"model": "a"', "unexpected EOF"),
        (b'{"model": "a', "unexpected EOF"),
        (b"  ", "missing request body"),
    ],
)
def test_bad_json_is_refused_in_gos_words(client: httpx.Client, body: bytes, error: str) -> None:
    """Go's parser says what it stumbled over."""
    response = client.post("/api/chat", content=body)

    assert (response.status_code, response.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [("GET", "/nope", 404, "404 page not found"), ("GET", "/api/chat", 405, "405 method not allowed"),
     ("POST", "/api/tags", 405, "405 method not allowed"), ("GET", "/", 200, "Ollama is running")],
)  # fmt: skip
def test_paths_and_methods_outside_the_api_get_plain_text(
    client: httpx.Client, method: str, path: str, status: int, text: str
) -> None:
    """Unknown paths and wrong methods are answered in plain text, as is the root."""
    response = client.request(method, path)

    assert (response.status_code, response.text) == (status, text)
    assert response.headers["content-type"] == "text/plain"


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 403), ("evil.example:11434", 403), ("localhost:11434", 200), ("[::1]:11434", 200),
     ("192.168.1.5", 200), ("8.8.8.8", 403), ("box.local", 200)],
)  # fmt: skip
def test_a_loopback_server_answers_local_names_only(client: httpx.Client, host: str, status: int) -> None:
    """A foreign Host header gets an empty 403: no web page can reach the server by a name of its own."""
    response = client.get("/api/version", headers={"Host": host})

    assert response.status_code == status
    assert (response.content == b"") is (status == 403)


def test_a_preflight_is_allowed(client: httpx.Client) -> None:
    """Browsers ask first, and get 204."""
    assert client.options("/api/chat", headers={"Origin": "http://localhost"}).status_code == 204


def test_openai_errors_have_openais_form(client: httpx.Client) -> None:
    """Under /v1 the same text stands in an object with a type."""
    response = client.post("/v1/chat/completions", json={"model": "gemma2:2b", "messages": []})

    assert response.status_code == 400
    assert response.json()["error"] == {
        "message": "[] is too short - 'messages'",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


def test_a_wrong_format_is_found_only_after_loading(client: httpx.Client, simulated_ollama: SimulatedOllama) -> None:
    """The model is loaded, perhaps in place of another, before the format is looked at."""
    body = {"model": "llama3.2:3b", "messages": HELLO, "format": 5}

    assert client.post("/api/chat", json=body).status_code == 500
    assert simulated_ollama.loaded == ("llama3.2:3b",)


def test_names_match_without_case_tag_and_registry(client: httpx.Client) -> None:
    """Any spelling finds the model; the answer repeats the spelling, the lists show the short form."""
    name = "registry.ollama.ai/library/Nomic-Embed-Text"
    answer = client.post("/api/embed", json={"model": name, "input": "x"}).json()

    assert answer["model"] == name
    assert [line["name"] for line in client.get("/api/ps").json()["models"]] == ["nomic-embed-text:latest"]


@pytest.mark.simulated_ollama(models=[model_from_tag("llama3.2:3b")], responder="echo")
def test_strings_are_escaped_as_go_does_it(client: httpx.Client) -> None:
    """Angle brackets and ampersands are escaped, other characters are raw UTF-8."""
    text = "<b>Zürich & 東京</b>"
    body = {"model": "llama3.2:3b", "messages": [{"role": "user", "content": text}], "stream": False}
    response = client.post("/api/chat", json=body)

    assert response.json()["message"]["content"] == text
    assert "\\u003cb\\u003eZürich \\u0026 東京\\u003c/b\\u003e" in response.text


def _when(time: str) -> datetime:
    """Return a time of the wire, cut to the microseconds that Python keeps."""
    head, _, fraction = time.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{head}.{fraction[:6].ljust(6, '0')}+00:00")
