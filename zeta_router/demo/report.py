"""What the demo showed: a picture for people, an object for programs, both from the same figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from zeta_router.demo import metrics
from zeta_router.demo.palette import Palette
from zeta_router.demo.records import Phase, Record, Run
from zeta_router.demo.view import story


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Both runs, and where they took place."""

    zeta: Run
    static: Run
    seed: int
    simulated: bool
    coder: str | None
    """The model that was slowed; None where nothing was injected."""
    models: tuple[str, ...]
    place: str
    """E.g. `SIMULATED Ollama, rtx-4090, 60 simulated seconds per second`."""

    @property
    def unit(self) -> str:
        """What the server's seconds are."""
        return "simulated seconds" if self.simulated else "seconds"


def report_json(report: Report) -> dict[str, Any]:
    """Return every figure. Seconds are the server's own clocks; `wall_s` is the time it took to watch."""
    records, coder = report.zeta.records, report.coder
    injected = coder is not None
    return {
        "simulated": report.simulated,
        "place": report.place,
        "models": list(report.models),
        "slowed_model": coder,
        "seed": report.seed,
        "requests": len(records),
        "slow_calls_before_leaving": metrics.slow_calls_before_leaving(records, coder) if coder else None,
        "seconds_until_return": (
            metrics.seconds_until_return(records, coder, report.zeta.recovered_at) if coder else None
        ),
        "share_after_return": metrics.share_after_return(records, coder) if coder else None,
        "share_before": metrics.share_before(records, coder) if coder else None,
        "probe_share": metrics.probe_share(records),
        "zeta": asdict(metrics.speed(records)),
        "static": asdict(metrics.speed(report.static.records)),
        "zeta_while_slow": asdict(metrics.speed(_slow(report.zeta))) if injected else None,
        "static_while_slow": asdict(metrics.speed(_slow(report.static))) if injected else None,
        "shares": {"zeta": metrics.shares(records), "static": metrics.shares(report.static.records)},
        "events": [asdict(notice) for notice in report.zeta.notices],
        "wall_s": {"zeta": report.zeta.wall_s, "static": report.static.wall_s},
    }


def report_picture(report: Report, *, width: int = 118) -> RenderableType:
    """Return the end picture, for a terminal of `width` columns: every code call of both runs, what was noticed, and
    what was gained.
    """
    palette = Palette(report.models)
    parts: list[RenderableType] = [_code_calls(report, palette, width), palette.legend(), Text()]
    parts += [Text(f"What Zeta noticed, in {report.unit}", style="bold"), story(report.zeta.notices), Text()]
    if report.coder is not None:
        parts += [_answers(report), Text()]
    parts.append(_comparison(report))
    wall = report.zeta.wall_s + report.static.wall_s
    parts += [Text(), Text(f"{report.place}; seed {report.seed}; {wall:.0f} s to watch both runs", style="dim")]
    title = "SIMULATED, no real model ran · zeta demo" if report.simulated else "zeta demo"
    return Panel(Group(*parts), title=title, border_style="yellow" if report.simulated else "green")


FRAME = 20
"""Columns that frame, names and gaps take from a row of calls."""


def _code_calls(report: Report, palette: Palette, width: int) -> RenderableType:
    runs = {"zeta": report.zeta, "static rule": report.static}
    code = {name: [r for r in run.records if r.task == metrics.CODE] for name, run in runs.items()}
    tallest = max((r.seconds for records in code.values() for r in records), default=0.0)
    most = max(len(records) for records in code.values())
    together = max(1, math.ceil(most / max(width - FRAME, 1)))
    what = "code calls" if together == 1 else f"slowest of {together} code calls each"
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_row("", Text(f"{what}; height: seconds, colour: model", style="bold"))
    columns: list[Record] = []
    for name, records in code.items():
        groups = [records[start : start + together] for start in range(0, len(records), together)]
        columns = [max(group, key=lambda r: r.seconds) for group in groups]
        grid.add_row(name, palette.time_line([(r.model, r.seconds) for r in columns], tallest=tallest))
    if report.coder is not None:
        phases = [r.phase for r in columns]
        before, slow = phases.count(Phase.before), phases.count(Phase.slow)
        grid.add_row("", Text(" " * before + "slowed"[:slow].center(slow, "─"), style="yellow"))
    return grid


def _answers(report: Report) -> Text:
    figures = report_json(report)
    back = figures["seconds_until_return"]
    share = figures["share_after_return"]
    lines = [
        f"slow code calls before the traffic had left: {figures['slow_calls_before_leaving']}",
        "the traffic did not come back" if back is None else f"back {back:.0f} {report.unit} after the recovery",
        "" if share is None else f"{share:.0%} of the code calls after its return go to {report.coder}",
        f"{figures['probe_share']:.1%} of all requests spent on looking",
    ]
    return Text("\n".join(line for line in lines if line))


def _comparison(report: Report) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    grid.add_column(report.unit)
    for column in ("zeta", "static rule", "gained"):
        grid.add_column(column, justify="right")
    zeta, static = metrics.speed(report.zeta.records), metrics.speed(report.static.records)
    rows = [
        ("code, half of the calls within", zeta.code_p50_s, static.code_p50_s),
        ("code, 95 % within", zeta.code_p95_s, static.code_p95_s),
        ("all, half of the calls within", zeta.p50_s, static.p50_s),
        ("all, 95 % within", zeta.p95_s, static.p95_s),
        ("all together", zeta.total_s, static.total_s),
    ]
    for name, ours, theirs in rows:
        grid.add_row(name, _s(ours), _s(theirs), _gain(ours, theirs))
    grid.add_row("failed calls", str(zeta.failed), str(static.failed), "")
    return grid


def _slow(run: Run) -> Sequence[Record]:
    return [record for record in run.records if record.phase is Phase.slow]


def _s(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _gain(ours: float | None, theirs: float | None) -> str:
    """Return by how much ours is below theirs; a loss has its sign."""
    if not ours or not theirs:
        return ""
    return f"{(ours - theirs) / theirs:+.0%}"
