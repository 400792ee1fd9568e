"""Simulated Ollamas: one whose models call tools, one whose models greet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.llamaindex.greeter import Greeter
from tests.llamaindex.two_tools import MODELS
from zeta_router.simulator import SimulatedOllama


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatedOllama]:
    """A simulated Ollama that calls the tool whose name the question has."""
    with SimulatedOllama(models=MODELS, time_scale=10_000, responder="schema", chunk_tokens=8) as running:
        yield running


@pytest.fixture(scope="module")
def greeter() -> Greeter:
    """What the models of `greeting` say."""
    return Greeter()


@pytest.fixture(scope="module")
def greeting(greeter: Greeter) -> Iterator[SimulatedOllama]:
    """A simulated Ollama that says "Good day." to everything."""
    with SimulatedOllama(models=MODELS, time_scale=10_000, responder=greeter) as running:
        yield running
