"""The fixture `simulated_ollama`: a fresh simulated server for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from zeta_router.simulator import SimulatedOllama

TIME_SCALE = 100.0
"""Simulated seconds per real one: an answer of three seconds takes 30 ms."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, so that --strict-markers accepts it."""
    config.addinivalue_line(
        "markers", "simulated_ollama(**options): options of SimulatedOllama for the fixture simulated_ollama"
    )


@pytest.fixture
def simulated_ollama(request: pytest.FixtureRequest) -> Iterator[SimulatedOllama]:
    """A started `SimulatedOllama` on a free loopback port, a hundred times faster than life.

    ```python
    @pytest.mark.simulated_ollama(models=["phi4:14b"], responder="echo")
    def test_it(simulated_ollama):
        ...
    ```
    """
    from zeta_router.simulator import SimulatedOllama

    # Most clients never close their connections: under `filterwarnings = error` a kept one would fail some later test.
    options: dict[str, Any] = {"time_scale": TIME_SCALE, "reuse_connections": False}
    for marker in reversed(list(request.node.iter_markers("simulated_ollama"))):  # the nearest marker wins
        options |= marker.kwargs
    with SimulatedOllama(**options) as server:
        yield server
