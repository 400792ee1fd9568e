"""The oracle knows what is true: speeds, failures, qualities, and the work that is left."""

from __future__ import annotations

from random import Random

import pytest

from zeta_router import Candidate, Choice
from zeta_router.bench.known import Known
from zeta_router.bench.oracle import Oracle
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.workload import Call, workload
from zeta_router.bench.world import World
from zeta_router.bench.zoo import CODE, CODER, REASONER
from zeta_router.simulator.jobs import Job

HOST = "http://gpu-0:11434"


@pytest.fixture
def world() -> World:
    """An idle host with all three models in memory, ten minutes after the beginning."""
    scenario = SCENARIOS["stationary"]
    made = World(scenario, workload(scenario, load=1.0, seed=5, requests=900, data=None), 5)
    for model in scenario.models:
        send(made, code_call(made), model.name)
        made.timeline.advance(made.now + 60.0)
    return made


def code_call(world: World) -> Call:
    """A code request that is told as what it is."""
    return next(c for c in world.work.calls if c.task == CODE == c.guess.task and c.output_tokens > 10)


def send(world: World, call: Call, model: str) -> Job:
    return world.serve(call, model, HOST, lambda job, event: None)


def choose(world: World, oracle: Oracle | None = None) -> Choice:
    call = code_call(world)
    offered = [Candidate(model.card(HOST), HOST) for model in world.models.values()]
    return (oracle or Oracle(world)).choose(call.request, call.guess, offered, now=world.now, rng=Random(1))


def test_it_leaves_a_model_in_the_moment_it_becomes_slow_or_fails_or_worsens(world: World) -> None:
    """And takes it back in the moment it recovers."""
    assert choose(world).picked.model == CODER.name
    world.slow(20.0, model=CODER.name)
    assert choose(world).picked.model != CODER.name
    world.slow(1.0, model=CODER.name)
    assert choose(world).picked.model == CODER.name
    world.failing[CODER.name] = 1.0
    assert choose(world).picked.model != CODER.name
    world.failing.clear()
    world.truth.set_quality(CODER.name, CODE, 0.1)
    assert choose(world).picked.model != CODER.name


def test_it_knows_the_work_that_is_left_to_the_second(world: World) -> None:
    """Of a job that runs and of one behind it: what it says is when they end."""
    call = code_call(world)._replace(output_tokens=400)
    jobs = [send(world, call, REASONER.name), send(world, call, REASONER.name)]
    world.timeline.advance(world.now + 3.0)
    said = next(score.wait for score in choose(world).scores if score.model == REASONER.name)
    began = world.now
    while not jobs[1].done:
        world.timeline.step()
    assert said is not None
    assert world.now - began == pytest.approx(said, rel=0.01)


def test_it_knows_what_is_in_memory(world: World) -> None:
    """No load where none is needed; after five idle minutes all models are gone."""
    assert [score.load for score in choose(world).scores] == [0.0, 0.0, 0.0]
    world.timeline.advance(world.now + 400.0)
    assert all((score.load or 0.0) > 1.0 for score in choose(world).scores)


def test_it_knows_where_a_conversation_was_read() -> None:
    """Two hosts that are alike but for that: only what is new is to be read on one of them."""
    scenario = SCENARIOS["conversations-two-hosts"]
    world = World(scenario, workload(scenario, load=1.0, seed=5, requests=900, data=None), 5)
    (model,) = scenario.models
    talks: dict[str | None, list[Call]] = {}
    for call in world.work.calls:
        talks.setdefault(call.request.session, []).append(call)
    first, second = next(calls for calls in talks.values() if len(calls) > 1)[:2]
    for host, call in zip(world.hosts, (first, world.work.calls[-1]), strict=True):
        world.serve(call, model.name, host, lambda job, event: None)
    world.timeline.advance(world.now + 60.0)
    offered = [Candidate(model.card(host), host) for host in world.hosts]
    choice = Oracle(world).choose(second.request, second.guess, offered, now=world.now, rng=Random(1))
    read = {score.candidate.host: score.prefill or 0.0 for score in choice.scores}
    whole = {host: Known(world).rates(model.name, host)[0] * second.request.tokens for host in world.hosts}
    new = 1.0 - (first.request.tokens + first.output_tokens) / second.request.tokens
    assert [read[host] / whole[host] for host in world.hosts] == pytest.approx([new, 1.0])
