"""Pictures of a comparison, as PNG and SVG. Needs the extra `bench` (matplotlib)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from zeta_router.bench.contenders import ORACLE
from zeta_router.bench.scenarios import SCENARIOS
from zeta_router.bench.summary import Results
from zeta_router.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CURVES = 8
"""Policies in one picture of curves: more cannot be told apart."""


def require_matplotlib() -> None:
    """Make sure that there can be pictures, and that no window is opened for them.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as error:
        raise ConfigError("--plots needs matplotlib; install it: pip install 'zeta-router[bench]'") from error
    mpl.use("Agg")


def save_plots(results: Results, folder: Path) -> list[Path]:
    """Draw everything into a folder and return the files, each as PNG and as SVG.

    Raises:
        ConfigError: matplotlib is not installed, or the folder cannot be written.
    """
    require_matplotlib()
    files: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for load in results.loads:
            with _picture(folder / f"regret-load-{load:g}", files, height=0.32 * len(results.policies) + 1.6) as axes:
                _regret(axes, results, load)
            with _picture(folder / f"time-and-quality-load-{load:g}", files) as axes:
                _time_and_quality(axes, results, load)
            for scenario in results.scenarios:
                with _picture(folder / f"{scenario}-load-{load:g}", files) as axes:
                    _curves(axes, results, scenario, load)
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror}; give another folder") from error
    return files


@contextmanager
def _picture(path: Path, files: list[Path], *, height: float = 5.0) -> Iterator[Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, height), layout="constrained")
    axes = figure.add_subplot()
    yield axes
    figure.text(0.99, 0.005, "simulated", ha="right", va="bottom", fontsize=8, color="0.5")
    for suffix in (".png", ".svg"):
        files.append(path.with_name(path.name + suffix))  # not `with_suffix`: a load of 0.3 has a dot
        figure.savefig(files[-1], dpi=130)


def _regret(axes: Axes, results: Results, load: float) -> None:
    """Bars: mean regret per policy, with standard errors."""
    rows = [(p, results.mean_regret(p, load)) for p in results.policies if p != ORACLE]
    rows.sort(key=lambda row: -row[1].mean)
    names: Sequence[str] = [policy for policy, _ in rows]
    widths = [100 * regret.mean for _, regret in rows]
    axes.barh(names, widths, xerr=[100 * regret.error for _, regret in rows], color=[_colour(n) for n in names])
    axes.set_xlabel(f"regret against the oracle in %, mean of {len(results.counted)} scenarios, load {load:g}")
    axes.set_title(f"What knowing the truth would be worth ({len(results.seeds)} seeds)")


def _time_and_quality(axes: Axes, results: Results, load: float) -> None:
    """Points: share answered in time, and quality."""
    for policy in results.policies:
        runs = [m for s in results.scenarios for m in results.of(policy, s, load)]
        x, y = 100 * mean(m.in_time for m in runs), mean(m.quality for m in runs)
        axes.plot(x, y, "o", color=_colour(policy))
        axes.annotate(policy, (x, y), xytext=(5, 3), textcoords="offset points", fontsize=8)
    axes.set_xlabel("answered within the expected time, % of requests")
    axes.set_ylabel("mean quality")
    axes.set_title(f"Time and quality, mean over scenarios, load {load:g}")
    axes.margins(x=0.15)


def _curves(axes: Axes, results: Results, scenario: str, load: float) -> None:
    """Lines: utility in the course of a run, mean over seeds."""
    ranked = sorted(results.policies, key=lambda p: results.regret(p, scenario, load).mean)
    for policy in ranked[:MOST_CURVES]:
        curves = [m.curve for m in results.of(policy, scenario, load)]
        line = [mean(points) for points in zip(*curves, strict=True)]
        shares = [100 * (i + 0.5) / len(line) for i in range(len(line))]
        axes.plot(shares, line, label=policy, color=_colour(policy), linewidth=2.2 if policy == "phase-times" else 1.2)
    for change in SCENARIOS[scenario].changes:
        axes.axvline(100 * change.at, color="0.7", linestyle=":", linewidth=1)
    axes.set_xlabel("% of the requests")
    axes.set_ylabel("utility")
    axes.set_title(f"{SCENARIOS[scenario].title}, load {load:g}")
    axes.legend(fontsize=8)


def _colour(policy: str) -> Any:
    """Return the colour of a policy: the same in every picture."""
    from matplotlib import colormaps

    if policy == "phase-times":
        return "#c2410c"
    if policy == ORACLE:
        return "#111827"
    return colormaps["tab20"](sum(map(ord, policy)) * 7 % 20)
