"""The promises about slow models, in virtual time: how soon a slow one is left, how soon it is taken back."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from tests.core.world import CHAT, CODER, HOST, REASONER, World
from zeta_router import (
    Decision,
    DriftFound,
    Fate,
    ModelCard,
    Objective,
    Outcome,
    Request,
    Timings,
    ZetaDynamicRouter,
)
from zeta_router.policies.probing import ProbeBudget

CODE = Request(text="def f(x): ...", task="code", prompt_tokens=200)
THIRD = 300


def impatient() -> World:
    """Return a world whose users expect code within a second, with all models in memory."""
    world = World()
    objective = Objective(expected_seconds={"code": 1.0})
    world.router = ZetaDynamicRouter(world.router.cards, objective=objective, clock=world.clock, rng=7)
    world.router.subscribe(world.events.append)
    world.router._dispatcher.saw_resident(HOST, [CODER, REASONER, CHAT])
    return world


def serve_one_a_second(world: World, times: int) -> list[Decision]:
    """Serve one code request a second, of varying length, and return the decisions."""
    rng = Random(5)
    decisions = []
    for _ in range(times):
        due = world.clock.now + 1.0
        for attempt in world.router.plan(CODE):
            with attempt:
                outcome = world.outcome(attempt.decision, output=max(10, round(60 * rng.lognormvariate(0.0, 0.4))))
                world.clock.now += outcome.timings.total or 0.0
                attempt.settle(outcome)
            decisions.append(attempt.decision)
        world.clock.now = max(world.clock.now, due)
    return decisions


@pytest.fixture(scope="module")
def story() -> tuple[World, list[Decision], list[Decision], float]:
    """A third healthy, a third with the coder 5x slower, a third recovered; and when it recovered."""
    world = impatient()
    serve_one_a_second(world, THIRD)
    world.slow[CODER] = 5.0
    during = serve_one_a_second(world, THIRD)
    world.slow.clear()
    recovered_at = world.clock.now
    return world, during, serve_one_a_second(world, THIRD), recovered_at


Story = tuple[World, list[Decision], list[Decision], float]


def test_two_slow_calls_at_most_before_the_traffic_has_left(story: Story) -> None:
    """Besides the checks, which say that they are some."""
    _, during, _, _ = story
    assert sum(d.model == CODER and not d.explored for d in during) <= 2


def test_the_traffic_is_back_within_thirty_seconds_of_the_recovery(story: Story) -> None:
    """And it stays: 95 % of the calls from then on."""
    _, _, after, recovered_at = story
    back = next(i for i, d in enumerate(after) if d.model == CODER)
    assert after[back].decided_at - recovered_at <= 30.0
    assert sum(d.model == CODER for d in after[back:]) >= 0.95 * len(after[back:])


def test_checks_are_two_calls_in_a_hundred_at_most(story: Story) -> None:
    """Over the whole story; saved ones are spent while the model is slow."""
    _, during, after, _ = story
    assert 1 <= sum(d.explored for d in [*during, *after]) <= 0.02 * 3 * THIRD


@pytest.mark.parametrize(("loss", "calls"), [(0.3, 0), (0.56, 20)])
def test_a_check_that_loses_much_waits_for_a_request_that_loses_less(loss: float, calls: int) -> None:
    """0.5 of utility at once, and 0.003 more with every call that passes."""
    budget, key = ProbeBudget(), ("m", "h")
    budget.put_off(key, 0.0)
    waited = 0
    while not budget.due(key, 60.0, loss):
        budget.begin(("other", "h"), 60.0, is_probe=False)
        waited += 1
    assert waited == calls


@pytest.mark.parametrize(("slower", "least", "most"), [(3.0, 20, 30), (12.0, 45, 60)])
def test_checks_are_rarer_where_each_loses_much(slower: float, least: int, most: int) -> None:
    """At 0.3 of utility a check comes when its time does; at 0.6 about thirty calls with less to lose go before."""
    world = impatient()
    serve_one_a_second(world, 60)
    world.slow[CODER] = slower
    checks = [number for number, d in enumerate(serve_one_a_second(world, 200)) if d.explored]
    assert len(checks) > 2
    assert all(least <= later - earlier <= most for earlier, later in itertools.pairwise(checks))


def settle_next(world: World, outcome: Outcome) -> Decision:
    """Give the next code request a given outcome."""
    attempt = next(iter(world.router.plan(CODE)))
    with attempt:
        world.clock.now += outcome.timings.total or 0.0
        attempt.settle(outcome)
    return attempt.decision


def ok(*, prefill: float, decode: float, tokens: int, load: float = 0.004) -> Outcome:
    """Return an answer to a prompt of 200 tokens."""
    timings = Timings(wait=0.0, load=load, prefill=prefill, decode=decode, total=load + prefill + decode)
    return Outcome(fate=Fate.ok, timings=timings, prompt_tokens=200, output_tokens=tokens)


@pytest.mark.parametrize(
    "once",
    [
        ok(prefill=0.1, decode=1.19, tokens=120, load=3.0),
        ok(prefill=0.1, decode=19.99, tokens=2000),
        ok(prefill=0.2, decode=2.38, tokens=120),
    ],
    ids=["a cold load of 3 s", "one long answer", "one straggler, twice as slow"],
)
def test_one_slow_call_moves_nothing_for_longer_than_the_next_call(once: Outcome) -> None:
    """Neither a load nor a long answer is slowness, and one call alone proves little."""
    world = World()
    serve_one_a_second(world, 60)
    assert settle_next(world, once).model == CODER
    world.clock.now += 1.0
    models = [d.model for d in serve_one_a_second(world, 20)]
    assert models[1:] == [CODER] * 19


def test_a_terse_and_a_verbose_model_are_both_as_fast_as_expected() -> None:
    """1 s for 10 tokens, 8 s for 400: seconds per answer are predicted, and neither is called slow."""
    world = World()

    def answer(decision: Decision) -> Outcome:
        if decision.model == REASONER:
            return ok(prefill=0.05, decode=0.95, tokens=10)
        return ok(prefill=0.05, decode=7.95, tokens=400)

    for model in [CODER, REASONER] * 60:
        attempt = next(iter(world.router.plan(CODE, model=model)))
        with attempt:
            outcome = answer(attempt.decision)
            world.clock.now += outcome.timings.total or 0.0
            attempt.settle(outcome)
    scores = {score.model: score for score in world.router.explain(CODE).candidates}
    assert scores[REASONER].seconds == pytest.approx(1.0, rel=0.3)
    assert scores[CODER].seconds == pytest.approx(8.0, rel=0.2)
    assert world.router.explain(CODE).model == REASONER
    assert not world.seen(DriftFound)


def test_a_hundred_picks_at_once_are_spread_by_what_is_in_flight() -> None:
    """Three hosts with the same model: none gets more than half as much again as its share."""
    cards = [ModelCard(name="m:7b", host=host, context_length=8192) for host in ("a", "b", "c")]
    router = ZetaDynamicRouter(cards, clock=lambda: 1_000_000.0, rng=1)
    attempts = [next(iter(router.plan(CODE))).__enter__() for _ in range(100)]  # none of them ends
    counts = [sum(attempt.decision.host == host for attempt in attempts) for host in ("a", "b", "c")]
    for attempt in attempts:
        attempt.__exit__(None, None, None)
    assert max(counts) <= 50
    assert min(counts) >= 17


def test_one_timeout_is_one_observation() -> None:
    """A model that answered a thousand times is not given up for one call that did not end."""
    world = World()
    serve_one_a_second(world, 200)
    before = world.router.explain(CODE).candidates[0]
    settle_next(world, Outcome(fate=Fate.timeout, timings=Timings(total=2.0)))
    world.clock.now += 1.0
    after = {score.model: score for score in world.router.explain(CODE).candidates}[CODER]
    assert after.seconds == pytest.approx(before.seconds, rel=0.05)
    assert [d.model for d in serve_one_a_second(world, 20)][1:].count(CODER) >= 17


def test_a_model_whose_success_falls_from_nine_in_ten_to_one_in_ten_is_left_within_thirty_calls() -> None:
    """A thousand good calls are no credit for ever."""
    world, rng = World(), Random(3)

    def call(success: float) -> Decision:
        attempts = world.router.plan(CODE)
        for attempt in attempts:
            with attempt:
                fails = attempt.decision.model == CODER and rng.random() > success
                outcome = (
                    Outcome(fate=Fate.error, timings=Timings(total=0.1)) if fails else world.outcome(attempt.decision)
                )
                world.clock.now += outcome.timings.total or 0.0
                attempt.settle(outcome)
        world.clock.now += 1.0
        return attempts.made[0].decision

    for _ in range(1_000):
        call(0.9)
    first_tried = [call(0.1) for _ in range(100)]
    after = [decision for decision in first_tried[30:] if decision.model == CODER and not decision.explored]
    assert len(after) <= 0.1 * 70  # one check in ten is answered, and is taken for a recovery until the next failure
