"""Hard cases: each was once a way to trap, fool or break the router."""

from __future__ import annotations

import copy
import pickle
from contextlib import ExitStack

import pytest

from tests.core.test_trouble import BrokenPolicy
from tests.core.world import CHAT, CODER, HOST, REASONER, ManualTime, World
from zeta_router import (
    DriftFound,
    DriftOver,
    Event,
    Fate,
    InvalidRequest,
    Limits,
    ModelCard,
    Objective,
    Outcome,
    Request,
    Snapshot,
    Timings,
    ZetaDynamicRouter,
)

CODE = Request(text="def f(x): ...", task="code", prompt_tokens=200)


def settle_next(world: World, outcome: Outcome, seconds: float = 0.0) -> str:
    """Give the next code request a given outcome; return the model that had it."""
    for attempt in world.router.plan(CODE):
        with attempt:
            world.clock.now += seconds
            attempt.settle(outcome)
        return attempt.decision.model
    raise AssertionError("nothing was planned")


def test_speed_is_learned_where_only_the_total_is_known() -> None:
    """Somebody else's transport has no clocks of Ollama's: the total and the tokens must do."""
    world = World()

    def answered_by(coder_seconds: float) -> str:
        for attempt in world.router.plan(CODE):
            with attempt:
                total = coder_seconds if attempt.decision.model == CODER else 2.4
                world.clock.now += total
                attempt.settle(Outcome(fate=Fate.ok, timings=Timings(total=total), output_tokens=100))
        return attempt.decision.model

    assert {answered_by(1.2) for _ in range(10)} == {CODER}
    assert [answered_by(24.0) for _ in range(20)].count(CODER) <= 2 + 3
    assert any(isinstance(event, DriftFound) for event in world.events)


def test_a_slow_embedder_loses_its_traffic_to_its_replica() -> None:
    """Vectors have no decode phase; what a host takes for a text is compared all the same."""
    clock = ManualTime()
    cards = [
        ModelCard(name="nomic-embed-text", host=host, capabilities=frozenset({"embedding"})) for host in ("a", "b")
    ]
    router = ZetaDynamicRouter(cards, clock=clock, rng=1)
    request = Request(text="text", prompt_tokens=100, needs=frozenset({"embedding"}))

    def embed(slow: float) -> str:
        for attempt in router.plan(request):
            with attempt:
                seconds = 0.05 * (slow if attempt.decision.host == "a" else 1.0)
                clock.now += seconds
                timings = Timings(load=0.001, total=seconds + 0.001)
                attempt.settle(Outcome(fate=Fate.ok, timings=timings, prompt_tokens=100))
        clock.now += 1.0
        return attempt.decision.host

    assert {embed(1.0) for _ in range(10)} == {"a"}
    assert [embed(50.0) for _ in range(20)].count("a") <= 4


def test_callers_who_give_up_on_a_hanging_model_move_the_traffic() -> None:
    """A cancelled call is a lower bound: sixty seconds where one was expected say enough."""
    world = World()
    world.serve_code(20)
    models = [
        settle_next(world, Outcome(fate=Fate.cancelled, timings=Timings(total=60.0)), 60.0)
        if world.router.explain(CODE).model == CODER
        else world.serve(CODE).model
        for _ in range(20)
    ]
    assert models.count(CODER) <= 5


def test_a_timeout_never_ends_a_drift() -> None:
    """A slow model whose check is cut short has not recovered."""
    world = World()
    world.serve_code(20)
    world.slow[CODER] = 5.0
    world.serve_code(3)
    world.clock.now += 20.0
    assert world.router.explain(CODE).explored
    settle_next(world, Outcome(fate=Fate.timeout, timings=Timings(total=5.0)), 5.0)
    assert not any(isinstance(event, DriftOver) for event in world.events)
    belief = next(m.belief for m in world.router.snapshot().models if m.model == CODER)
    assert belief is not None
    assert belief.drifting


