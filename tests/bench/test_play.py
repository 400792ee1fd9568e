"""One run: the real router in virtual time, on the simulated fleet."""

from __future__ import annotations

import pytest

from zeta_router.bench.contenders import CONTENDERS
from zeta_router.bench.play import play
from zeta_router.bench.records import Run
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.workload import workload
from zeta_router.bench.world import World

REQUESTS = 240


def run(
    policy: str, scenario: str = "stationary", *, seed: int = 3, load: float = 1.0, requests: int = REQUESTS
) -> Run:
    """Play a short run on the synthetic trace."""
    setting = SCENARIOS[scenario]
    work = workload(setting, load=load, seed=seed, requests=requests, data=None)
    world = World(setting, work, seed)
    return play(policy, CONTENDERS[policy](world)[0], world, seed=seed, load=load)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_request_of_every_scenario_ends(scenario: str) -> None:
    """Once, in time or not, and the router has no trouble of its own."""
    made = run("phase-times", scenario)
    assert [record.number for record in made.records] == list(range(REQUESTS))
    assert made.troubles == ()
    assert all(0.0 <= r.seconds <= 90.0 + 1e-6 for r in made.records)


def test_a_run_can_be_repeated() -> None:
    """The same seed, the same records; another seed, others."""
    assert run("phase-times").records == run("phase-times").records
    assert run("phase-times").records != run("phase-times", seed=4).records


def test_knowing_the_truth_is_worth_something() -> None:
    """The oracle is clearly better than the static rule under load."""
    worth = {name: sum(r.utility for r in run(name, load=2.0).records) for name in ("oracle", "static")}
    assert worth["oracle"] > worth["static"] + 0.05 * REQUESTS


def test_a_failing_model_fails_its_share() -> None:
    """The static rule keeps calling a coder that fails 30 % in the middle third; a failure is tried once more."""
    records = run("static", "failures", requests=900).records
    third = 300
    retried = [r for r in records if r.attempts == 2]
    assert retried
    asked = sum(third <= r.number < 2 * third and r.model == "coder:7b" for r in records)
    assert 0.1 < len(retried) / asked < 0.5
    assert all(third <= r.number < 2 * third and r.model == "coder:7b" for r in retried)
