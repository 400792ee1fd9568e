"""The commands against a simulated Ollama, over a real socket."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from tests.cli.conftest import NOBODY, Result
from zeta_router.simulator import SimulatedOllama

Zeta = Callable[..., Result]


def test_models_lists_what_the_host_has(zeta: Zeta, server: SimulatedOllama) -> None:
    """Each with what it can do and how large it is."""
    result = zeta("models", "--host", server.url)
    assert result.code == 0
    assert all(model in result.out for model in ("qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b", "nomic-embed-text"))
    assert "embedding" in result.out


def test_models_as_an_object(zeta: Zeta, server: SimulatedOllama) -> None:
    """The same for programs; a host that is down beside one that is up is named, and no reason to fail."""
    result = zeta("models", "--host", server.url, "--host", NOBODY, "--json")
    assert result.code == 0
    by_name = {model["model"].removesuffix(":latest"): model for model in result.json["models"]}
    assert "completion" in by_name["phi4:14b"]["capabilities"]
    assert by_name["phi4:14b"]["context_length"] > 0
    assert by_name["phi4:14b"]["host"] == server.url
    assert list(result.json["unreachable"]) == [NOBODY]


def test_route_explains_and_runs_nothing(zeta: Zeta, server: SimulatedOllama) -> None:
    """The decision with all its candidates and their phases; no model is asked."""
    before = dict(server.requests)
    result = zeta("route", "Write a python function that reverses a list", "--host", server.url, "--json")
    found = result.json
    assert found["task"] == "code"
    assert found["task_found"]["probability"] > 0.5
    assert len(found["candidates"]) == 3
    assert {"wait", "load", "prefill", "decode", "total"} <= set(found["candidates"][0]["predicted"])
    assert found["model"] == found["candidates"][0]["model"]
    asked = {key: number for key, number in server.requests.items() if number != before.get(key, 0)}
    assert not [path for path, _ in asked if path in {"/api/chat", "/api/generate"}]


def test_route_in_words_marks_the_pick(zeta: Zeta, server: SimulatedOllama) -> None:
    """An arrow stands before the model that would answer."""
    result = zeta("route", "Hello there", "--task", "reasoning", "--host", server.url)
    assert result.code == 0
    assert "task   reasoning (as you say)" in result.out
    assert "→" in result.out


def test_a_row_is_a_line_in_a_pipe(zeta: Zeta, server: SimulatedOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the width of a terminal that is not there; the one host is named once."""
    monkeypatch.delenv("COLUMNS", raising=False)
    listed = zeta("models", "--host", server.url).out.splitlines()
    routed = zeta("route", "Hello there", "--host", server.url).out.splitlines()

    assert [line for line in listed if "phi4:14b" in line and server.url in line and "completion" in line]
    assert [line for line in routed if line.strip().startswith("phi4:14b") and line.count(" s ") >= 4]
    assert sum(server.url in line for line in routed) == 1


def test_the_prompt_is_not_in_a_decision(zeta: Zeta, server: SimulatedOllama) -> None:
    """What is asked stays with the asker."""
    assert "xylophone" not in zeta("route", "tune my xylophone", "--host", server.url, "--json").out


def test_ask_answers_on_stdout_and_times_on_stderr(zeta: Zeta, server: SimulatedOllama) -> None:
    """So that the answer can be piped on."""
    result = zeta("ask", "What is the capital of France?", "--host", server.url)
    assert result.code == 0
    assert result.out.strip()
    assert "decode" in result.err
    assert "decode" not in result.out


def test_ask_as_an_object(zeta: Zeta, server: SimulatedOllama) -> None:
    """Answer, model, task and Ollama's own timings."""
    found = zeta("ask", "Write a python function", "--task", "code", "--host", server.url, "--json").json
    assert found["answer"]
    assert found["task"] == "code"
    assert found["timings"]["total"] > 0
    assert found["output_tokens"] > 0


def test_ask_sends_one_request_to_one_model(zeta: Zeta, server: SimulatedOllama) -> None:
    """The run that is timed is the run that answers."""
    chats = lambda: sum(n for (path, _), n in server.requests.items() if path == "/api/chat")  # noqa: E731
    before = chats()
    zeta("ask", "Hello", "--host", server.url)
    assert chats() == before + 1


def test_ask_for_vectors(zeta: Zeta, server: SimulatedOllama) -> None:
    """The task `embedding` goes to the embedder."""
    found = zeta("ask", "a text", "--task", "embedding", "--host", server.url, "--json").json
    assert found["model"].startswith("nomic-embed-text")
    assert len(found["vectors"]) == 1


def test_a_dash_reads_the_prompt_from_standard_input(
    zeta: Zeta, server: SimulatedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `git diff | zeta route -`."""
    monkeypatch.setattr("sys.stdin", io.StringIO("```python\ndef f(): ...\n``` what does this function do?"))
    assert zeta("route", "-", "--host", server.url, "--json").json["task"] == "code"


def test_doctor_finds_a_healthy_host(zeta: Zeta, server: SimulatedOllama) -> None:
    """Version and models are named."""
    result = zeta("doctor", "--host", server.url, "--json")
    assert result.code == 0
    assert result.json["healthy"] is True
    assert "4 models" in " ".join(finding["what"] for finding in result.json["findings"])


@pytest.mark.parametrize("as_json", [True, False])
def test_doctor_says_what_to_do_about_a_host_that_is_down(zeta: Zeta, as_json: bool) -> None:
    """The report is the result, so that it goes to stdout; the exit code is 2."""
    result = zeta("doctor", "--host", NOBODY, *(["--json"] if as_json else []))
    assert result.code == 2
    assert "ollama serve" in result.out
    if as_json:
        assert result.json["healthy"] is False


def test_doctor_says_what_to_pull_where_there_is_nothing(zeta: Zeta, bare_server: SimulatedOllama) -> None:
    """A server without models is of no use yet."""
    result = zeta("doctor", "--host", bare_server.url)
    assert result.code == 2
    assert "ollama pull" in result.out


def test_models_of_an_empty_host(zeta: Zeta, bare_server: SimulatedOllama) -> None:
    """An empty list is a result and no error."""
    assert zeta("models", "--host", bare_server.url, "--json").json["models"] == []
    assert "ollama pull" in zeta("models", "--host", bare_server.url).err


def test_the_environment_names_the_host(zeta: Zeta, server: SimulatedOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    """`OLLAMA_HOST`, as Ollama's own client has it."""
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    assert len(zeta("models", "--json").json["models"]) == 4
