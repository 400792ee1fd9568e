"""`zeta bench`, as a user calls it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Result
from zeta_router.bench import replicate
from zeta_router.bench.replicate import Replicated

Zeta = Callable[..., Result]
SHORT = ("--requests", "60", "--seeds", "1", "--scenarios", "stationary", "--processes", "1", "--policies", "static")


def test_tables_for_people(zeta: Zeta, tmp_path: Path) -> None:
    """They say that all is simulated, and can be saved as Markdown."""
    file = tmp_path / "bench.md"
    shown = zeta("bench", *SHORT, "--loads", "1,2", "--markdown", str(file))
    assert shown.code == 0
    assert "SIMULATED: 4 runs of 60 requests, seeds 1, synthetic trace" in shown.out
    assert "Regret against the oracle in %, ± standard error over 1 seeds, load 2" in shown.out
    assert "| policy | stationary | mean of 1 |" in file.read_text(encoding="utf-8")


def test_an_object_for_programs(zeta: Zeta) -> None:
    """Every run with its figures."""
    found = zeta("bench", *SHORT, "--json").json
    assert found["simulated"] is True
    assert [run["policy"] for run in found["runs"]] == ["static", "oracle"]
    assert all(run["requests"] == 60 for run in found["runs"])


def test_pictures(zeta: Zeta, tmp_path: Path) -> None:
    """PNG and SVG, where matplotlib is installed."""
    pytest.importorskip("matplotlib", reason="the extra bench is not installed")
    assert zeta("bench", *SHORT, "--plots", str(tmp_path / "plots")).code == 0
    names = sorted(file.name for file in (tmp_path / "plots").iterdir())
    assert names == [
        f"{name}-load-1{suffix}" for name in ("regret", "stationary", "time-and-quality") for suffix in (".png", ".svg")
    ]


def test_a_published_number_that_differs_is_exit_code_one(
    zeta: Zeta, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is named."""
    numbers = [Replicated("fine", 1.0, 1.0, 0.0), Replicated("wrong", 1.0, 1.1, 0.05)]
    monkeypatch.setattr(replicate, "replicate", lambda data: numbers)
    shown = zeta("bench", "--replicate", "--data", str(tmp_path))
    assert shown.code == 1
    assert [line.split()[0] for line in shown.out.splitlines() if "DIFFERS" in line] == ["wrong"]
    assert zeta("bench", "--replicate", "--data", str(tmp_path), "--json").json["numbers"][1]["agrees"] is False


@pytest.mark.parametrize(
    "arguments",
    [
        ("--policies", "nobody"),
        ("--scenarios", "nowhere"),
        ("--seeds", "4-1"),
        ("--seeds", "x"),
        ("--seeds", ""),
        ("--loads", "0"),
        ("--loads", "fast"),
        ("--requests", "3"),
        ("--data", "/nowhere"),
        ("--markdown", "/nowhere/bench.md"),
        ("--replicate",),
        ("--replicate", "--data", "/nowhere"),
    ],
    ids=" ".join,
)
def test_a_wrong_setting_is_one_sentence(zeta: Zeta, arguments: tuple[str, ...]) -> None:
    """On stderr, with exit code 2; the note on simulation may come before it."""
    result = zeta("bench", "--processes", "1", *arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err.strip().splitlines()[-1].startswith("zeta: ")
