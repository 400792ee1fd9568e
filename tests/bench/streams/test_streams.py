"""The quality streams on invented outcomes: who learns, learns; who sees nothing, does not."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from random import Random

import pytest

from zeta_router import ConfigError
from zeta_router.bench.streams.__main__ import main
from zeta_router.bench.streams.outcomes import Stream, stream
from zeta_router.bench.streams.players import PLAYERS
from zeta_router.bench.streams.run import PROTOCOLS, Protocol, best_single, play

MODELS = ("gemma-2-2b-it", "gemma-2-9b-it", "Qwen2-7B-Instruct")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two hundred sums; the 9B model answers nine in ten of them, the others one in three."""
    rng, folder = Random(5), tmp_path / "routing"
    folder.mkdir()
    with gzip.open(folder / "zeroeval_gsm_prompts.jsonl.gz", "wt") as file:
        for i in range(200):
            file.write(json.dumps({"id": f"q{i}", "kind": "math", "prompt": f"How much is {i} plus {i + 7}?"}) + "\n")
    with gzip.open(folder / "zeroeval_gsm_outcomes.csv.gz", "wt", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", *MODELS, "gpt-4o"])
        for i in range(200):
            rows.writerow([f"q{i}", *(int(rng.random() < share) for share in (0.33, 0.9, 0.33)), 1])
    with (tmp_path / "model_map.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["table_model", "family", "params_total_b", "params_active_b", "nearest_ollama_tag"])
        rows.writerows(
            [
                [MODELS[0], "gemma2", 2.6, 2.6, "gemma2:2b"],
                [MODELS[1], "gemma2", 9.2, 9.2, "gemma2:9b"],
                [MODELS[2], "qwen2", 7.6, 7.6, "qwen2:7b"],
            ]
        )
    return tmp_path


@pytest.fixture
def sums(data: Path) -> Stream:
    return stream(data, "ZeroEval GSM8K", "size")


def test_a_stream_has_the_open_models_only(sums: Stream) -> None:
    """The closed one is in no map of models."""
    assert [card.name for card in sums.cards] == ["gemma2:2b", "gemma2:9b", "qwen2:7b"]
    assert len(sums.steps) == 200
    assert best_single(sums) == pytest.approx(0.9, abs=0.05)


def test_who_learns_beats_chance(sums: Stream) -> None:
    """Three standard errors of 200 coins are 0.1."""
    chance = play(sums, "random", PROTOCOLS[0], range(3)).whole
    for player in set(PLAYERS) - {"random"}:
        assert play(sums, player, PROTOCOLS[0], range(3)).whole > chance + 0.1, player


def test_who_is_told_nothing_learns_nothing(sums: Stream) -> None:
    """Every pick is the prior's."""
    silent = play(sums, "Zeta", Protocol("silence", told=0.0), range(2))
    assert silent.spread == pytest.approx(0.0, abs=1e-12)


def test_the_same_seed_plays_the_same(sums: Stream) -> None:
    """Nothing is drawn but from the seed."""
    assert play(sums, "Zeta", PROTOCOLS[2], range(2)) == play(sums, "Zeta", PROTOCOLS[2], range(2))


def test_a_score_comes_as_late_as_the_protocol_says(sums: Stream) -> None:
    """Scores that come after the end are never learned: the same as silence."""
    late = play(sums, "Zeta", Protocol("too late", delay=200), range(2))
    assert late.whole == play(sums, "Zeta", Protocol("silence", told=0.0), range(2)).whole


def test_the_command_prints_a_line_per_player(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what was played above it."""
    options = ["--seeds", "2", "--stream", "ZeroEval GSM8K", "--priors", "size", "--protocols", "first"]
    main(["--data", str(data), *options])
    said = capsys.readouterr().out
    assert "200 prompts, 3 models" in said
    assert all(player in said for player in PLAYERS)


def test_missing_data_is_said(tmp_path: Path) -> None:
    """With the option that would help."""
    with pytest.raises(ConfigError, match="--data"):
        stream(tmp_path, "LLMRouter")
    with pytest.raises(ConfigError, match="LLMRouter, MMLU-Pro"):
        stream(tmp_path, "nothing")
