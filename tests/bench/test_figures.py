"""From runs to figures: regret, leaving and returning, tables, kept runs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from zeta_router import ConfigError
from zeta_router.bench.affected import Moved, affected, moved
from zeta_router.bench.contenders import CONTENDERS, contender, policies_named
from zeta_router.bench.grid import Plan, run_plan
from zeta_router.bench.measures import Measures
from zeta_router.bench.records import Record
from zeta_router.bench.scenarios import SCENARIOS, scenarios_named
from zeta_router.bench.summary import Results
from zeta_router.bench.tables import markdown, tables
from zeta_router.bench.workload import workload
from zeta_router.bench.zoo import CODER, REASONER

SLOW = SCENARIOS["slow-4x"]
WORK = workload(SLOW, load=1.0, seed=2, requests=900, data=None)
PLAN = Plan(policies=("static", "oracle"), scenarios=("stationary", "slow-4x"), seeds=(1, 2), requests=120)


def measures(policy: str, scenario: str, seed: int, utility: float) -> Measures:
    return Measures(
        policy=policy, scenario=scenario, load=1.0, seed=seed, requests=100, utility=utility, quality=0.8, in_time=0.9,
        failed=0.0, p50_s=1.0, p95_s=2.0, p99_s=3.0, loads_per_100=1.0, probe_share=0.0, choose_us=10.0,
        choose_p99_us=20.0, moved=Moved(), curve=(utility,), troubles=(), requests_per_s=1000.0,
    )  # fmt: skip


def test_regret_is_paired_by_seed_and_its_mean_leaves_the_extra_scenarios_out() -> None:
    """10 % and 20 % are 15 ± 5 %; `slow-5x` is none of the study's ten."""
    results = Results(
        [
            *(measures("oracle", s, seed, 0.5 * seed) for s in ("stationary", "slow-5x") for seed in (1, 2)),
            *(measures("static", "stationary", seed, 0.5 * seed * (1 - 0.1 * seed)) for seed in (1, 2)),
            *(measures("static", "slow-5x", seed, 0.1) for seed in (1, 2)),
        ]
    )
    assert results.regret("static", "stationary", 1.0).mean == pytest.approx(0.15)
    assert results.regret("static", "stationary", 1.0).error == pytest.approx(0.05)
    assert results.mean_regret("static", 1.0) == results.regret("static", "stationary", 1.0)
    assert results.counted == ("stationary",)


def played(served_by: list[str], concerned: list[int]) -> list[Record]:
    """Records of a policy that lets these models serve the affected requests, in order, one request a second."""
    names = dict(zip(concerned, served_by, strict=True))
    return [
        Record(i, float(i), "code", names.get(i, REASONER.name), "h", False, 1, 1.0, 0.8, 0.7, True)
        for i in range(len(WORK.calls))
    ]


def test_leaving_and_returning_are_counted_in_affected_requests() -> None:
    """Three slow calls, then away; five requests after the recovery it is back for good."""
    assert SLOW.drift is not None
    concerned = sorted(affected(WORK, SLOW, SLOW.drift, 2))
    parts = [[i for i in concerned if a <= i < b] for a, b in ((0, 300), (300, 600), (600, 900))]
    assert all(len(part) > 20 for part in parts)
    served = [CODER.name] * len(parts[0])
    served += [CODER.name] * 3 + [REASONER.name] * (len(parts[1]) - 3)
    served += [REASONER.name] * 5 + [CODER.name] * (len(parts[2]) - 5)
    found = moved(played(served, concerned), WORK, SLOW, 2)
    assert found == Moved(slow_calls=3, left=True, return_s=parts[2][5] - 600.0, share_after=1.0)


def test_what_never_leaves_never_returns_and_what_was_not_there_has_nothing_to_leave() -> None:
    """All slow calls count; without use before, nothing does."""
    assert SLOW.drift is not None
    concerned = sorted(affected(WORK, SLOW, SLOW.drift, 2))
    slow = sum(300 <= i < 600 for i in concerned)
    assert moved(played([CODER.name] * len(concerned), concerned), WORK, SLOW, 2) == Moved(slow, left=False)
    assert moved(played([REASONER.name] * len(concerned), concerned), WORK, SLOW, 2) == Moved()


def test_several_processes_find_what_one_finds() -> None:
    """All runs, in the order of the plan, but for how long they took."""

    def comparable(found: list[Measures]) -> list[Measures]:
        return [replace(m, choose_us=None, choose_p99_us=None, requests_per_s=0.0) for m in found]

    seen: list[Measures] = []
    several = run_plan(PLAN, processes=2, done=seen.append)
    assert comparable(several) == comparable(run_plan(PLAN, processes=1))
    assert len(seen) == len(several) == 8


def test_kept_runs_are_not_made_again(tmp_path: Path) -> None:
    """A file that has some of the runs saves these; one that is none is refused."""
    file = tmp_path / "runs.jsonl"
    first = run_plan(replace(PLAN, seeds=(1,)), processes=1, keep_in=file)
    both = run_plan(PLAN, processes=1, keep_in=file)
    assert both[: len(first)] == first  # the times taken are the same as well: they were read
    assert len(file.read_text(encoding="utf-8").splitlines()) == 8
    file.write_text("no json", encoding="utf-8")
    with pytest.raises(ConfigError, match="does not hold runs"):
        run_plan(PLAN, keep_in=file)


def test_best_single_is_the_best_of_all_single_models() -> None:
    """As hindsight shows it: no worse than sending everything to the reasoner."""
    plan = Plan(policies=("best-single", "oracle"), scenarios=("stationary",), seeds=(1,), requests=120)
    best = run_plan(plan, processes=1)[0]
    assert best.policy == "best-single"
    assert best.utility == max(
        run_plan(replace(plan, policies=(f"tests.bench.mine:{name}", "oracle")), processes=1)[0].utility
        for name in ("coder", "reasoner", "chatter")
    )


def test_tables_name_every_policy_and_every_scenario() -> None:
    """In Markdown as well."""
    results = Results(run_plan(PLAN, processes=1))
    found = tables(results)
    titles = [made.title for made in found]
    assert any(title.startswith("Regret") for title in titles)
    assert any("slow-4x" in title for title in titles)
    for made in found:
        assert [row[0] for row in made.rows][:2] == ["static", "oracle"]
        assert all(len(row) == len(made.columns) for row in made.rows)
    assert "| policy | stationary | slow-4x | mean of 2 |" in markdown(found[0])


@pytest.mark.parametrize("names", ["nobody", "", "no.such.module:make", "tests.bench.mine:nothing"])
def test_unknown_policies_are_refused(names: str) -> None:
    """The error says which there are, or how to name one's own."""
    with pytest.raises(ConfigError, match=r"polic|--policies"):
        policies_named(names)


def test_names_of_policies_and_scenarios() -> None:
    """The oracle always comes last; `ten` are the study's."""
    assert policies_named("oracle,static,static") == ("static", "oracle")
    assert len(scenarios_named("ten")) == 10
    assert len(scenarios_named("all")) == 15
    assert contender("static") is contender("static")
    with pytest.raises(ConfigError, match="no scenario nowhere"):
        scenarios_named("stationary,nowhere")


def test_the_docs_name_every_policy_and_every_scenario() -> None:
    """None is missing from docs/bench.md, none that is gone stands there."""
    text = Path("docs/bench.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row)}
    assert named == {*CONTENDERS, *SCENARIOS}
