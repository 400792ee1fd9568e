"""What a replay promises: an interval that holds the truth, and silence where the log cannot answer."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import pytest

from tests.replay.world import MODELS, OBJECTIVE, log_of, true_utility
from zeta_router import PhaseTimes, StaticRule
from zeta_router.policies.named import policy_named
from zeta_router.policies.rivals import EpsilonGreedy, RandomPick
from zeta_router.replay import replay
from zeta_router.replay.estimate import effective, interval
from zeta_router.store import AttemptBegan, Entry, Feedback


def explorer(objective: Any) -> EpsilonGreedy:
    return EpsilonGreedy(objective, epsilon=0.5)


def first_tasks(entries: list[Entry]) -> list[str]:
    """The tasks of all requests."""
    return [
        e.record.decision.task for e in entries if isinstance(e.record, AttemptBegan) and e.record.decision.attempt == 1
    ]


def test_the_interval_covers_the_truth_in_90_of_100_seeds() -> None:
    serves = {
        "only:phi4:14b": {"code": MODELS[1], "chat": MODELS[1]},
        "static": {"code": MODELS[0], "chat": MODELS[1]},
    }
    covered = dict.fromkeys(serves, 0)
    for seed in range(100):
        entries = log_of(explorer, seed=seed, requests=300)
        for name, picks in serves.items():
            found = replay(entries, policy_named(name, OBJECTIVE), OBJECTIVE)
            assert found.unanswered == ()
            truth = fmean(true_utility(task, picks[task]) for task in first_tasks(entries))
            covered[name] += found.estimated["utility"].low <= truth <= found.estimated["utility"].high
    assert min(covered.values()) >= 90, covered


def test_an_interval_that_is_made_narrower_would_not_cover_it() -> None:
    """So that the test above could fail: half as wide an interval misses the truth too often."""
    missed = 0
    for seed in range(40):
        entries = log_of(explorer, seed=seed, requests=200)
        estimate = replay(entries, policy_named("only:phi4:14b", OBJECTIVE), OBJECTIVE).estimated["utility"]
        truth = fmean(true_utility(task, MODELS[1]) for task in first_tasks(entries))
        missed += abs(estimate.mean - truth) > (estimate.high - estimate.low) / 4
    assert missed > 4


def test_a_policy_that_learns_is_replayed_as_it_learns() -> None:
    entries = log_of(explorer, seed=3, requests=400)
    found = replay(entries, PhaseTimes(OBJECTIVE), OBJECTIVE)
    assert found.gain.mean > 0
    assert sum(found.shares.values()) == pytest.approx(1.0)


def test_what_was_served_is_what_the_log_says() -> None:
    entries = log_of(lambda _: RandomPick(), seed=1, requests=300)
    found = replay(entries, StaticRule(), OBJECTIVE)
    assert found.requests == 300
    assert found.served["answered"].mean == pytest.approx(0.93, abs=0.05)
    assert found.agreement == pytest.approx(1 / 3, abs=0.1)
    assert found.opinion_share == pytest.approx(0.3, abs=0.08)


def test_a_log_without_exploration_cannot_answer_for_a_policy_that_picks_otherwise() -> None:
    entries = log_of(lambda _: StaticRule(), seed=1, requests=200)
    found = replay(entries, policy_named("only:llama3.2:3b", OBJECTIVE), OBJECTIVE)
    assert found.untried == 1.0
    assert any("never would have" in reason for reason in found.unanswered)
    assert found.gain.high - found.gain.low > 1.0


def test_the_same_policy_replayed_gains_nothing() -> None:
    entries = log_of(lambda _: StaticRule(), seed=1, requests=200)
    found = replay(entries, StaticRule(), OBJECTIVE)
    assert found.agreement == 1.0
    assert found.unanswered == ()
    assert found.gain.mean == pytest.approx(0.0)


def test_a_short_log_cannot_answer() -> None:
    found = replay(log_of(explorer, seed=1, requests=20), StaticRule(), OBJECTIVE)
    assert any("are needed" in reason for reason in found.unanswered)


@pytest.mark.parametrize("entries", [[], log_of(explorer, seed=1, requests=1)], ids=["nothing", "one request"])
def test_next_to_nothing_is_no_error(entries: list[Entry]) -> None:
    found = replay(entries, StaticRule(), OBJECTIVE)
    assert found.unanswered


def test_entries_that_were_stored_twice_count_once() -> None:
    entries = log_of(explorer, seed=1, requests=50)
    assert replay([*entries, *entries], StaticRule(), OBJECTIVE) == replay(entries, StaticRule(), OBJECTIVE)


def test_signals_are_no_opinions() -> None:
    entries = log_of(explorer, seed=1, requests=120)
    last = entries[-1]
    judged = [e.record.decision for e in entries if isinstance(e.record, AttemptBegan)]
    signals = [Feedback(decision, 0.0, "signal: refusal", last.record.at, weight=0.3) for decision in judged]
    places = range(last.seq + 1, last.seq + 1 + len(signals))
    told = [last._replace(position=(n, 0), seq=n, record=s) for n, s in zip(places, signals, strict=True)]
    noisy = [*entries, *told]
    assert replay(noisy, StaticRule(), OBJECTIVE) == replay(entries, StaticRule(), OBJECTIVE)


def test_a_few_heavy_weights_tell_little() -> None:
    assert effective([1.0] * 10) == pytest.approx(10.0)
    assert effective([20.0] + [1.0] * 10) < 3
    assert effective([]) == 0.0


def test_the_interval_is_that_of_the_central_limit_theorem() -> None:
    found = interval([0.0, 1.0] * 50)
    assert found.mean == 0.5
    assert found.high - found.mean == pytest.approx(1.96 * 0.5025 / 10, rel=1e-3)
