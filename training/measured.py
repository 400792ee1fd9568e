"""Prompts whose answers were measured: how long they get, and how often models fail."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.examples import shared_folder
from zeta_router.request import CHARACTERS_PER_TOKEN

MMLU_PRO_EVERY = 3
"""Every third question of MMLU-Pro: they would outnumber everything else."""

SUBJECTS = {
    "computer science": "computing",
    "math": "mathematics",
    "physics": "natural science",
    "economics": "economics",
    "health": "health",
    "history": "history",
    "other": "business and the rest",
}
"""MMLU-Pro's categories at hand, in our words."""
NO_SUBJECT = "no exam"
"""Of the prompts with a task label that are no exam questions."""
EXAMS = frozenset({"exam question", "school science"})
"""Kinds that may be exam questions: their subjects are not known."""


KIND_OF_SOURCE = {"mmlupro": "exam question", "zeroeval_gsm": "word problem"}
"""Sources of one kind; the others are of several."""
ESTIMATES = {
    "creative text": 400,
    "everyday sense": 60,
    "exam question": 60,
    "explanation": 300,
    "higher mathematics": 400,
    "puzzle": 150,
    "school science": 60,
    "search question": 50,
    "short code exercise": 200,
    "software work": 450,
    "talk": 60,
    "trivia question": 40,
    "use of tools": 60,
    "word problem": 130,
    "work on a text": 120,
}
"""Kind → tokens of an answer, our estimates: where answers were measured, these are soon outweighed."""
ESTIMATE_WEIGHT = 5.0
"""Measured answers that an estimate counts as."""


@dataclass(frozen=True)
class Measured:
    """One prompt and what its answers were like, over all models that answered it."""

    prompt: str
    source: str
    log_tokens: float | None
    """Mean logarithm of the answers' tokens, where lengths were measured."""
    failure: float
    """Mean over models of 1 - score, in [0, 1]."""
    subject: str | None = None
    """Of an exam question; None: not known."""


def measured() -> list[Measured]:
    """Return all prompts with outcomes; origins are MIT or Apache 2.0."""
    folder = shared_folder() / "data/routing"
    return [
        *_read(folder, "arenabench", scores="arenabench_scores", best=10.0, lengths="arenabench_output_chars"),
        *_read(folder, "zeroeval_gsm", scores="zeroeval_gsm_outcomes", lengths="zeroeval_gsm_output_chars"),
        *_read(folder, "mmlupro", scores="mmlupro_outcomes", lengths="mmlupro_output_chars", every=MMLU_PRO_EVERY),
        *_read(folder, "llmrouter", scores="llmrouter_outcomes"),
    ]


def _read(
    folder: Path, name: str, *, scores: str, best: float = 1.0, lengths: str | None = None, every: int = 1
) -> Iterator[Measured]:
    with gzip.open(folder / f"{name}_prompts.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::every]
    won = _table(folder / f"{scores}.csv.gz")
    long = _table(folder / f"{lengths}.csv.gz") if lengths is not None else {}
    for row in rows:
        key = str(row["id"])
        characters = [max(count, 1.0) for count in long.get(key, ())]
        task = row.get("task")
        yield Measured(
            prompt=row["prompt"],
            source=f"{name} {task}" if task else name,
            log_tokens=float(np.log(np.array(characters) / CHARACTERS_PER_TOKEN).mean()) if characters else None,
            failure=1.0 - float(np.mean(won[key])) / best,
            subject=SUBJECTS[row["category"]] if "category" in row else None,
        )


def _table(file: Path) -> dict[str, list[float]]:
    """Return id -> the models' numbers; cells without one are left out."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    first = next(at for at, name in enumerate(rows[0]) if name not in {"id", "category", "task", "kind", "metric"})
    return {row[0]: [float(cell) for cell in row[first:] if cell] for row in rows[1:]}
