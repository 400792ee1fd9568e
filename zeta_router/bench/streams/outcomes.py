"""`Stream`: prompts, and what each of some models scored on each of them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from zeta_router.bench.streams.fitting import fit
from zeta_router.bench.streams.published import measured
from zeta_router.errors import ConfigError
from zeta_router.learning import quality_priors
from zeta_router.model import ModelCard
from zeta_router.tasks import GUESSABLE, TaskGuess, classify

STREAMS = {
    "LLMRouter": ("llmrouter", "task", 9.5, "llmrouter"),
    "MMLU-Pro": ("mmlupro", "category", 14.0, "mmlupro"),
    "ZeroEval GSM8K": ("zeroeval_gsm", "kind", 14.0, "zeroeval_gsm"),
}
"""Name → files, field with the origin's task, largest model in billions, table among the priors' sources."""
PRIORS = ("left out", "size", "shipped")


class Step(NamedTuple):
    """One prompt of a stream, as far as a router may see it, and the truth."""

    guess: TaskGuess
    declared: str
    """The origin's name of its task: for rivals that are told."""
    scores: tuple[float, ...]
    """In [0, 1], one per model; only that of the model picked is shown."""


class Stream(NamedTuple):
    """Outcomes of all models on all prompts."""

    name: str
    cards: tuple[ModelCard, ...]
    steps: tuple[Step, ...]


def stream(data: Path, name: str, priors: str = "left out") -> Stream:
    """Return a stream.

    Args:
        data: The folder that has `routing/`, `published/` and `model_map.csv`.
        name: One of `STREAMS`.
        priors: `left out` are those fitted without the stream's own table; `size` knows the sizes only; `shipped` are
            those that ship, to which the stream's own table belongs: not a fair test, shown for comparison.

    Raises:
        ConfigError: The data is not there, or there is no such stream or kind of priors.
    """
    if name not in STREAMS:
        raise ConfigError(f"stream must be one of {', '.join(STREAMS)}, got {name!r}")
    if priors not in PRIORS:
        raise ConfigError(f"priors must be one of {', '.join(PRIORS)}, got {priors!r}")
    file, label, most_billions, table = STREAMS[name]
    folder = data / "routing"
    if not (folder / f"{file}_outcomes.csv.gz").is_file():
        raise ConfigError(f"{folder} has no {file}_outcomes.csv.gz; give --data the folder that has routing/")
    with (data / "model_map.csv").open() as lines:
        known = {row["table_model"]: row for row in csv.DictReader(lines)}
    with gzip.open(folder / f"{file}_prompts.jsonl.gz", "rt") as lines:
        prompts = {str(row["id"]): row for row in map(json.loads, lines)}
    with gzip.open(folder / f"{file}_outcomes.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines))
    models = [m for m in rows[0] if m in known and float(known[m]["params_total_b"]) <= most_billions]
    shifts = _shifts(data, table, priors)
    return Stream(
        name,
        tuple(_card(known[model], shifts) for model in models),
        tuple(
            Step(
                classify(prompts[row["id"]]["prompt"]),
                str(prompts[row["id"]][label]),
                tuple(float(row[model]) for model in models),
            )
            for row in rows
        ),
    )


def _shifts(data: Path, table: str, priors: str) -> quality_priors.Shifts:
    shifts: dict[str, Callable[[], quality_priors.Shifts]] = {
        "left out": lambda: fit([row for row in measured(data) if row.table != table]),
        "size": dict,
        "shipped": quality_priors.shipped,
    }
    return shifts[priors]()


def _card(known: dict[str, str], shifts: quality_priors.Shifts) -> ModelCard:
    tag = known["nearest_ollama_tag"] or known["table_model"]
    bare = ModelCard(name=tag, parameter_count=round(float(known["params_total_b"]) * 1e9))
    told = {task: quality_priors.quality(bare, task, shifts) for task in GUESSABLE}
    return ModelCard(name=tag, parameter_count=bare.parameter_count, quality=told)
