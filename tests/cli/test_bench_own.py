"""`zeta bench --own`, as a user calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import NOBODY, Result
from tests.own.answers import Two
from zeta_router.simulator import SimulatedOllama

Zeta = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatedOllama]:
    models = ["qwen2.5-coder:7b", "llama3.2:3b"]
    with SimulatedOllama(models=models, time_scale=500, chunk_tokens=64, seed=1, responder=Two()) as running:
        yield running


def test_shows_a_line_per_model_and_a_mark_per_prompt(zeta: Zeta, server: SimulatedOllama) -> None:
    """Speeds and scores in words, and a hint how to keep them."""
    shown = zeta("bench", "--own", "--host", server.url)
    assert shown.code == 0
    line = next(line for line in shown.out.splitlines() if line.startswith("qwen2.5-coder:7b"))
    assert "100%" in line
    assert "running maximum" in shown.out
    assert "--store default" in shown.err


def test_as_an_object_and_kept(zeta: Zeta, server: SimulatedOllama, tmp_path: Path) -> None:
    """The same for programs; what was learned is in the store afterwards."""
    store = str(tmp_path / "zeta.db")
    found = zeta("bench", "--own", "--host", server.url, "--store", store, "--json").json
    scores = {model["model"]: model["score"] for model in found["models"]}
    assert scores["qwen2.5-coder:7b"] == 1.0
    assert scores["llama3.2:3b"] < 0.5
    assert {"qwen2.5-coder:7b", "llama3.2:3b"} <= {
        m["model"] for m in zeta("stats", "--store", store, "--json").json["models"]
    }


@pytest.mark.parametrize("arguments", [["--host", NOBODY], ["--seconds", "0"], ["--host", "ftp://nowhere"]])
def test_what_is_wrong_is_one_sentence(
    zeta: Zeta,
    server: SimulatedOllama,
    arguments: list[str],
) -> None:
    """On stderr, with exit code 2."""
    hosts = [] if "--host" in arguments else ["--host", server.url]
    assert zeta("bench", "--own", *hosts, *arguments).is_one_sentence_of_error
