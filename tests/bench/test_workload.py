"""The requests of a seed: what the trace says, what chance adds, what the router is told."""

from __future__ import annotations

import gzip
import itertools
import math
from collections import Counter
from pathlib import Path
from statistics import mean, median

import pytest

from zeta_router import ConfigError, Fate, Outcome, Request, Timings, ZetaDynamicRouter
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.traces import FILES, trace
from zeta_router.bench.truth import Truth
from zeta_router.bench.workload import Workload, workload
from zeta_router.bench.zoo import CODE, CODER, TASKS

STATIONARY = SCENARIOS["stationary"]


def made(scenario: str = "stationary", *, load: float = 1.0, seed: int = 1, requests: int = 3000) -> Workload:
    return workload(SCENARIOS[scenario], load=load, seed=seed, requests=requests, data=None)


@pytest.mark.parametrize("load", [0.3, 1.0, 2.0])
def test_requests_come_at_the_rate_of_the_scenario(load: float) -> None:
    """On average; bursts stay bursts."""
    calls = made(load=load).calls
    assert 3000 / calls[-1].at == pytest.approx(0.06 * load, rel=0.01)
    gaps = sorted(b.at - a.at for a, b in itertools.pairwise(calls))
    assert gaps[len(gaps) // 2] < 0.6 * mean(gaps)


def test_a_crowd_comes_four_times_as_fast() -> None:
    """In its 15 % of the requests; outside nothing changes."""
    usual, crowd = made().calls, made("flash-crowd").calls
    begin, end = round(0.45 * 3000), round(0.60 * 3000)
    assert (usual[end - 1].at - usual[begin].at) / (crowd[end - 1].at - crowd[begin].at) == pytest.approx(4.0)
    assert usual[begin - 1].at == pytest.approx(crowd[begin - 1].at)


def test_steady_requests_are_the_same_ones_without_bursts_and_phases() -> None:
    """Gaps are exponential: half of them are below 0.69 of their mean, within five standard errors."""
    usual, steady = made("slow-5x"), made("slow-5x-steady")
    assert Counter(c.request.tokens for c in usual.calls) == Counter(c.request.tokens for c in steady.calls)
    gaps = sorted(b.at - a.at for a, b in itertools.pairwise(steady.calls))
    assert mean(gaps) == pytest.approx(1.0, rel=0.01)
    assert median(gaps) == pytest.approx(0.693, abs=5 / math.sqrt(3000))
    per_minute = Counter(int(c.at // 60) for c in steady.calls if c.task == CODE)
    assert min(per_minute[minute] for minute in range(49)) >= 1


def test_the_router_is_told_some_tasks_wrong_and_no_complexity_but_a_trait() -> None:
    """5 % of the labels and 15 % of the buckets: within five standard deviations of 3,000 draws."""
    calls = made().calls
    wrong = sum(c.guess.task != c.task for c in calls)
    bucket = sum((c.complexity > 0.5) != (c.guess.complexity == 2) for c in calls)
    assert abs(wrong - 150) < 5 * 11.9
    assert abs(bucket - 450) < 5 * 19.6
    assert all(c.request.task == c.guess.task for c in calls)


def test_luck_is_the_same_at_every_load_and_in_every_scenario() -> None:
    """So that policies, loads and scenarios differ in nothing but themselves."""
    one, other = made(load=0.3).calls, made("slow-4x", load=2.0).calls
    assert [c._replace(at=0.0) for c in one] == [c._replace(at=0.0) for c in other]


def test_tasks_have_the_shares_and_lengths_of_the_trace() -> None:
    """Code answers are short, reasoning ones long."""
    calls = made().calls
    lengths = {task: median(c.output_tokens for c in calls if c.task == task) for task in TASKS}
    assert lengths["code"] < 30 < lengths["chat"] < 300 < lengths["reasoning"]
    counts = Counter(c.task for c in calls)
    assert counts["extract"] / (counts["code"] + counts["extract"]) == pytest.approx(0.20, abs=0.06)


def test_truth_depends_on_the_seed_alone() -> None:
    """Another scenario of the same seed has the same models; another seed has not."""
    same = Truth(SCENARIOS["twelve"], 3).quality(CODER.name, "code", 0.5)
    assert Truth(STATIONARY, 3).quality(CODER.name, "code", 0.5) == same
    assert Truth(STATIONARY, 4).quality(CODER.name, "code", 0.5) != same


def test_hard_prompts_are_answered_worse() -> None:
    """By the slope of the model, 0.22 for the coder."""
    truth = Truth(STATIONARY, 3)
    truth.set_quality(CODER.name, "code", 0.5)
    assert truth.quality(CODER.name, "code", 0.0) - truth.quality(CODER.name, "code", 1.0) == pytest.approx(0.22)


@pytest.mark.parametrize("folder", [".", "traces"])
def test_traces_are_read_from_a_folder_or_its_subfolder(tmp_path: Path, folder: str) -> None:
    """Both files, merged by time; an answer without tokens counts as one token."""
    place = tmp_path / folder
    place.mkdir(exist_ok=True)
    for name, rows in zip(FILES, ("0.0,10,0\n2.0,20,5\n", "1.0,30,7\n"), strict=True):
        (place / name).write_bytes(gzip.compress(f"arrival_s,prompt_tokens,output_tokens\n{rows}".encode()))
    assert [tuple(row) for row in trace(tmp_path)] == [
        (0.0, 10, 1, True, ""),
        (1.0, 30, 7, False, ""),
        (2.0, 20, 5, True, ""),
    ]


def test_bad_input_is_refused(tmp_path: Path) -> None:
    """In one sentence."""
    with pytest.raises(ConfigError, match="has no azure2023_code"):
        trace(tmp_path)
    with pytest.raises(ConfigError, match="requests must be between"):
        made(requests=10)
    with pytest.raises(ConfigError, match="load must be above 0"):
        made(load=0.0)


def test_a_log_is_a_trace(tmp_path: Path) -> None:
    """Of the requests that were answered: when they came, their task, their lengths; nothing else is used."""
    file, now = tmp_path / "log.db", [1_000.0]
    with ZetaDynamicRouter(["coder:7b"], clock=lambda: now[0], store=file) as router:
        for task, fate, tokens in (("math", Fate.ok, 7), ("code", Fate.error, 1), ("writing", Fate.ok, 9)):
            attempt = next(iter(router.plan(Request(task=task, prompt_tokens=50))))
            with attempt:
                now[0] += 5.0
                attempt.settle(Outcome(fate=fate, timings=Timings(total=5.0), prompt_tokens=60, output_tokens=tokens))
    assert [tuple(row) for row in trace(file)] == [(0.0, 60, 7, False, "reasoning"), (10.0, 60, 9, False, "chat")]


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    """In one sentence that names it."""
    file = tmp_path / "notes.txt"
    file.write_text("shopping list", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"notes\.txt"):
        trace(file)
