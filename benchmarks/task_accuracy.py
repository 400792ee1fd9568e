"""How well the task classifier does on prompts it has not seen, and what a guess costs.

Run: `ZETA_SHARED=... python benchmarks/task_accuracy.py [--confused]`. Needs the extra `train`: it trains for
each fold anew. Scored are rows whose label is the data set's own: weak labels (a keyword on a topic
cluster's name) and the label `other` are left out.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path
from time import perf_counter

import numpy as np
from sklearn.metrics import f1_score

sys.path.insert(0, str(Path(__file__).parents[1]))

from training.calibrate import calibration_error, temperature
from training.examples import Example, examples
from training.fit import Read, read
from training.folds import held_out_scores, left_out_scores
from zeta_router.tasks import TaskClassifier
from zeta_router.tasks.linear_model import FILE, load_model

SOURCES_LEFT_OUT = ("llmrouter", "templates", "arena-2.0", "mt-bench")


def microseconds_per_guess(text: str, rounds: int = 300) -> float:
    """Return the median time of one guess on a prompt that was not seen before."""
    times = []
    for _ in range(rounds):
        classifier = TaskClassifier()
        began = perf_counter()
        classifier(text)
        times.append(perf_counter() - began)
    return sorted(times)[rounds // 2] * 1e6


def report_folds(found: list[Example], reads: list[Read], *, shipped_only: bool, confused: bool) -> None:
    """Print five-fold accuracy, all rows and by source."""
    tasks, scores = held_out_scores(found, reads, shipped_only=shipped_only)
    truth = np.array([tasks.index(e.task) for e in found])
    guessed = scores.argmax(axis=1)
    scored = np.array([e.scored for e in found])
    present = sorted(set(truth[scored]))
    f1 = f1_score(truth[scored], guessed[scored], average=None, labels=present)
    by_task = dict(zip([tasks[at] for at in present], f1, strict=True))
    print("taught by MIT and Apache rows only, as the model that ships" if shipped_only else "taught by all rows")
    print(f"  accuracy {np.mean(truth[scored] == guessed[scored]):.3f}  macro-F1 {f1.mean():.3f}", end="  ")
    print("F1 " + ", ".join(f"{task} {value:.2f}" for task, value in by_task.items()))
    heat = temperature(scores[scored], list(truth[scored]), np.ones(scored.sum()))
    shares = np.exp(scores / heat - (scores / heat).max(axis=1, keepdims=True))
    sure = (shares / shares.sum(axis=1, keepdims=True)).max(axis=1)
    right = truth == guessed
    print(f"  calibration error {calibration_error(sure[scored], right[scored]):.3f}", end="")
    print(f", wrong among those at least 80 % sure {1 - right[scored & (sure >= 0.8)].mean():.3f}")
    for source in sorted({e.source for e in found}):
        here = np.array([e.source == source for e in found])
        note = "" if scored[here].any() else "  (our own labels or prompts: not in the score)"
        error = calibration_error(sure[here], right[here])
        print(f"  {source:10} {right[here].mean():.3f} of {here.sum():4}, calibration error {error:.3f}{note}")
    if confused:
        pairs = Counter((tasks[t], tasks[g]) for t, g in zip(truth[scored], guessed[scored], strict=True) if t != g)
        print("  " + ", ".join(f"{true} taken for {taken}: {n}" for (true, taken), n in pairs.most_common(12)))


def main() -> None:
    """Print accuracy, calibration, size and cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--confused", action="store_true", help="print what was taken for what")
    confused = parser.parse_args().confused
    warnings.filterwarnings("ignore", message="The least populated class")

    found = examples()
    reads = [read(e.prompt) for e in found]
    for shipped_only in (True, False):
        report_folds(found, reads, shipped_only=shipped_only, confused=confused)
    for source in SOURCES_LEFT_OUT:
        judged, guesses = left_out_scores(found, reads, source)
        right = sum(found[at].task == guess for at, guess in zip(judged, guesses, strict=True))
        print(f"source left out {source:10} {right / len(judged):.3f} of {len(judged)}")

    print(f"model file {FILE.stat().st_size / 1e6:.2f} MB")
    load_model()
    for length in (60, 200, 2_000, 100_000):
        text = " ".join(e.prompt for e in found[::7])[:length]
        print(f"{length:7} characters: {microseconds_per_guess(text):.0f} µs")


if __name__ == "__main__":
    main()
