"""Conversations of the bench: prompts that grow, and hosts that keep what they have read."""

from __future__ import annotations

from collections import defaultdict
from statistics import mean

import pytest

from tests.bench.mine import LearnsOnly, Sessionless
from zeta_router import PhaseTimes
from zeta_router.bench.play import play
from zeta_router.bench.records import Run
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.talks import LONGEST, PAUSE_S, USERS
from zeta_router.bench.workload import Call, workload
from zeta_router.bench.world import World
from zeta_router.simulator.jobs import Job

SETTING = SCENARIOS["conversations-two-hosts"]


def talks(requests: int = 3000) -> dict[int, list[Call]]:
    """Return the turns of each conversation."""
    found: dict[int, list[Call]] = defaultdict(list)
    for call in workload(SETTING, load=1.0, seed=5, requests=requests, data=None).calls:
        assert call.turn is not None
        found[call.turn.talk].append(call)
    return found


def test_each_turn_has_all_that_was_said_before() -> None:
    """Questions and answers in turns; and the session says whose it is."""
    for talk, calls in talks().items():
        assert {call.request.session for call in calls} == {f"talk {talk}"}
        said: tuple[int, ...] = ()
        for call in calls:
            assert call.turn is not None
            assert call.turn.pieces[:-1] == said
            assert call.request.prompt_tokens == sum(call.turn.pieces) <= max(LONGEST, call.turn.pieces[0])
            said = (*call.turn.pieces, call.output_tokens)


def test_conversations_have_ten_turns_and_some_go_on_at_once() -> None:
    """Geometric, within five standard errors; and users are at it side by side."""
    found = talks()
    assert 10 - 5 * 10 / len(found) ** 0.5 < mean(map(len, found.values())) < 10 + 5 * 10 / len(found) ** 0.5
    calls = [call for turns in found.values() for call in turns]
    moments = range(0, 25_000, 1_000)
    active = [{c.turn.talk for c in calls if c.turn and at <= c.at < at + 10 * PAUSE_S} for at in moments]
    assert mean(map(len, active)) > USERS / 2


def test_a_host_reads_only_what_is_new() -> None:
    """And the world knows it beforehand, which only the oracle asks."""
    work = workload(SETTING, load=1.0, seed=5, requests=300, data=None)
    world = World(SETTING, work, 5)
    turns = next(calls for calls in talks(300).values() if len(calls) > 3)
    model, host = SETTING.models[0].name, next(iter(world.hosts))
    jobs: list[Job] = []
    for call in turns[:3]:
        expected = world.cached_tokens(call.request, model, host)
        jobs.append(world.serve(call, model, host, lambda job, event: None))
        world.timeline.advance(world.now + 200.0)
        assert jobs[-1].cached_tokens == expected
    assert [job.cached_tokens for job in jobs] == [0, *(sum(c.turn.pieces[:-1]) for c in turns[1:3] if c.turn)]


def played(policy: type[PhaseTimes], seed: int) -> tuple[Run, float]:
    """Return a run, and the share of the turns for which their conversation moved to another model or host."""
    work = workload(SETTING, load=1.0, seed=seed, requests=800, data=None)
    run = play("mine", policy(work.objective), World(SETTING, work, seed), seed=seed, load=1.0)
    homes: dict[str | None, tuple[str, str]] = {}
    moved = []
    for call, record in zip(work.calls, run.records, strict=True):
        home = record.model, record.host
        moved.append(homes.get(call.request.session, home) != home)
        homes[call.request.session] = home
    return run, mean(moved)


def test_staying_where_a_conversation_was_read_is_worth_something() -> None:
    """On two simulated hosts, over two seeds: each of the two things that sessions tell makes answers come sooner."""
    played_by = {policy: [played(policy, seed) for seed in (0, 3)] for policy in (PhaseTimes, LearnsOnly, Sessionless)}
    moved = {policy: mean(moved for _, moved in runs) for policy, runs in played_by.items()}
    assert moved[PhaseTimes] < 0.7 * min(moved[LearnsOnly], moved[Sessionless])
    seconds = {policy: mean(r.seconds for run, _ in runs for r in run.records) for policy, runs in played_by.items()}
    assert seconds[PhaseTimes] < 0.98 * seconds[LearnsOnly]
    assert seconds[LearnsOnly] < 0.95 * seconds[Sessionless]


def test_other_scenarios_have_no_sessions() -> None:
    """What their requests cost is as it was."""
    for name in ("stationary", "slow-5x-steady"):
        calls = workload(SCENARIOS[name], load=1.0, seed=5, requests=60, data=None).calls
        assert all(call.turn is None and call.request.session is None for call in calls)


@pytest.mark.parametrize("name", ["conversations", "conversations-two-hosts"])
def test_prompts_become_long(name: str) -> None:
    """Half as long again as a first turn on average, at least: otherwise a cache would be worth little."""
    calls = workload(SCENARIOS[name], load=1.0, seed=5, requests=3000, data=None).calls
    assert min(call.prefill_factor for call in calls) > 0.5  # no invented cache beside the simulated one
    usual = [call.turn.pieces[0] for call in calls if call.turn and len(call.turn.pieces) == 1]
    assert mean(call.request.tokens for call in calls) > 1.5 * mean(usual)
