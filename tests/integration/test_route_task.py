"""The main job in the seed's vocabulary, against the simulated Ollama over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from zeta_router import (
    ConfigError,
    EveryAttemptFailed,
    NoCapableModel,
    ServerUnreachable,
    ZetaDynamicRouter,
)
from zeta_router.simulator import SimulatedOllama
from zeta_router.task_run import TaskResult

MODELS = ["qwen2.5-coder:7b", "phi4:14b", "nomic-embed-text"]
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


@pytest.fixture
def server() -> Iterator[SimulatedOllama]:
    """A simulated Ollama in which a second takes two milliseconds."""
    with SimulatedOllama(models=MODELS, time_scale=500, seed=7) as started:
        yield started


def route(router: ZetaDynamicRouter, mode: str, task: str, data: str | list[str]) -> TaskResult:
    """Run a task either way."""
    if mode == "sync":
        return router.route_task(task, data)
    return asyncio.run(router.aroute_task(task, data))


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(
    ("task", "data", "model", "endpoint"),
    [
        ("code", "Write a function that reverses a list.", "qwen2.5-coder:7b", "/api/chat"),
        ("reasoning", "Why is the sky blue?", "phi4:14b", "/api/chat"),
        ("embedding", ["one text", "another"], "nomic-embed-text:latest", "/api/embed"),
    ],
)
def test_a_task_runs_once_on_the_model_for_it(
    server: SimulatedOllama, mode: str, task: str, data: str | list[str], model: str, endpoint: str
) -> None:
    """One request on the wire, timed by Ollama's own clocks, learned from by that very run."""
    router = ZetaDynamicRouter.from_ollama([server.url], rng=1)

    result = route(router, mode, task, data)

    assert result.model == model
    assert {key: n for key, n in server.requests.items() if key[0] in ("/api/chat", "/api/embed")} == {
        (endpoint, model): 1
    }
    assert result.timings.total is not None
    assert router.performance_metrics[model].calls == 1
    if task == "embedding":
        assert [len(vector) for vector in result.vectors] == [768, 768]
    else:
        assert result.content
        assert (result.timings.decode or 0.0) > 0.0
    assert router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_model_that_is_not_installed_costs_an_attempt_not_the_answer(server: SimulatedOllama, mode: str) -> None:
    """Named by the user but never pulled: the next best answers, and the failure is counted."""
    router = ZetaDynamicRouter(["starcoder2:15b", "qwen2.5-coder:7b"], hosts=[server.url])
    models = {route(router, mode, "code", "def f(x): ...").model for _ in range(3)}
    assert models == {"qwen2.5-coder:7b"}


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_an_unknown_model_alone_says_how_to_get_it(server: SimulatedOllama, mode: str) -> None:
    """The error carries Ollama's own words and a way out."""
    router = ZetaDynamicRouter(["nope:7b"], hosts=[server.url])
    with pytest.raises(EveryAttemptFailed, match="nope:7b") as caught:
        route(router, mode, "code", "def f(x): ...")
    assert [f.fate for f in caught.value.failures] == ["missing"]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_server_that_is_down_is_named(mode: str) -> None:
    """Nobody listens: the error names the address."""
    router = ZetaDynamicRouter(["llama3.2:3b"], hosts=[NOBODY])
    with pytest.raises(EveryAttemptFailed, match=r"127\.0\.0\.1:9"):
        route(router, mode, "chat", "hello")


def test_discovery_without_a_server_or_models_says_what_to_do() -> None:
    """Two different mistakes, two different sentences."""
    with pytest.raises(ServerUnreachable, match="ollama serve"):
        ZetaDynamicRouter.from_ollama([NOBODY])
    with (
        SimulatedOllama(models=[], time_scale=500) as empty,
        pytest.raises(ConfigError, match=r"ollama pull llama3\.2:3b"),
    ):
        ZetaDynamicRouter.from_ollama([empty.url])


def test_one_host_of_two_may_be_down(server: SimulatedOllama) -> None:
    """Discovery goes on with the host that answers."""
    router = ZetaDynamicRouter.from_ollama([NOBODY, server.url])
    assert {card.host for card in router.cards} == {server.url}


def test_vectors_are_refused_where_no_embedder_is(server: SimulatedOllama) -> None:
    """A chat model is never asked for vectors."""
    router = ZetaDynamicRouter(["qwen2.5-coder:7b"], hosts=[server.url])
    with pytest.raises(NoCapableModel, match="lacks embedding"):
        router.route_task("embedding", "a text")
    assert not any(path == "/api/embed" for path, _ in server.requests)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_model_that_slows_down_loses_its_tasks(server: SimulatedOllama, mode: str) -> None:
    """The main job: a dozen fast answers, then slow ones, and the traffic moves."""
    now = [0.0]  # by hand: how long this machine takes must not decide when the slow model is checked again
    router = ZetaDynamicRouter(["qwen2.5-coder:7b", "phi4:14b"], hosts=[server.url], clock=lambda: now[0], rng=1)

    def code(i: int) -> str:
        now[0] += 1.0
        return route(router, mode, "code", f"Write function number {i}.").model

    before = [code(i) for i in range(12)]
    server.slow("qwen2.5-coder:7b", 8.0)
    after = [code(i) for i in range(12, 20)]

    assert before.count("qwen2.5-coder:7b") == 12
    assert after.count("qwen2.5-coder:7b") <= 2
    assert after[-1] == "phi4:14b"
