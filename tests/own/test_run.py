"""`measure_own` against a simulated Ollama: every model is measured, through the router, within its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.own.answers import Two
from zeta_router import ConfigError, Event, FeedbackGiven, OutcomeSeen, Request, ZetaDynamicRouter
from zeta_router.outcome import Fate
from zeta_router.own import PROBES, by_model, measure_own
from zeta_router.own.run import SOURCE
from zeta_router.simulator import SimulatedOllama

GOOD, TALKER, EMBEDDER = "qwen2.5-coder:7b", "llama3.2:3b", "nomic-embed-text"


@pytest.fixture(scope="module")
def responder() -> Two:
    return Two()


@pytest.fixture(scope="module")
def server(responder: Two) -> Iterator[SimulatedOllama]:
    models = [GOOD, TALKER, EMBEDDER]
    with SimulatedOllama(models=models, time_scale=500, chunk_tokens=64, seed=1, responder=responder) as running:
        yield running


def test_every_model_is_measured_and_told_apart(server: SimulatedOllama) -> None:
    """Speeds for all, scores for chat models: the one that knows gets them all, the one that talks next to none."""
    with ZetaDynamicRouter.from_ollama([server.url]) as router:
        reports = {report.model.removesuffix(":latest"): report for report in by_model(measure_own(router))}
    assert set(reports) == {GOOD, TALKER, EMBEDDER}
    good, talker, embedder = reports[GOOD], reports[TALKER], reports[EMBEDDER]
    assert good.prompts == len(PROBES)
    assert dict(good.scores) == {probe.name: 1.0 for probe in PROBES}
    assert talker.score is not None
    assert talker.score < 0.3
    assert good.written_tokens_per_second is not None
    assert talker.written_tokens_per_second is not None
    assert talker.written_tokens_per_second > good.written_tokens_per_second  # smaller models write faster
    assert good.read_tokens_per_second is not None
    assert good.load_seconds is not None  # the first call found it on disk
    assert embedder.prompts == 1
    assert embedder.score is None


def test_the_router_learns_from_it(server: SimulatedOllama) -> None:
    """Every call is an outcome, every score is feedback from `bench`; afterwards the router tells the two apart."""
    events: list[Event] = []
    code = Request(text="x", task="code")
    with ZetaDynamicRouter.from_ollama([server.url]) as router:
        before = {score.model: score.quality or 0.0 for score in router.explain(code).candidates}
        router.subscribe(events.append)
        results = measure_own(router)
        after = {score.model: score.quality or 0.0 for score in router.explain(code).candidates}
    assert sum(isinstance(event, OutcomeSeen) for event in events) == len(results)
    given = [event.source for event in events if isinstance(event, FeedbackGiven)]
    assert given == [SOURCE] * sum(result.score is not None for result in results)
    assert after[GOOD] - before[GOOD] > after[TALKER] - before[TALKER]


def test_it_survives_in_a_store(server: SimulatedOllama, tmp_path: Path) -> None:
    """A router that comes later with the same store knows the speeds and the scores."""
    with ZetaDynamicRouter.from_ollama([server.url], store=tmp_path / "zeta.db") as router:
        calls = len(measure_own(router))
    with ZetaDynamicRouter.from_ollama([server.url], store=tmp_path / "zeta.db") as later:
        known = later.performance_metrics
    assert set(known) >= {GOOD, TALKER}
    assert sum(metrics.calls for metrics in known.values()) == calls


def test_little_time_means_one_prompt_each(server: SimulatedOllama) -> None:
    """Every model gets its turn even when the time is up at once."""
    with ZetaDynamicRouter.from_ollama([server.url]) as router:
        results = measure_own(router, seconds=1e-6)
    assert sorted(Counter(result.model.removesuffix(":latest") for result in results).items()) == [
        (TALKER, 1),
        (EMBEDDER, 1),
        (GOOD, 1),
    ]


def test_progress_is_told_after_every_prompt(server: SimulatedOllama) -> None:
    """In the order of the results."""
    told: list[object] = []
    with ZetaDynamicRouter.from_ollama([server.url]) as router:
        assert measure_own(router, seconds=1e-6, done=told.append) == told


def test_a_model_that_fails_is_asked_once(server: SimulatedOllama) -> None:
    """The failure is its result, and the other models are measured all the same."""
    with ZetaDynamicRouter.from_ollama([server.url]) as router:
        router.leave(EMBEDDER)
        router.leave(TALKER)
        router.join(replace(router.cards[0], name="ghost:7b", digest=None))
        results = measure_own(router)
    of_ghost = [result for result in results if result.model == "ghost:7b"]
    assert [result.outcome.fate for result in of_ghost] == [Fate.missing]
    assert sum(result.model == GOOD for result in results) == len(PROBES)


def test_a_span_that_is_none_is_refused(server: SimulatedOllama) -> None:
    """With what is wrong."""
    with ZetaDynamicRouter.from_ollama([server.url]) as router, pytest.raises(ConfigError, match="above 0, got 0"):
        measure_own(router, seconds=0)


def test_results_show_nothing_of_answers(server: SimulatedOllama) -> None:
    """Neither repr of results nor of reports has a word of them."""
    with ZetaDynamicRouter.from_ollama([server.url]) as router:
        results = measure_own(router, seconds=1e-6)
    assert "weather" not in repr(results) + repr(by_model(results))
