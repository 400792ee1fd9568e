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
from scipy.special import softmax

from training.calibrate import temperature
from training.examples import REAL, Example, examples
from training.fit import (
    OBSERVATIONS,
    SCALE_GROUP,
    SCALE_SEEN,
    Floats,
    Heads,
    Matrix,
    Read,
    Vocabulary,
    classes,
    number,
    read,
    sample_weights,
)
from training.folds import held_out_scores
from training.lexicon import GROUPS
from training.measured import ESTIMATE_WEIGHT, ESTIMATES, EXAMS, KIND_OF_SOURCE, NO_SUBJECT, Measured, measured
from zeta_router.tasks.complexity import complexity_score
from zeta_router.tasks.linear_model import FILE, SHARE, ZERO
from zeta_router.tasks.structure import SEEN

KEPT = 30_000
"""N-grams in the file: those with the largest weights."""
REAL_HEAT = 12.0
"""What a prompt that people wrote counts when probabilities are calibrated: benchmarks are far easier to tell."""
REAL_RUNS = 6.0
"""What a measured answer to a real prompt counts against one to an exam question, besides its source's size."""
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
    kinds = classes("kind", features, [e.kind for e in taught], weights)
    shares = softmax(kinds.scores(run_features[timed]), axis=1)
    log_tokens = np.array([runs[at].log_tokens for at in timed], dtype=float)
    lengths = lengths_of_kinds(kinds.names, known_shares(kinds.names, shares, [runs[at] for at in timed]), log_tokens)
    heads = [
        classes("task", features, [e.task for e in taught], weights).cooled(heat),
        kinds,
        subjects(taught, features, weights, runs, run_features),
        number("length", run_features[timed], log_tokens - shares @ lengths, run_weights[timed]),
        number("difficulty", run_features[tried], failures(runs)[tried], run_weights[tried]),
    ]
    real = [at for at, e in enumerate(found) if e.source in REAL]
    cuts = thirds([found[at].prompt for at in real], [reads[at] for at in real], vocabulary, heads, lengths)
    FILE.write_bytes(model_file(vocabulary, heads, cuts, lengths))
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
    weights = np.array([sizes[run.source] ** -0.5 * (REAL_RUNS if run.source == "arenabench" else 1) for run in runs])
    return np.asarray(weights / weights.mean())


def failures(runs: Sequence[Measured]) -> Floats:
    """Return how much more often than at its source's other prompts models fail: sources are scored differently."""
    sources = np.array([run.source for run in runs])
    values = np.array([run.failure for run in runs])
    for source in sorted(set(sources)):
        values[sources == source] -= values[sources == source].mean()
    return values


def known_shares(names: Sequence[str], shares: Floats, runs: Sequence[Measured]) -> Floats:
    """Return the shares of kinds, certain where the source is of one kind."""
    known = shares.copy()
    for row, run in zip(known, runs, strict=True):
        if run.source in KIND_OF_SOURCE:
            row[:] = [name == KIND_OF_SOURCE[run.source] for name in names]
    return known


def lengths_of_kinds(names: Sequence[str], shares: Floats, log_tokens: Floats) -> Floats:
    """Return the mean logarithm of tokens per kind, from measured answers and, as if it were a few, our estimate."""
    estimates = np.log([ESTIMATES[name] for name in names])
    weights = shares.sum(axis=0) + ESTIMATE_WEIGHT
    return np.asarray((shares.T @ log_tokens + ESTIMATE_WEIGHT * estimates) / weights)


def thirds(
    prompts: Sequence[str],
    reads: Sequence[Read],
    vocabulary: Vocabulary,
    heads: Sequence[Heads],
    lengths_of_kind: Floats,
) -> dict[str, float]:
    """Return what difficulty counts in complexity, and where prompts that people wrote fall into thirds."""
    features = vocabulary.matrix(reads)
    scored = {head.kind: head.scores(features) for head in heads}
    lengths = softmax(scored["kind"], axis=1) @ lengths_of_kind + scored["length"][:, 0]
    difficulties = scored["difficulty"][:, 0]
    slope = float(lengths.std() / difficulties.std())
    scores = [
        complexity_score(
            float(lengths[at]),
            float(difficulties[at]),
            slope,
            len(prompt),
            sum(name.startswith("demand ") for name in reads[at].seen),
        )
        for at, prompt in enumerate(prompts)
    ]
    low, high = np.quantile(scores, [1 / 3, 2 / 3])
    return {"slope": round(slope, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def model_file(vocabulary: Vocabulary, heads: Sequence[Heads], complexity: dict[str, float], lengths: Floats) -> bytes:
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
        "lengths": _short(lengths),
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