def test_a_first_call_that_is_slow_after_a_load_is_not_taken_for_the_truth() -> None:
    """The disk was still at it: the model is tried again, and found to be fast."""
    world = World()
    slow_start = Outcome(
        fate=Fate.ok,
        timings=Timings(load=8.0, prefill=5.0, decode=12.0, total=25.0),
        prompt_tokens=200,
        output_tokens=120,
    )
    assert settle_next(world, slow_start, 25.0) == CODER
    assert world.serve_code(50)[-10:] == [CODER] * 10


@pytest.mark.parametrize("decode", [0.0, 1e308, 1e-12])
def test_an_impossible_clock_teaches_nothing(decode: float) -> None:
    """A server that lies once moves no expectation, and breaks nothing."""
    world = World()
    world.serve_code(20)
    settle_next(world, Outcome(fate=Fate.ok, timings=Timings(decode=decode), prompt_tokens=200, output_tokens=100))
    assert world.serve_code(20) == [CODER] * 20
    assert world.router.snapshot().troubles == ()
    with pytest.raises(InvalidRequest, match=r"outcome\.output_tokens"):
        Outcome(fate=Fate.ok, output_tokens=-1)


def test_a_model_that_is_slow_for_good_becomes_normal() -> None:
    """After enough checks its new speed is its speed, and it is judged by that."""
    world = World()
    world.serve_code(20)
    world.slow[CODER] = 2.5
    world.serve_code(1500)
    assert any(isinstance(event, DriftOver) for event in world.events)


def test_a_dead_host_does_not_eat_all_attempts() -> None:
    """After an error on one host the next attempt goes to another."""
    cards = [ModelCard(name=f"m{i}:7b", host="dead") for i in range(5)] + [ModelCard(name="m0:7b", host="alive")]
    router = ZetaDynamicRouter(cards, rng=1)
    for _ in range(30):
        attempts = router.plan(CODE)
        for attempt in attempts:
            with attempt:
                alive = attempt.decision.host == "alive"
                attempt.settle(Outcome(fate=Fate.ok if alive else Fate.error, timings=Timings(total=0.1)))
        assert len(attempts.failures) <= 1


def test_a_model_that_is_broken_for_good_starves_no_other_suspect() -> None:
    """Checks are shared: the one tried longest ago comes first."""
    world = World()
    world.serve_code(20)
    world.failing[CODER] = Fate.error
    world.serve_code(30)
    world.failing[REASONER] = Fate.error
    world.serve_code(30)
    del world.failing[REASONER]
    assert REASONER in world.serve_code(400)


def test_loads_are_learned_upwards_only_where_nothing_else_was_queued() -> None:
    """`load_duration` contains the queue for loads: beside other calls it says nothing of this model."""
    world = World()
    router = world.router
    first = next(iter(router.plan(CODE)))
    with first:
        for attempt in router.plan(CODE):
            with attempt:
                waited = Timings(load=300.0, prefill=0.1, decode=1.2, total=301.3)
                attempt.settle(Outcome(fate=Fate.ok, timings=waited, prompt_tokens=200, output_tokens=120))
        first.settle(world.outcome(first.decision))
    beliefs = {m.model: m.belief for m in router.snapshot().models}
    assert all(belief is None or (belief.load_seconds or 0.0) < 20.0 for belief in beliefs.values())


def test_a_disk_that_became_slower_is_believed_after_a_few_loads() -> None:
    """Loads are few: after twenty of two seconds, five of twelve count."""
    world = World()
    for seconds in [2.0] * 20 + [12.0] * 5:
        for attempt in world.router.plan(CODE, model=CODER):
            with attempt:
                timings = Timings(load=seconds, prefill=0.1, decode=1.2, total=seconds + 1.3)
                attempt.settle(Outcome(fate=Fate.ok, timings=timings, prompt_tokens=200, output_tokens=120))
    belief = next(m.belief for m in world.router.snapshot().models if m.model == CODER)
    assert belief is not None
    assert 8.0 < (belief.load_seconds or 0.0) <= 12.0


