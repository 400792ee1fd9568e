"""Writes the quality priors that ship, and checks them on tables left out.

Run in the repository's root: `ZETA_SHARED=... python -m training.quality_priors [--check]`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from statistics import mean

from zeta_router.bench.streams.fitting import fit
from zeta_router.bench.streams.published import Measured, measured
from zeta_router.learning import quality_priors
from zeta_router.model import ModelCard


def write(rows: list[Measured]) -> None:
    """Write the file that ships."""
    shifts = fit(rows)
    models = [
        {
            "tag": tag,
            "billions": next(row.billions for row in rows if row.tag == tag),
            "shifts": dict(sorted(shifts[tag].items())),
            "tables": sorted({row.table for row in rows if row.tag == tag}),
        }
        for tag in sorted(shifts)
    ]
    lines = ",\n".join("  " + json.dumps(model) for model in models)
    about = json.dumps(quality_priors.ABOUT, indent=1).replace("\n", "\n ")
    quality_priors.FILE.write_text(f'{{\n "about": {about},\n "models": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    print(f"{len(models)} models: {quality_priors.FILE}")


def check(rows: list[Measured]) -> None:
    """Print how well priors from all other tables rank the models of each table, and how well size alone does."""
    total: dict[str, list[float]] = {"priors": [], "size": []}
    for table in sorted({row.table for row in rows}):
        others = fit([row for row in rows if row.table != table])
        here = [row for row in rows if row.table == table]
        for benchmark in sorted({row.benchmark for row in here}):
            of_it = [row for row in here if row.benchmark == benchmark]
            if len(of_it) < 5:
                continue
            truth = [row.accuracy for row in of_it]
            cards = [ModelCard(name=row.tag, parameter_count=round(row.billions * 1e9)) for row in of_it]
            prior = [quality_priors.quality(c, r.task, others) for c, r in zip(cards, of_it, strict=True)]
            size = [quality_priors.quality(c, r.task, {}) for c, r in zip(cards, of_it, strict=True)]
            total["priors"].append(rank_correlation(prior, truth))
            total["size"].append(rank_correlation(size, truth))
            found = sum(row.tag in others for row in of_it)
            print(
                f"{table:14} {benchmark:17} {len(of_it):2} models, {found:2} of them in other tables:"
                f" priors {total['priors'][-1]:+.2f}, size {total['size'][-1]:+.2f}"
            )
    print(f"mean over benchmarks: priors {mean(total['priors']):+.2f}, size {mean(total['size']):+.2f}")


def rank_correlation(ours: list[float], truth: list[float]) -> float:
    """Return Spearman's rank correlation, ties at their mean rank."""
    a, b = _ranks(ours), _ranks(truth)
    centre = (len(a) - 1) / 2
    spread = (sum((x - centre) ** 2 for x in a) * sum((y - centre) ** 2 for y in b)) ** 0.5
    return sum((x - centre) * (y - centre) for x, y in zip(a, b, strict=True)) / spread if spread else 0.0


def _ranks(values: list[float]) -> list[float]:
    return [sum(v < value for v in values) + (sum(v == value for v in values) - 1) / 2 for value in values]


if __name__ == "__main__":
    found = measured(Path(os.environ["ZETA_SHARED"]) / "data")
    check(found) if "--check" in sys.argv else write(found)
