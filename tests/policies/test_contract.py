"""What every policy owes, whatever it computes."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeta_router import (
    Candidate,
    Fate,
    ModelCard,
    Objective,
    Outcome,
    PhaseTimes,
    Policy,
    Request,
    StaticRule,
    TaskGuess,
    Timings,
    ZetaDynamicRouter,
)
from zeta_router.policies import rivals
from zeta_router.store.state import dump, restore

MODELS = ["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b"]
POLICIES: dict[str, Callable[[], Policy]] = {
    "static rule": StaticRule,
    "phase times": PhaseTimes,
    "half-average": rivals.HalfAverage,
    "count": lambda: rivals.HalfAverage("count"),
    "random": rivals.RandomPick,
    "round robin": rivals.RoundRobin,
    "one model": lambda: rivals.OneModel(MODELS[1]),
    "task table": lambda: rivals.TaskTable({"code": MODELS[0], "chat": MODELS[2]}),
    "least busy": rivals.LeastBusy,
    "epsilon-greedy": lambda: rivals.EpsilonGreedy(Objective()),
    "UCB1": lambda: rivals.Ucb1(Objective()),
    "discounted Thompson": lambda: rivals.DiscountedThompson(Objective()),
    "LinUCB": lambda: rivals.LinUCB(Objective()),
    "LinUCB that forgets": lambda: rivals.LinUCB(Objective(), forgetting=0.98),
    "lowest latency": rivals.LowestLatency,
    "Peak-EWMA": rivals.PeakEwma,
}


@pytest.fixture(params=POLICIES, ids=str)
def make(request: pytest.FixtureRequest) -> Callable[[], Policy]:
    """A way to build one of the policies anew."""
    return POLICIES[request.param]


def run(policy: Policy, fates: list[Fate], seed: int = 3) -> list[tuple[str, str, float]]:
    """Serve one request per fate in manual time, and return what was decided."""
    now = [0.0]
    router = ZetaDynamicRouter(MODELS, policy=policy, rng=seed, clock=lambda: now[0])
    made = []
    for i, fate in enumerate(fates):
        for attempt in router.plan(Request(text="x", task=("code", "chat", "reasoning")[i % 3], prompt_tokens=100)):
            with attempt:
                now[0] += 1.0
                attempt.settle(
                    Outcome(
                        fate=fate,
                        timings=Timings(prefill=0.1, decode=0.9, total=1.0) if fate is Fate.ok else Timings(total=1.0),
                        prompt_tokens=100,
                        output_tokens=50,
                    )
                )
            made.append((attempt.decision.id, attempt.decision.model, attempt.decision.propensity))
        now[0] += 1.0
    return made


def test_a_policy_follows_the_protocol(make: Callable[[], Policy]) -> None:
    """It has the five methods."""
    assert isinstance(make(), Policy)


@given(fates=st.lists(st.sampled_from(list(Fate)), min_size=1, max_size=30))
@pytest.mark.parametrize("name", POLICIES)
def test_the_same_seed_and_the_same_outcomes_give_the_same_decisions(name: str, fates: list[Fate]) -> None:
    """A log can be replayed; and every propensity is a probability above zero."""
    first, again = run(POLICIES[name](), fates), run(POLICIES[name](), fates)
    assert first == again
    assert all(0.0 < propensity <= 1.0 for _, _, propensity in first)


@given(count=st.integers(1, 8), task=st.sampled_from(["code", "chat", "embedding", "my own task"]))
@pytest.mark.parametrize("name", POLICIES)
def test_only_offered_candidates_are_picked_and_all_are_scored(name: str, count: int, task: str) -> None:
    """The pick is one of the candidates, and the scores are the candidates, each once."""
    offered = [Candidate(ModelCard.from_name(f"m{i}:{i + 1}b"), "http://h") for i in range(count)]
    choice = POLICIES[name]().choose(Request(text="x"), TaskGuess.told(task), offered, now=0.0, rng=Random(1))
    assert choice.picked.candidate in offered
    assert sorted(s.candidate.model for s in choice.scores) == sorted(c.model for c in offered)
    assert choice.reason


def test_choosing_changes_nothing_but_the_generator(make: Callable[[], Policy]) -> None:
    """Asked twice with the same generator state, it says the same."""
    policy = make()
    offered = [Candidate(ModelCard.from_name(name), "http://h") for name in MODELS]
    request = Request(text="x", prompt_tokens=100)
    once = policy.choose(request, TaskGuess.told("code"), offered, now=5.0, rng=Random(1))
    twice = policy.choose(request, TaskGuess.told("code"), offered, now=5.0, rng=Random(1))
    assert once == twice


def test_what_was_learned_survives_the_store(make: Callable[[], Policy]) -> None:
    """Dumped, written as JSON, read and restored, it decides as it would have."""
    policy = make()
    run(policy, [Fate.ok, Fate.error, Fate.ok, Fate.timeout] * 10)
    again = restore(json.loads(json.dumps(dump(policy))))
    offered = [Candidate(ModelCard.from_name(name), "http://h") for name in MODELS]
    for task in ("code", "chat", "reasoning", "never seen"):
        asked = (Request(text="x", prompt_tokens=100), TaskGuess.told(task), offered)
        here, there = (p.choose(*asked, now=90.0, rng=Random(1)) for p in (policy, again))
        assert here == there