def test_a_call_that_was_given_up_in_a_queue_says_little() -> None:
    """It was expected to wait for a minute, and waited for two: the model is not slow for that."""
    world = World()
    world.serve_code(20)
    with ExitStack() as block:
        ahead = [block.enter_context(next(iter(world.router.plan(CODE, model=CODER)))) for _ in range(30)]
        waits = next(iter(world.router.plan(CODE, model=CODER)))
        expected = waits.decision.predicted.total or 0.0
        with waits:
            world.clock.now += 2.0 * expected
            waits.settle(Outcome(fate=Fate.timeout, timings=Timings(total=2.0 * expected)))
        for attempt in ahead:
            attempt.settle(world.outcome(attempt.decision))
    assert not world.seen(DriftFound)


def test_an_idle_model_is_not_charged_for_the_queue_of_another() -> None:
    """Sharing a card costs at most as long as the request itself runs: a long queue elsewhere is worth leaving."""
    world = World()
    world.serve_code(5)
    world.router._dispatcher.saw_resident(HOST, [CODER, REASONER, CHAT])
    running = [next(iter(world.router.plan(CODE))) for _ in range(30)]
    for attempt in running:
        attempt.__enter__()
    picks = {attempt.decision.model for attempt in running}
    scores = {s.model: s for s in world.router.explain(CODE).candidates}
    for attempt in running:
        attempt.__exit__(None, None, None)
    assert picks  # all thirty were decided before any began, so they sit on one model
    assert (scores[CHAT].wait or 0.0) < 2.0 < (scores[CODER].wait or 0.0)


def test_a_quality_floor_does_not_hold_on_to_a_model_that_fails() -> None:
    """`best` prefers a lesser answer to none."""
    world = World()
    world.router = ZetaDynamicRouter(world.router.cards, objective=Objective(quality_floor=0.77), clock=world.clock)
    world.failing[CODER] = Fate.error
    first_tried = []
    for _ in range(30):
        attempts = world.router.plan(CODE)
        for attempt in attempts:
            with attempt:
                attempt.settle(world.outcome(attempt.decision))
        first_tried.append(attempts.made[0].decision.model)
        world.clock.now += 1.0
    assert first_tried.count(CODER) <= 8


def test_listeners_may_ask_the_router_even_while_a_policy_fails() -> None:
    """A listener that reads a snapshot, plans or gives feedback does not stop the world."""
    router = ZetaDynamicRouter(["a:7b"], policy=BrokenPolicy())
    seen: list[Snapshot] = []

    def listener(event: Event) -> None:
        seen.append(router.snapshot())
        router.explain(Request(text="inside"))

    router.subscribe(listener)
    for attempt in router.plan(Request(text="hello")):
        with attempt:
            attempt.settle(Outcome(fate=Fate.ok))
    assert seen


def test_an_interrupt_inside_a_listener_leaves_nothing_in_flight() -> None:
    """Ctrl-C at the worst moment: the block is never entered, and the count is back at zero."""
    router = ZetaDynamicRouter(["a:7b"])
    stop = router.subscribe(lambda event: (_ for _ in ()).throw(KeyboardInterrupt()))
    (attempt,) = [next(iter(router.plan(Request(text="hello"))))]
    with pytest.raises(KeyboardInterrupt):
        attempt.__enter__()
    stop()
    assert router.snapshot().in_flight == 0


def test_thousands_of_task_names_leave_a_bounded_state() -> None:
    """Tasks beyond the bound share what is learned of `other`."""
    world = World()
    for i in range(300):
        world.serve(Request(text="x", task=f"task {i}", prompt_tokens=10))
    shares = world.router.snapshot().shares
    assert len(shares) <= Limits().tasks + 1
    assert sum(shares["other"].values()) > 200


@pytest.mark.parametrize(
    "wrong", [{"needs": "tools"}, {"deadline": "3"}, {"task": 5}, {"prompt_tokens": "many"}], ids=str
)
def test_a_wrong_type_is_a_sentence_too(wrong: dict[str, object]) -> None:
    """Not a TypeError from somewhere inside."""
    with pytest.raises(InvalidRequest, match=next(iter(wrong))):
        Request(text="hello", **wrong)  # type: ignore[arg-type]


def test_objectives_and_decisions_can_be_copied_and_sent() -> None:
    """They are plain values."""
    decision = World().router.explain(CODE)
    for value in (Objective(), Objective.named("best"), decision):
        assert pickle.loads(pickle.dumps(value)) == value
        assert copy.deepcopy(value) == value
