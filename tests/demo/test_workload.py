"""The demo's prompts."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files

import pytest

from zeta_router import ConfigError
from zeta_router.demo.workload import all_prompts, workload


def test_there_are_real_prompts_of_five_kinds_and_nearly_half_are_code() -> None:
    """Short, different, and labelled by their origin."""
    prompts = all_prompts()
    labels = Counter(prompt.label for prompt in prompts)
    assert set(labels) == {"code", "math", "qa", "chat", "reasoning"}
    assert labels["code"] / len(prompts) == pytest.approx(0.45)
    assert len({prompt.text for prompt in prompts}) == len(prompts)
    assert max(len(prompt.text) for prompt in prompts) <= 1_500


def test_every_origin_is_attributed() -> None:
    """`PROMPTS.md` names each origin with the number of its rows."""
    folder = files("zeta_router.demo")
    attribution = folder.joinpath("PROMPTS.md").read_text(encoding="utf-8")
    lines = folder.joinpath("prompts.jsonl").read_text(encoding="utf-8").splitlines()
    origins = Counter(line.split('"origin": "')[1].split('"')[0] for line in lines)
    for origin, rows in origins.items():
        assert f"| `{origin}` | {rows} |" in attribution


def test_the_seed_decides_the_order() -> None:
    """Same seed, same prompts; another seed, another order."""
    assert workload(30, seed=1) == workload(30, seed=1)
    assert workload(30, seed=1) != workload(30, seed=2)


@pytest.mark.parametrize("requests", [-1, 0, 2, 241])
def test_a_number_that_cannot_be_served_is_refused(requests: int) -> None:
    """Fewer than three make no story, and no prompt is sent twice."""
    with pytest.raises(ConfigError, match="between 3 and 240"):
        workload(requests, seed=0)


def test_a_prompt_hides_its_text() -> None:
    """Prompts stand in no log by accident."""
    prompt = all_prompts()[0]
    assert prompt.text not in repr(prompt)
