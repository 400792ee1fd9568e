"""Every example runs to its end against the simulated Ollama, and prints something."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zeta_router.simulator import SimulatedOllama

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """The address of a simulated Ollama."""
    models = ["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b", "nomic-embed-text"]
    with SimulatedOllama(models=models, time_scale=500, seed=7, responder="schema") as server:
        yield server.url


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_to_its_end(example: Path, host: str) -> None:
    """As a user would start it, with only OLLAMA_HOST set."""
    done = subprocess.run(
        [sys.executable, str(example)], env={**os.environ, "OLLAMA_HOST": host}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 3


def test_there_are_examples() -> None:
    """An empty folder would pass the test above."""
    assert len(EXAMPLES) >= 3
