"""Published numbers are computed again from the published outcomes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zeta_router import ConfigError
from zeta_router.bench.replicate import Replicated, apgr, area, replicate
from zeta_router.cli.app import main

SHARED = os.environ.get("ZETA_SHARED")


@pytest.mark.skipif(SHARED is None, reason="the data is not part of the repository; ZETA_SHARED says where it is")
def test_the_published_numbers_come_out() -> None:
    """All of them, and the command says so with its exit code."""
    data = Path(SHARED or "") / "data"
    found = replicate(data)
    assert len(found) == 12
    assert [number for number in found if not number.agrees] == []
    assert main(["bench", "--replicate", "--data", str(data)]) == 0


def test_a_difference_is_a_difference() -> None:
    """Within what rounding allows it agrees, beyond it does not."""
    assert Replicated("x", 0.498, 0.4984, 5e-4).agrees
    assert not Replicated("x", 0.498, 0.4986, 5e-4).agrees


def test_the_gap_recovered_is_0_for_the_weak_1_for_the_strong_and_half_for_a_straight_line() -> None:
    """On a pair of models that solve 1 and 3 of 4 questions."""
    weak, strong = [1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]
    assert apgr([(0.0, 0.25), (1.0, 0.25)], weak, strong) == 0.0
    assert apgr([(0.0, 0.75), (1.0, 0.75)], weak, strong) == 1.0
    assert apgr([(0.0, 0.25), (1.0, 0.75)], weak, strong) == pytest.approx(0.5)
    assert area([(0.0, 0.0), (0.5, 1.0), (1.0, 1.0)]) == pytest.approx(0.75)


def test_missing_data_is_one_sentence(tmp_path: Path) -> None:
    """It names the file, and what to give."""
    with pytest.raises(ConfigError, match=r"routellm_gsm8k.* is not there; give --data"):
        replicate(tmp_path)
