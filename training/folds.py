"""Judging a classifier on prompts it has not seen: five folds, and one source left out at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.model_selection import StratifiedKFold

from training.examples import Example
from training.fit import Floats, Heads, Read, Vocabulary, classes, sample_weights

FOLDS = 5


def five_folds(examples: Sequence[Example]) -> Iterator[tuple[list[int], list[int]]]:
    """Return (training, judged) places, every task and source in the same proportion in each fold."""
    strata = [f"{e.task} {e.source}" for e in examples]
    for training, judged in StratifiedKFold(FOLDS, shuffle=True, random_state=8).split(strata, strata):
        yield list(training), list(judged)


def _tasks_of(
    examples: Sequence[Example], reads: Sequence[Read], teaching: Sequence[int], judged: Sequence[int]
) -> tuple[Heads, Floats]:
    """Return heads for tasks that some prompts taught, and their scores for others."""
    vocabulary = Vocabulary.of([reads[at] for at in teaching])
    taught = [examples[at] for at in teaching]
    features = vocabulary.matrix([reads[at] for at in teaching])
    heads = classes("task", features, [e.task for e in taught], sample_weights(taught))
    return heads, heads.scores(vocabulary.matrix([reads[at] for at in judged]))


def held_out_scores(
    examples: Sequence[Example], reads: Sequence[Read], *, shipped_only: bool
) -> tuple[list[str], Floats]:
    """Return the tasks, and every prompt's scores by a model that was trained on the other folds.

    Args:
        examples: All prompts.
        reads: Their features.
        shipped_only: Whether only prompts teach whose licence allows it; the others are judged all the same.
    """
    tasks = sorted({e.task for e in examples})
    scores = np.zeros((len(examples), len(tasks)))
    for training, judged in five_folds(examples):
        teaching = [at for at in training if examples[at].shipped or not shipped_only]
        _, scores[judged] = _tasks_of(examples, reads, teaching, judged)
    return tasks, scores


def left_out_scores(examples: Sequence[Example], reads: Sequence[Read], source: str) -> tuple[list[int], list[str]]:
    """Return the places of a source's prompts, and the tasks found by a model that never saw that source."""
    judged = [at for at, e in enumerate(examples) if e.source == source]
    teaching = [at for at, e in enumerate(examples) if e.source != source]
    heads, scores = _tasks_of(examples, reads, teaching, judged)
    return judged, [heads.names[at] for at in scores.argmax(axis=1)]
