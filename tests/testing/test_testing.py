"""What `zeta_router.testing` offers to the tests of others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zeta_router.testing import ManualClock


def test_a_manual_clock_moves_only_when_told() -> None:
    """Calling it gives the time; it never runs back."""
    clock = ManualClock(5)
    clock.advance(2.5)

    assert clock() == clock() == 7.5
    with pytest.raises(ValueError, match="must not be negative"):
        clock.advance(-1)


def test_importing_the_helpers_is_light() -> None:
    """No web server, no client and no simulator is imported before one is asked for."""
    code = (
        "import sys, zeta_router.testing;"
        "print([m for m in ('starlette', 'uvicorn', 'httpx', 'zeta_router.simulator', 'pytest') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_the_fixture_serves_what_the_marker_says(tmp_path: Path) -> None:
    """The nearest marker decides the options of the server that the fixture starts."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["zeta_router.testing.pytest_plugin"]\n')
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "pytestmark = pytest.mark.simulated_ollama(models=['phi4:14b'], responder='echo')\n"
        "def test_module(simulated_ollama):\n"
        "    assert simulated_ollama.models == ('phi4:14b',)\n"
        "@pytest.mark.simulated_ollama(models=['llama3.2:3b'])\n"
        "def test_function(simulated_ollama):\n"
        "    assert simulated_ollama.models == ('llama3.2:3b',)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    assert "2 passed" in found.stdout
