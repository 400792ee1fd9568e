"""Each rival does what its source says."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from zeta_router import (
    Candidate,
    Choice,
    ConfigError,
    Decision,
    Fate,
    Flight,
    ModelCard,
    Objective,
    Outcome,
    Policy,
    Request,
    TaskGuess,
    Timings,
)
from zeta_router.policies import rivals

CODER, REASONER, CHAT = MODELS = ("coder:7b", "reason:14b", "chat:3b")
ASKED = Request(text="x", prompt_tokens=500)
CODE = TaskGuess.told("code")


def fleet(**in_flight: int) -> list[Candidate]:
    """The three models, with so many attempts in flight on `coder`, `reason` and `chat`."""
    return [
        Candidate(
            ModelCard.from_name(name), "http://h", flights=(Flight(0.0, 1.0),) * in_flight.get(name.split(":")[0], 0)
        )
        for name in MODELS
    ]


def choose(policy: Policy, offered: list[Candidate], rng: Random, *, now: float = 0.0) -> Choice:
    return policy.choose(ASKED, CODE, offered, now=now, rng=rng)


def decided(choice: Choice, number: int, *, now: float = 0.0) -> Decision:
    """The decision that a router makes of a choice."""
    return Decision.of(choice, ASKED, CODE, id=str(number), at=now)


def serve(
    policy: Policy, calls: int, seconds: dict[str, float], scores: dict[str, float] | None = None, *, seed: int = 1
) -> Counter[str]:
    """Let a policy serve calls that take given seconds and get given opinions; return what it picked."""
    rng, picks = Random(seed), Counter[str]()
    for number in range(calls):
        now = 10.0 * number
        decision = decided(choose(policy, fleet(), rng, now=now), number, now=now)
        policy.begin(decision)
        took = seconds[decision.model]
        policy.learn(decision, Outcome(fate=Fate.ok, timings=Timings(total=took), output_tokens=100), now=now + took)
        if scores is not None:
            policy.feedback(decision, scores[decision.model], now=now + took)
        picks[decision.model] += 1
    return picks


SECONDS = {CODER: 2.0, REASONER: 6.0, CHAT: 1.0}
WORTH = {CODER: 0.9, REASONER: 0.8, CHAT: 0.2}


@pytest.mark.parametrize(
    "policy",
    [rivals.EpsilonGreedy(Objective()), rivals.Ucb1(Objective()), rivals.LinUCB(Objective()),
     rivals.LinUCB(Objective(), forgetting=0.98), rivals.DiscountedThompson(Objective())],
    ids=lambda policy: type(policy).__name__,
)  # fmt: skip
def test_bandits_find_the_best_answers_for_the_time(policy: Policy) -> None:
    """The coder is the best for code: good enough and fast enough; it gets most of the calls."""
    serve(policy, 300, SECONDS, WORTH)
    later = serve(policy, 200, SECONDS, WORTH, seed=2)
    assert later[CODER] > 110


@pytest.mark.parametrize(
    "policy", [rivals.LowestLatency(), rivals.HalfAverage("time")], ids=["latency", "half-average"]
)
def test_what_only_looks_at_time_ends_on_the_fastest(policy: Policy) -> None:
    """Whatever its answers are worth."""
    serve(policy, 30, SECONDS, WORTH)
    assert serve(policy, 50, SECONDS, WORTH)[CHAT] >= 49  # the half-average tries the coder once more


def test_counts_lock_in_on_the_first_choice() -> None:
    """The seed's counting rule never leaves what it picked first, not even when it becomes slow."""
    assert serve(rivals.HalfAverage("count"), 50, {**SECONDS, CODER: 60.0}) == {CODER: 50}


def test_the_window_of_ten_forgets() -> None:
    """A model whose last ten calls were slow is left for the next fastest, ten calls after it became slow at most."""
    policy = rivals.LowestLatency(buffer=0.0)
    serve(policy, 40, SECONDS)
    assert serve(policy, 12, {**SECONDS, CHAT: 30.0})[CHAT] <= 10


