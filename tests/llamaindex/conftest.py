"""A simulated Ollama for the tests that need tools to be called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.llamaindex.two_tools import MODELS
from zeta_router.simulator import SimulatedOllama


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatedOllama]:
    """A simulated Ollama that calls the tool whose name the question has."""
    with SimulatedOllama(models=MODELS, time_scale=10_000, responder="schema", chunk_tokens=8) as running:
        yield running
