"""The commands that read a log: each on a log that a router has just written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Result
from zeta_router import Fate, Outcome, Request, Timings, ZetaDynamicRouter
from zeta_router.policies.rivals import RandomPick
from zeta_router.store import SQLiteStore

MODELS = ["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b"]
CANARY = "canary-7f3a"
COMMANDS = ["log", "stats", "export", "replay"]


def fill(path: Path, requests: int, **keywords: Any) -> list[str]:
    """Let a router answer requests, every third with an opinion; return the ids."""
    ids = []
    with ZetaDynamicRouter(MODELS, store=path, rng=3, **keywords) as router:
        for number in range(requests):
            for attempt in router.plan(Request(text=CANARY, task="code" if number % 2 else "chat")):
                with attempt:
                    failed = number % 10 == 9 and attempt.decision.attempt == 1
                    fate = Fate.error if failed else Fate.ok
                    timings = Timings(prefill=0.2, decode=2.0, total=2.2)
                    attempt.settle(Outcome(fate=fate, timings=timings, output_tokens=40))
            ids.append(attempt.decision.id)
            if number % 3 == 0:
                router.feedback(attempt.decision.id, 0.75)
    return ids


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    """The path of a log and the ids in it."""
    path = tmp_path_factory.mktemp("log") / "zeta.db"
    return str(path), fill(path, 60)


def test_log_shows_the_newest_attempts(zeta: Callable[..., Result], filled: tuple[str, list[str]]) -> None:
    path, ids = filled
    result = zeta("log", "--store", path, "--limit", "5")
    assert result.code == 0
    assert [line for line in result.out.splitlines() if ids[-1][:10] in line]
    assert ids[0][:10] not in result.out
    found = zeta("log", "--store", path, "--failed", "--json").json["attempts"]
    assert {attempt["fate"] for attempt in found} == {"error"}
    assert len(found) == 6


def test_explain_tells_then_and_today(zeta: Callable[..., Result], filled: tuple[str, list[str]]) -> None:
    path, ids = filled
    result = zeta("explain", ids[0], "--store", path)
    assert result.code == 0
    for word in ("task", "model", "why", "went", "today", "scored 0.75 by user"):
        assert word in result.out
    told = zeta("explain", ids[0][:12], "--store", path, "--json").json
    assert told["then"]["id"] == ids[0]
    assert told["went"]["fate"] == "ok"
    assert told["today"]["model"] in MODELS
    known = next(c for c in told["then"]["candidates"] if c["model"] == told["today"]["model"])
    assert told["today"]["seconds"] != known["predicted"]["total"]  # it has learned since


def test_stats_count_what_happened(zeta: Callable[..., Result], filled: tuple[str, list[str]]) -> None:
    path, _ = filled
    told = zeta("stats", "--store", path, "--json").json
    assert told["requests"] == 60
    assert told["attempts"] == 66
    assert sum(model["answered"] for model in told["models"]) == 60
    assert sum(model["failed"] for model in told["models"]) == 6
    assert sum(model["opinions"] for model in told["models"]) == 20
    assert told["models"][0]["tokens_per_s"] == pytest.approx(20.0)
    assert "60 requests, 66 attempts" in zeta("stats", "--store", path).out


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_export_writes_a_row_per_attempt(
    zeta: Callable[..., Result], filled: tuple[str, list[str]], form: str, tmp_path: Path
) -> None:
    path, ids = filled
    out = tmp_path / f"log.{form}"
    told = zeta("export", "--store", path, "--out", str(out), "--json").json
    assert told["rows"] == 66
    if form == "csv":
        rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    elif form == "jsonl":
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    else:
        parquet = pytest.importorskip("pyarrow.parquet")
        rows = parquet.read_table(out).to_pylist()
    assert len(rows) == 66
    assert {row["id"] for row in rows} >= set(ids)
    assert float(rows[0]["total_s"]) == 2.2
    assert CANARY not in out.read_bytes().decode("utf-8", "replace")


def test_export_to_standard_output_is_csv(zeta: Callable[..., Result], filled: tuple[str, list[str]]) -> None:
    result = zeta("export", "--store", filled[0])
    assert len(list(csv.DictReader(io.StringIO(result.out)))) == 66


def test_feedback_is_seen_by_the_next_reader(zeta: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "zeta.db"
    ids = fill(path, 2)
    assert zeta("feedback", ids[1], "0.25", "--store", str(path), "--source", "thumbs").code == 0
    (attempt,) = [a for a in zeta("log", "--store", str(path), "--json").json["attempts"] if a["id"] == ids[1]]
    assert attempt["score"] == 0.25
    assert attempt["opinions"][0]["source"] == "thumbs"


def test_replay_answers_where_the_log_explored(zeta: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "zeta.db"
    fill(path, 150, policy=RandomPick())
    told = zeta("replay", "--policy", "only:phi4:14b", "--store", str(path), "--json").json
    assert told["answers"] is True
    assert told["estimated"]["seconds"]["low"] <= 2.2 <= told["estimated"]["seconds"]["high"]
    assert "gain in utility" in zeta("replay", "--policy", "static", "--store", str(path)).out


def test_replay_says_when_the_log_cannot_answer(zeta: Callable[..., Result], filled: tuple[str, list[str]]) -> None:
    result = zeta("replay", "--policy", "only:phi4:14b", "--store", filled[0])
    assert result.code == 0
    assert "cannot answer" in result.out


def test_stats_report_what_shadow_mode_would_have_saved(zeta: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "zeta.db"
    fill(path, 20, mode="shadow")
    told = zeta("stats", "--store", str(path), "--json").json
    assert told["savings"]["requests"] == 20
    assert told["savings"]["otherwise"] > 0
    assert "shadow: Zeta would have picked another model" in zeta("stats", "--store", str(path)).out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_log_that_is_not_there_is_one_sentence_and_is_not_made(
    zeta: Callable[..., Result], command: str, tmp_path: Path
) -> None:
    result = zeta(command, "--store", str(tmp_path / "none.db"))
    assert result.is_one_sentence_of_error
    assert "no log at" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_log_without_entries_is_no_error(zeta: Callable[..., Result], command: str, tmp_path: Path) -> None:
    path = tmp_path / "zeta.db"
    store = SQLiteStore(path)
    store.append("writer", [], at=0.0)
    store.close()
    assert zeta(command, "--store", str(path)).code == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("log", "--since", "soon"), "--since"),
        (("explain", "nothing"), "zeta log"),
        (("explain", ""), "more of the id"),
        (("feedback", "nothing", "1"), "zeta log"),
        (("export", "--format", "xml"), "--format"),
        (("export", "--format", "parquet"), "--out"),
        (("export", "--out", "/dev/null/no.csv"), "cannot be written"),
        (("replay", "--policy", "nonsense"), "no policy"),
        (("replay", "--objective", "cheap"), "objective"),
    ],
)
def test_wrong_arguments_are_one_sentence(
    zeta: Callable[..., Result], filled: tuple[str, list[str]], arguments: tuple[str, ...], word: str
) -> None:
    result = zeta(*arguments, "--store", filled[0])
    assert result.is_one_sentence_of_error
    assert word in result.err


def test_a_score_out_of_range_is_refused(zeta: Callable[..., Result], filled: tuple[str, list[str]]) -> None:
    path, ids = filled
    result = zeta("feedback", ids[0], "7", "--store", path)
    assert result.is_one_sentence_of_error
    assert "[0, 1]" in result.err
