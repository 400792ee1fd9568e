"""Published numbers, computed again from the published outcomes: what the bench reads, it reads right.

Source: RouteLLM (Ong et al. 2024, https://arxiv.org/abs/2406.18665; github.com/lm-sys/RouteLLM, `routellm/evals`),
whose measures are written anew here. APGR, the average performance gap recovered, is the area between a router's curve
of quality over its share of strong calls and the weak model's quality, over the area between strong and weak.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any, NamedTuple

from zeta_router.errors import ConfigError

RANDOM_DRAWS = 200
"""Random routers that the mean is taken over: one alone has a standard deviation of 0.02."""
STEPS = 10
"""Points of a curve, as in RouteLLM: shares of strong calls in tenths."""


class Replicated(NamedTuple):
    """A published number and ours."""

    what: str
    published: float
    ours: float
    tolerance: float
    """Rounding of what was published; for what is drawn at random, three standard errors more."""

    @property
    def agrees(self) -> bool:
        """Whether ours is the published one."""
        return abs(self.ours - self.published) <= self.tolerance


def replicate(data: Path) -> list[Replicated]:
    """Return every published number that the data allows to compute again.

    Args:
        data: The folder that has `routing/` and `published/`.

    Raises:
        ConfigError: The data is not there.
    """
    gsm = [row for row in _rows(data / "routing" / "routellm_gsm8k.jsonl.gz") if not row["contaminated"]]
    mtbench = _rows(data / "routing" / "routellm_mtbench.jsonl.gz")
    weak, strong = [float(row["weak"]) for row in gsm], [float(row["strong"]) for row in gsm]
    found = [
        Replicated("MT Bench score of Unify's router, 80 questions", 8.757862, _mtbench(mtbench, "unify"), 5e-7),
        Replicated("MT Bench score of Martian's router, 80 questions", 8.3125, _mtbench(mtbench, "martian"), 5e-5),
        Replicated("GSM8K questions without contaminated ones", 1307, len(gsm), 0),
        Replicated("GSM8K accuracy of Mixtral 8x7B, %", 63.73, 100 * mean(weak), 5e-3),
        Replicated("GSM8K accuracy of GPT-4, %", 85.77, 100 * mean(strong), 5e-3),
        Replicated("GSM8K, APGR of a random router", 0.498, _random_apgr(weak, strong), 5e-4 + 3 * 0.0015),
        Replicated("GSM8K, APGR of the optimal curve", 1.131, apgr(_optimal(weak, strong), weak, strong), 5e-4),
    ]
    areas = _areas(data / "published" / "routellm_curves_read_from_figures.csv")
    for benchmark, router, published in (
        ("GSM8K", "causal_llm_augmented", 0.622),
        ("GSM8K", "matrix_factorization_augmented", 0.565),
        ("GSM8K", "bert_augmented", 0.531),
        ("MT Bench", "sw_ranking", 0.610),
        ("MT Bench", "sw_ranking_augmented", 0.759),
    ):
        found.append(
            Replicated(f"{benchmark}, APGR of {router}, from its figure", published, areas[(benchmark, router)], 1e-3)
        )
    return found


Curve = Sequence[tuple[float, float]]
"""Share of strong calls in [0, 1], and quality, in order of the share."""


def apgr(curve: Curve, weak: Sequence[float], strong: Sequence[float]) -> float:
    """Return the average performance gap recovered; 0 is the weak model alone, 1 the strong one alone."""
    low, high = mean(weak), mean(strong)
    width = curve[-1][0] - curve[0][0]
    return (area(curve) - low * width) / ((high - low) * width)


def area(curve: Curve) -> float:
    """Return the area under a curve by trapezoids."""
    return sum((after[0] - before[0]) * (after[1] + before[1]) / 2 for before, after in pairwise(curve))


def _optimal(weak: Sequence[float], strong: Sequence[float]) -> Curve:
    """Return the curve of a router that sends exactly those to the strong model which only that one solves."""
    count = len(weak)
    gains = sum(s > w for w, s in zip(weak, strong, strict=True))
    return [(k / STEPS, (sum(weak) + min(count * k / STEPS, gains)) / count) for k in range(STEPS + 1)]


def _random_apgr(weak: Sequence[float], strong: Sequence[float]) -> float:
    """Return the mean over random routers, each judged at eleven thresholds as RouteLLM does."""
    found = []
    for seed in range(RANDOM_DRAWS):
        rng = Random(seed)
        rates = [rng.random() for _ in weak]
        ordered = sorted(rates)
        curve = []
        for k in range(STEPS + 1):
            threshold = ordered[min(k * len(ordered) // STEPS, len(ordered) - 1)]
            # at the highest threshold RouteLLM asks for more, so that one point has no strong calls at all
            picked = [rate > threshold if k == STEPS else rate >= threshold for rate in rates]
            quality = mean(s if is_strong else w for w, s, is_strong in zip(weak, strong, picked, strict=True))
            curve.append((mean(picked), quality))
        found.append(apgr(sorted(curve), weak, strong))
    return mean(found)


def _mtbench(rows: Sequence[dict[str, Any]], router: str) -> float:
    """Return the mean of all judged turns."""
    return mean(float(score) for row in rows for score in row["scores"][f"router:{router}"] if score is not None)


def _areas(file: Path) -> dict[tuple[str, str], float]:
    curves: dict[tuple[str, str], list[tuple[float, float]]] = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                point = float(row["pct_calls_to_strong"]) / 100, float(row["performance_gap_recovered"])
                curves.setdefault((row["benchmark"], row["router"]), []).append(point)
    except OSError as error:
        raise _missing(file) from error
    return {name: area(sorted(curve)) for name, curve in curves.items()}


def _rows(file: Path) -> list[dict[str, Any]]:
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except OSError as error:
        raise _missing(file) from error


def _missing(file: Path) -> ConfigError:
    return ConfigError(f"{file} is not there; give --data the folder that has routing/ and published/")
