"""A simulated Ollama that all tests of the commands share, and a way to run a command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from zeta_router.cli import main
from zeta_router.simulator import SimulatedOllama

NOBODY = "http://127.0.0.1:1"
"""An address where nobody listens: port 1 is reserved."""


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object that it printed."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def is_one_sentence_of_error(self) -> bool:
        """Whether it ended as an error should: exit code 2, one line on stderr, nothing on stdout, no traceback."""
        return self.code == 2 and self.out == "" and self.err.count("\n") == 1 and self.err.startswith("zeta: ")


@pytest.fixture(scope="session")
def server() -> Iterator[SimulatedOllama]:
    """A simulated Ollama with three chat models and an embedder."""
    models = ["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b", "nomic-embed-text"]
    with SimulatedOllama(models=models, time_scale=500, chunk_tokens=32, seed=1) as running:
        yield running


@pytest.fixture(scope="session")
def bare_server() -> Iterator[SimulatedOllama]:
    """A simulated Ollama without any model."""
    with SimulatedOllama(models=[], time_scale=500) as running:
        yield running


@pytest.fixture
def zeta(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `zeta` with some arguments, with a wide terminal and an environment that names no Ollama."""
    monkeypatch.setenv("OLLAMA_HOST", NOBODY)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        code = main(arguments)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run
