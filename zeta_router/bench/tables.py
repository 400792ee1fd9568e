"""The tables of a comparison, as plain text cells: for the terminal, Markdown and JSON alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from zeta_router.bench.measures import Measures
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.summary import Results, Spread, late, middle

STUDY = "(the study's)"


class TextTable(NamedTuple):
    """A table whose cells are text; the first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(results: Results) -> list[TextTable]:
    """Return all tables that the runs allow, load by load."""
    found = []
    for load in results.loads:
        found += [utility_table(results, load), regret_table(results, load), service_table(results, load)]
        drifting = [s for s in results.scenarios if any(m.moved.left is not None for m in _all(results, s, load))]
        found += [drift_table(results, scenario, load) for scenario in drifting]
    return found


def utility_table(results: Results, load: float) -> TextTable:
    """Return mean utility, policies by scenarios."""
    return _by_scenario(
        results,
        f"Mean utility, load {load:g}",
        lambda policy, scenario: f"{results.over_seeds(policy, scenario, load, _utility).mean:.3f}",
        lambda policy: f"{results.mean_utility(policy, load).mean:.4f}",
    )


def regret_table(results: Results, load: float) -> TextTable:
    """Return regret in percent of the oracle's utility, with the standard error over seeds.

    Below it, at load 1, what the study's reference reached: there, in another simulator, against another oracle.
    """
    table = _by_scenario(
        results,
        f"Regret against the oracle in %, ± standard error over {len(results.seeds)} seeds, load {load:g}",
        lambda policy, scenario: _percent(results.regret(policy, scenario, load)),
        lambda policy: _percent(results.mean_regret(policy, load)),
    )
    reached = [SCENARIOS[scenario].study_regret for scenario in results.scenarios]
    known = [regret for regret in reached if regret is not None]
    if load != 1.0 or not known:
        return table
    row = (STUDY, *(_number(regret, 1) for regret in reached), _number(sum(known) / len(known), 1))
    return table._replace(rows=(*table.rows, row))


def service_table(results: Results, load: float) -> TextTable:
    """Return what users and machines see, as mean over scenarios and seeds."""
    columns: dict[str, Callable[[list[Measures]], str]] = {
        "quality": lambda runs: f"{_mean(runs, lambda m: m.quality):.3f}",
        "in time %": lambda runs: f"{100 * _mean(runs, lambda m: m.in_time):.1f}",
        "p50 s": lambda runs: f"{_mean(runs, lambda m: m.p50_s):.1f}",
        "p95 s": lambda runs: f"{_mean(runs, lambda m: m.p95_s):.1f}",
        "p99 s": lambda runs: f"{_mean(runs, lambda m: m.p99_s):.1f}",
        "failed %": lambda runs: f"{100 * _mean(runs, lambda m: m.failed):.2f}",
        "loads/100": lambda runs: f"{_mean(runs, lambda m: m.loads_per_100):.2f}",
        "probes %": lambda runs: f"{100 * _mean(runs, lambda m: m.probe_share):.2f}",
        "µs/decision": lambda runs: _number(middle(m.choose_us for m in runs), 1),
        "p99 µs": lambda runs: _number(middle(m.choose_p99_us for m in runs), 0),
        "played/s": lambda runs: f"{_mean(runs, lambda m: m.requests_per_s):,.0f}",
    }
    rows = []
    for policy in results.policies:
        runs = [m for s in results.scenarios for m in results.of(policy, s, load)]
        rows.append((policy, *(column(runs) for column in columns.values())))
    return TextTable(f"Service, mean over scenarios, load {load:g}", ("policy", *columns), tuple(rows))


def drift_table(results: Results, scenario: str, load: float) -> TextTable:
    """Return how policies left and came back in one scenario: medians over the seeds in which they used the model."""
    rows = []
    for policy in results.policies:
        runs = results.of(policy, scenario, load)
        used = [m for m in runs if m.moved.left is not None]
        gone = [m for m in used if m.moved.left]
        back = [m for m in gone if m.moved.return_s is not None]
        rows.append(
            (
                policy,
                f"{len(gone)} of {len(used)}",
                _number(middle(m.moved.slow_calls for m in used), 0),
                _number(late(m.moved.slow_calls for m in used), 0),
                f"{len(back)} of {len(gone)}",
                _number(middle(m.moved.return_s for m in back), 0),
                _number(late(m.moved.return_s for m in back), 0),
                _number(middle(m.moved.share_after for m in back), 2),
                f"{100 * sum(m.probe_share for m in runs) / len(runs):.2f}",
            )
        )
    columns = ("policy", "left", "slow calls", "p90", "back", "return s", "p90 s", "share after", "probes %")
    return TextTable(f"Leaving and returning in {scenario}, median over seeds, load {load:g}", columns, tuple(rows))


def markdown(table: TextTable) -> str:
    """Return a table as Markdown."""
    lines = [f"### {table.title}", "", _line(table.columns), _line(["---", *["---:"] * (len(table.columns) - 1)])]
    return "\n".join([*lines, *(_line(row) for row in table.rows), ""])


def _by_scenario(
    results: Results, title: str, cell: Callable[[str, str], str], overall: Callable[[str], str]
) -> TextTable:
    rows = tuple((p, *(cell(p, s) for s in results.scenarios), overall(p)) for p in results.policies)
    counted = len(results.counted)
    return TextTable(title, ("policy", *results.scenarios, f"mean of {counted}"), rows)


def _all(results: Results, scenario: str, load: float) -> list[Measures]:
    return [m for m in results.all if m.scenario == scenario and m.load == load]


def _utility(measures: Measures) -> float:
    return measures.utility


def _mean(runs: Sequence[Measures], value: Callable[[Measures], float]) -> float:
    return sum(map(value, runs)) / len(runs)


def _percent(value: Spread) -> str:
    return f"{100 * value.mean:.1f} ± {100 * value.error:.1f}"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
