"""Trains the task classifier and writes the file that ships.

Run in the repository's root: `ZETA_SHARED=... python -m training.train_tasks`. Needs the extra `train`. Takes some two
minutes; the same data and versions give the same file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import vstack

from training.calibrate import temperature
from training.examples import REAL, Example, examples
from training.fit import (
    OBSERVATIONS,
    SCALE_GROUP,
    SCALE_SEEN,
    Floats,
    Heads,
    Matrix,
    Vocabulary,
    classes,
    number,
    read,
    sample_weights,
)
from training.folds import held_out_scores
from training.lexicon import GROUPS
from training.measured import EXAMS, NO_SUBJECT, Measured, measured
from zeta_router.tasks.linear_model import FILE, SHARE, ZERO
from zeta_router.tasks.structure import SEEN

KEPT = 30_000
"""N-grams in the file: those with the largest weights."""
REAL_HEAT = 4.0
"""What a prompt that people wrote counts when probabilities are calibrated: benchmarks are far easier to tell."""
HARD_SOURCES = ("arenabench", "mmlupro", "zeroeval_gsm", "llmrouter mbpp", "llmrouter gsm8k")
"""Sources in which the text tells something on how often models fail; of the others it tells nothing."""


def main() -> None:
    """Train, calibrate, write."""
    found, runs = examples(), measured()
    reads = [read(e.prompt) for e in found]
    tasks, scores = held_out_scores(found, reads, shipped_only=True)
    scored = [at for at, e in enumerate(found) if e.scored]
    heat = temperature(
        scores[scored],
        [tasks.index(found[at].task) for at in scored],
        np.array([REAL_HEAT if found[at].source in REAL else 1.0 for at in scored]),
    )
    teaching = [at for at, e in enumerate(found) if e.shipped]
    taught = [found[at] for at in teaching]
    taught_reads, run_reads = [reads[at] for at in teaching], [read(run.prompt) for run in runs]
    vocabulary = Vocabulary.of([*taught_reads, *run_reads])
    features, weights = vocabulary.matrix(taught_reads), sample_weights(taught)
    run_features, run_weights = vocabulary.matrix(run_reads), source_weights(runs)
    timed = [at for at, run in enumerate(runs) if run.log_tokens is not None]
    tried = [at for at, run in enumerate(runs) if run.source in HARD_SOURCES]
    heads = [
        classes("task", features, [e.task for e in taught], weights).cooled(heat),
        classes("kind", features, [e.kind for e in taught], weights),
        subjects(taught, features, weights, runs, run_features),
        number("length", run_features[timed], np.array([runs[at].log_tokens for at in timed]), run_weights[timed]),
        number("difficulty", run_features[tried], failures(runs)[tried], run_weights[tried]),
    ]
    real = vocabulary.matrix([reads[at] for at, e in enumerate(found) if e.source in REAL])
    FILE.write_bytes(model_file(vocabulary, heads, thirds(heads[-2].scores(real)[:, 0], heads[-1].scores(real)[:, 0])))
    print(f"{len(taught)} prompts with a task, {len(runs)} with outcomes, temperature {heat:.2f}")
    print(f"{FILE.stat().st_size / 1e6:.2f} MB: {FILE}")


def subjects(
    taught: Sequence[Example],
    features: Matrix,
    weights: Floats,
    runs: Sequence[Measured],
    run_features: Matrix,
) -> Heads:
    """Return heads for the subjects of exam questions, and for all that is none."""
    others = [at for at, e in enumerate(taught) if e.kind not in EXAMS]
    exams = [at for at, run in enumerate(runs) if run.subject is not None]
    return classes(
        "subject",
        vstack([features[others], run_features[exams]]).tocsr(),
        [NO_SUBJECT] * len(others) + [str(runs[at].subject) for at in exams],
        np.concatenate([weights[others], np.ones(len(exams))]),
    )


def source_weights(runs: Sequence[Measured]) -> Floats:
    """Return what each measured prompt counts: a source as the square root of its size."""
    sizes = Counter(run.source for run in runs)
    weights = np.array([sizes[run.source] ** -0.5 for run in runs])
    return np.asarray(weights / weights.mean())


def failures(runs: Sequence[Measured]) -> Floats:
    """Return how much more often than at its source's other prompts models fail: sources are scored differently."""
    sources = np.array([run.source for run in runs])
    values = np.array([run.failure for run in runs])
    for source in sorted(set(sources)):
        values[sources == source] -= values[sources == source].mean()
    return values


def thirds(lengths: Floats, difficulties: Floats) -> dict[str, float]:
    """Return how length and difficulty make complexity, and where prompts that people wrote fall into thirds."""
    slope = float(lengths.std() / difficulties.std())
    low, high = np.quantile(lengths + slope * difficulties, [1 / 3, 2 / 3])
    return {"slope": round(slope, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def model_file(vocabulary: Vocabulary, heads: Sequence[Heads], complexity: dict[str, float]) -> bytes:
    """Return the contents of the model file; see `zeta_router.tasks.linear_model`."""
    weights, biases = np.vstack([h.weights for h in heads]), np.concatenate([h.biases for h in heads])
    start = sum(map(len, vocabulary.families))
    grams, seen = weights[:, :start], weights[:, start:]
    strongest = (np.abs(grams) / np.abs(grams).max(axis=1, keepdims=True)).max(axis=0)
    keep = strongest >= np.sort(strongest)[-min(KEPT, start)]
    scales = np.abs(grams[:, keep]).max(axis=1) / (ZERO - 1)
    body, counts, at = [], [], 0
    for columns in vocabulary.families:
        keys = np.array(sorted(columns, key=columns.__getitem__), dtype="<u4")
        kept = keep[at : at + len(columns)]
        steps = np.round(grams[:, at : at + len(columns)][:, kept] / scales[:, None]) + ZERO
        body += [keys[kept].tobytes(), steps.T.astype(np.uint8).tobytes()]
        counts.append(int(kept.sum()))
        at += len(columns)
    about = {
        "heads": {h.kind: h.names for h in heads},
        "complexity": complexity,
        "biases": _short(biases),
        "scales": [float(scale / SHARE) for scale in scales],
        "seen": {
            name: _short(seen[:, at] * (SCALE_SEEN if name in SEEN else SCALE_GROUP))
            for at, name in enumerate(OBSERVATIONS)
        },
        "groups": {group: sorted(keys) for group, keys in GROUPS.items()},
        "keys": counts,
    }
    return json.dumps(about, separators=(",", ":")).encode() + b"\n" + b"".join(body)


def _short(numbers: Floats) -> list[float]:
    return [round(float(number), 4) for number in numbers]


if __name__ == "__main__":
    main()
