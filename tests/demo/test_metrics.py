"""The demo's figures, on records written by hand."""

from __future__ import annotations

import pytest

from zeta_router.demo import metrics
from zeta_router.demo.records import Phase, Record

CODER, OTHER = "coder:7b", "other:14b"


def story(before: str, slow: str, after: str) -> list[Record]:
    """Return code calls, one per letter: c the coder, o the other model, p a probe of the coder while it is suspected.

    Each takes 10 seconds.
    """
    letters = [(Phase.before, x) for x in before] + [(Phase.slow, x) for x in slow] + [(Phase.after, x) for x in after]
    return [
        Record(
            index=index,
            phase=phase,
            task="code",
            model=OTHER if letter == "o" else CODER,
            began_at=10.0 * index,
            seconds=10.0,
            explored=letter == "p",
            suspected=letter == "p",
        )
        for index, (phase, letter) in enumerate(letters)
    ]


@pytest.mark.parametrize(
    ("slow", "calls"),
    [
        ("o" * 20, 0),
        ("cc" + "o" * 20, 2),
        ("cc" + "ooooopooooopoooooooo", 2),
        ("co" + "c" + "o" * 25, 1),
        ("coc" + "oc" * 5 + "o" * 25, 6),
        ("c" * 20, 20),
        ("", None),
    ],
)
def test_slow_calls_are_counted_until_the_traffic_has_left(slow: str, calls: int | None) -> None:
    """One straggler in twenty is allowed, probes are no traffic, and without a slow phase there is no number."""
    assert metrics.slow_calls_before_leaving(story("ccc", slow, "ccc" if slow else ""), CODER) == calls


@pytest.mark.parametrize(
    ("after", "seconds", "share"),
    [
        ("c" * 10, 0.0, 1.0),
        ("ooo" + "p" + "c" * 9, 30.0, 1.0),
        ("oo" + "c" + "ooo" + "c" * 19 + "o", 60.0, 0.95),
        ("o" * 10, None, None),
    ],
)
def test_a_return_counts_only_if_the_traffic_stays(after: str, seconds: float | None, share: float | None) -> None:
    """A single call to the coder is no return; at least 90 % of what follows must go there too."""
    records = story("ccc", "ooo", after)
    recovered_at = 60.0  # six calls of 10 s before it
    assert metrics.seconds_until_return(records, CODER, recovered_at) == seconds
    assert metrics.share_after_return(records, CODER) == (None if share is None else pytest.approx(share))


def test_nothing_returns_where_nothing_was_injected() -> None:
    """On a real host there is no recovery to count from."""
    records = story("cccooo", "", "")
    assert metrics.slow_calls_before_leaving(records, CODER) is None
    assert metrics.seconds_until_return(records, CODER, None) is None


def test_probes_are_the_explored_and_the_suspected_ones() -> None:
    """Of ten calls, two probes are a fifth."""
    assert metrics.probe_share(story("", "oopooopooo", "")) == pytest.approx(0.2)
    assert metrics.probe_share([]) == 0.0


def test_share_before_is_of_code_calls_alone() -> None:
    """What other tasks do says nothing about the coder."""
    assert metrics.share_before(story("ccco", "o", "c"), CODER) == pytest.approx(0.75)
    assert metrics.share_before([], CODER) is None


def test_speed_leaves_failed_calls_out_of_the_quantiles_but_not_out_of_the_total() -> None:
    """A call that failed after a second gave no answer, and cost a second."""
    good = story("cccc", "", "")
    bad = Record(index=4, phase=Phase.before, task="qa", model=OTHER, began_at=40.0, seconds=1.0, failed=True)
    speed = metrics.speed([*good, bad])
    assert (speed.p50_s, speed.p95_s, speed.code_p50_s, speed.failed) == (10.0, 10.0, 10.0, 1)
    assert speed.total_s == pytest.approx(41.0)
    assert metrics.speed([]).p50_s is None


def test_shares_sum_to_one_per_task_and_name_the_busiest_task_first() -> None:
    """Four code calls, one other."""
    other = Record(index=9, phase=Phase.before, task="qa", model=OTHER, began_at=0.0, seconds=1.0)
    shares = metrics.shares([other, *story("ccco", "", "")])
    assert list(shares) == ["code", "qa"]
    assert shares["code"] == {CODER: 0.75, OTHER: 0.25}
    assert shares["qa"] == {OTHER: 1.0}
