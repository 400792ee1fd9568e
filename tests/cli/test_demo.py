"""`zeta demo` as a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Result

Zeta = Callable[..., Result]

pytest.importorskip("langchain_ollama", reason="the demo drives ChatZeta")


def test_without_an_ollama_the_demo_simulates_one_and_says_so(zeta: Zeta, tmp_path: Path) -> None:
    """Why, on stderr; the picture on stdout, and as an image where one is asked for."""
    image = tmp_path / "demo.svg"
    result = zeta("demo", "--requests", "9", "--svg", str(image))
    assert result.code == 0
    assert "SIMULATED" in result.err
    assert "SIMULATED" in result.out
    assert image.read_text(encoding="utf-8").startswith("<svg")
    assert "SIMULATED" in image.read_text(encoding="utf-8")


def test_the_demo_prints_one_object(zeta: Zeta) -> None:
    """And nothing else."""
    result = zeta("demo", "--simulate", "--requests", "9", "--seed", "4", "--json")
    assert result.json["simulated"] is True
    assert result.json["seed"] == 4
    assert result.err == ""


def test_an_image_that_cannot_be_written_is_said_in_a_sentence(zeta: Zeta, tmp_path: Path) -> None:
    """With the way out."""
    result = zeta("demo", "--simulate", "--requests", "3", "--json", "--svg", str(tmp_path / "no" / "demo.svg"))
    assert result.code == 2
    assert "give another --svg FILE" in result.err