def test_a_timeout_counts_as_a_thousand_seconds() -> None:
    """As in LiteLLM: the model is left at once."""
    policy, rng = rivals.LowestLatency(), Random(1)
    serve(policy, 40, SECONDS)
    decision = decided(choose(policy, fleet(), rng), 99)
    assert decision.model == CHAT
    policy.learn(decision, Outcome(fate=Fate.timeout, timings=Timings(total=90.0)), now=500.0)
    assert choose(policy, fleet(), rng).picked.model == CODER


def test_peak_ewma_believes_bad_news_at_once_and_good_news_slowly() -> None:
    """One slow answer makes the model dear; a fast one right after it does not make it cheap."""
    policy, rng = rivals.PeakEwma(), Random(1)
    pair = fleet()[:2]
    for number, (now, took) in enumerate([(0.0, 2.0), (10.0, 20.0), (30.0, 2.0)]):
        choice = Choice(next(s for s in choose(policy, pair, rng).scores if s.model == CODER), (), "")
        policy.learn(
            decided(choice, number), Outcome(fate=Fate.ok, timings=Timings(total=took), output_tokens=9), now=now + took
        )
    other = Choice(next(s for s in choose(policy, pair, rng).scores if s.model == REASONER), (), "")
    policy.learn(decided(other, 9), Outcome(fate=Fate.ok, timings=Timings(total=6.0), output_tokens=9), now=32.0)
    assert choose(policy, pair, rng, now=32.0).picked.model == REASONER


def test_the_idle_are_preferred() -> None:
    """By least busy always; by two choices in every pair; by a table among the hosts of a model."""
    rng = Random(1)
    assert choose(rivals.LeastBusy(), fleet(coder=2, reason=1), rng).picked.model == CHAT
    replicas = [
        Candidate(ModelCard.from_name(CODER), h, flights=(Flight(0.0, 1.0),) * n) for h, n in (("a", 2), ("b", 1))
    ]
    assert choose(rivals.TaskTable({"code": CODER}), replicas, rng).picked.host == "b"
    assert choose(rivals.OneModel(CODER), replicas, rng).picked.host == "b"


def test_round_robin_takes_turns() -> None:
    """Three models, thirty calls, ten each, in order."""
    assert serve(rivals.RoundRobin(), 30, SECONDS) == dict.fromkeys(MODELS, 10)


def test_random_picks_are_even_and_say_so() -> None:
    """Each of three models gets a third of 3,000 calls, within five standard deviations of 25.8."""
    policy, rng = rivals.RandomPick(), Random(3)
    choices = [choose(policy, fleet(), rng) for _ in range(3000)]
    assert all(abs(count - 1000) < 129 for count in Counter(c.picked.model for c in choices).values())
    assert {c.propensity for c in choices} == {1 / 3}


@pytest.mark.parametrize(
    "policy", [rivals.PeakEwma(), rivals.EpsilonGreedy(Objective(), epsilon=0.3)], ids=["two choices", "epsilon"]
)
def test_propensities_are_the_frequencies(policy: Policy) -> None:
    """What a policy says of its own randomness is how often it picks: 6,000 draws, five standard deviations."""
    serve(policy, 60, SECONDS, WORTH)
    rng = Random(5)
    choices = [choose(policy, fleet(), rng, now=600.0) for _ in range(6000)]
    for model, count in Counter(c.picked.model for c in choices).items():
        said = next(c.propensity for c in choices if c.picked.model == model)
        assert abs(count - 6000 * said) < 5 * (6000 * said * (1 - said)) ** 0.5 + 1


@pytest.mark.parametrize(
    "build",
    [
        lambda: rivals.EpsilonGreedy(Objective(), epsilon=1.5),
        lambda: rivals.Ucb1(Objective(), width=float("nan")),
        lambda: rivals.DiscountedThompson(Objective(), discount=0.0),
        lambda: rivals.LinUCB(Objective(), forgetting=2.0),
        lambda: rivals.LowestLatency(buffer=-1.0),
        lambda: rivals.PeakEwma(decay_s=0.0),
    ],
)
def test_settings_that_cannot_be_are_refused(build: object) -> None:
    """The error names the field and the value."""
    with pytest.raises(ConfigError, match=r"must be .* got"):
        build()  # type: ignore[operator]
