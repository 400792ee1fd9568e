"""Servers for the tests of the simulator's wire."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from zeta_router.simulator import SimulatedOllama


@pytest.fixture
def client(simulated_ollama: SimulatedOllama) -> Iterator[httpx.Client]:
    """An HTTP client for the simulated server of the test."""
    with httpx.Client(base_url=simulated_ollama.url, timeout=30) as client:
        yield client
