"""Ollama's clocks: seconds from nanoseconds, the wait from what is left over, nothing from nonsense."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ollama.conftest import Recorded
from zeta_router.ollama import outcome_of, timings_of
from zeta_router.outcome import Fate, Timings

S = 1_000_000_000
"""Nanoseconds in a second."""


def body(**fields: Any) -> dict[str, Any]:
    clocks = {"total_duration": 10 * S, "load_duration": 3 * S, "prompt_eval_duration": S, "eval_duration": 2 * S}
    return {"done": True, "done_reason": "stop", "prompt_eval_count": 30, "eval_count": 9, **clocks, **fields}


def test_the_wait_is_what_is_left_over() -> None:
    """Ollama has no field for the wait for a slot: total less load, reading and writing."""
    assert timings_of(body()) == Timings(wait=4.0, load=3.0, prefill=1.0, decode=2.0, first_token=8.0, total=10.0)


@pytest.mark.parametrize(("left", "wait"), [(0.009, 0.0), (0.5, 0.5), (-0.009, 0.0), (-0.5, None)])
def test_small_remainders_are_no_wait(left: float, wait: float | None) -> None:
    """A few ms go into the template; a remainder well below zero means that the clocks disagree."""
    timings = timings_of(body(total_duration=6 * S + round(left * S)))

    assert timings.wait == (wait if wait is None else pytest.approx(wait))


def test_what_was_measured_here_counts() -> None:
    """The caller waited for the network too: wall times win over the server's."""
    timings = timings_of(body(), elapsed=11.0, first_token=8.5)

    assert (timings.total, timings.first_token) == (11.0, 8.5)


def test_a_second_pass_hides_the_wait() -> None:
    """When the model ran twice, what is left over contains the first run."""
    timings = timings_of(body(), two_pass=True)

    assert (timings.wait, timings.first_token) == (None, None)


@pytest.mark.parametrize(
    "nonsense", [-1, math.nan, math.inf, 10**30, 10**400, "5", True, None, [], pytest.param({}, id="dict")]
)
def test_nonsense_is_not_known(nonsense: object) -> None:
    """A number that cannot be a duration or a count is taken for absent, and nothing is derived from it."""
    outcome = outcome_of(body(load_duration=nonsense, eval_count=nonsense))

    assert (outcome.timings.load, outcome.timings.wait, outcome.output_tokens) == (None, None, None)
    assert outcome.timings.decode == 2.0


@given(
    st.dictionaries(
        st.sampled_from(
            ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration", "eval_count", "done"]
        ),
        st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.booleans()),
    )
)
def test_any_body_has_an_outcome(anything: dict[str, Any]) -> None:
    """Whatever a server sends, reading its clocks raises nothing."""
    assert outcome_of(anything, elapsed=math.nan).fate in (Fate.ok, Fate.truncated)


@pytest.mark.parametrize(
    ("sent", "fate"),
    [
        ({"done": True}, Fate.ok),
        ({"done": False}, Fate.truncated),
        ({}, Fate.truncated),
        ({"embeddings": [[1.0]]}, Fate.ok),
        ({"error": "CUDA error"}, Fate.error),
    ],
)
def test_only_done_is_done(sent: dict[str, Any], fate: Fate) -> None:
    """A whole answer says `done: true`, or is a list of vectors."""
    assert outcome_of(sent).fate is fate


@pytest.mark.parametrize(
    ("example", "wait", "load"),
    [
        ("timing-warm.json", 0.0, 0.0042),
        ("timing-cold.json", 0.0, 2.743),
        ("timing-after-eviction.json", 0.0, 8.094),
        ("timing-waited-for-another-load.json", 0.0, 31.008),
        ("timing-waited-for-slot.json", 4.075, 0.0042),
        ("timing-one-token.json", 0.0, 0.004),
        ("timing-prompt-cached.json", 0.0, 0.0041),
    ],
)
def test_recorded_times_are_told_apart(recorded: Recorded, example: str, wait: float, load: float) -> None:
    """Waiting for a slot, for another load and for its own load are three things, to 1 ms."""
    timings = timings_of(json.loads(recorded(example).body))

    assert timings.wait == pytest.approx(wait, abs=1e-3)
    assert timings.load == pytest.approx(load, abs=1e-3)


def test_a_recorded_embedding_has_only_some_clocks(recorded: Recorded) -> None:
    """An embedding tells its total, its load and its tokens, and none of the rest."""
    outcome = outcome_of(json.loads(recorded("embed.json").body))

    assert outcome.fate is Fate.ok
    assert outcome.prompt_tokens == 9
    assert outcome.timings == Timings(load=0.001990204, total=0.018402771)
