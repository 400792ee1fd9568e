"""Fits the linear heads with scikit-learn, on the features that the package itself computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from sklearn.linear_model import LogisticRegression, Ridge

from training.examples import REAL, Example
from training.lexicon import GROUPS
from zeta_router.tasks.linear_model import MOST_WORDS
from zeta_router.tasks.ngrams import FAMILIES, Ngrams, ngrams
from zeta_router.tasks.sample import sample
from zeta_router.tasks.structure import SEEN, observe

Floats = np.ndarray[Any, np.dtype[np.float64]]
Matrix = sparse.csr_matrix

STRENGTH = 3.0
"""Inverse strength of the L2 penalty of classes; 1 to 30 hardly differ in five-fold accuracy."""
RIDGE = 6.0
"""Strength of the L2 penalty of numbers."""
REAL_WEIGHT, SYNTHETIC_WEIGHT = 2.0, 0.5
"""What a prompt that people wrote counts against one of a benchmark, and one that we made up."""
SCALE_SEEN, SCALE_GROUP = 0.5, 0.4
"""Size of an observation against the n-grams' shares: smaller is trusted less."""
RARE = 2
"""N-grams seen in fewer training prompts are left out."""

OBSERVATIONS = (*SEEN, *(f"{group} {step}" for group in GROUPS for step in range(1, MOST_WORDS + 1)))
"""Every observation that has a weight: structure, then steps of groups of words."""


@dataclass(frozen=True)
class Read:
    """The features of one prompt."""

    grams: Ngrams
    seen: tuple[str, ...]


def read(prompt: str) -> Read:
    """Return a prompt's features, as the package computes them."""
    text = sample(prompt)
    grams = ngrams(text)
    found = [*observe(text, len(prompt))]
    for group, keys in GROUPS.items():
        count = len(keys & grams.words)
        found += [f"{group} {step}" for step in range(1, min(count, MOST_WORDS) + 1)]
    return Read(grams, tuple(found))


def share(size: int) -> float:
    """Return the share of one of a family's n-grams."""
    return 1.0 / max(size, 1) ** 0.5


@dataclass(frozen=True)
class Vocabulary:
    """Columns of the matrix: per family the n-grams that are not rare, then the observations."""

    families: tuple[dict[int, int], ...]

    @classmethod
    def of(cls, reads: Sequence[Read]) -> Vocabulary:
        """Return the vocabulary of the training prompts."""
        families = []
        for place in range(len(FAMILIES)):
            seen = Counter(gram for one in reads for gram in one.grams[place])
            families.append({gram: at for at, gram in enumerate(sorted(g for g, n in seen.items() if n >= RARE))})
        return cls(tuple(families))

    def matrix(self, reads: Sequence[Read]) -> Matrix:
        """Return the features, shape (prompts, columns)."""
        blocks = []
        for place, columns in enumerate(self.families):
            rows, at, values = [], [], []
            for number, one in enumerate(reads):
                grams = one.grams[place]
                known = [columns[gram] for gram in grams if gram in columns]
                rows += [number] * len(known)
                at += known
                values += [share(len(grams))] * len(known)
            blocks.append(sparse.csr_matrix((values, (rows, at)), shape=(len(reads), len(columns))))
        observed = np.zeros((len(reads), len(OBSERVATIONS)))
        index = {name: at for at, name in enumerate(OBSERVATIONS)}
        for number, one in enumerate(reads):
            for name in one.seen:
                observed[number, index[name]] = SCALE_SEEN if name in SEEN else SCALE_GROUP
        return sparse.hstack([*blocks, sparse.csr_matrix(observed)]).tocsr()


def sample_weights(examples: Sequence[Example]) -> Floats:
    """Return what each prompt counts: real ones more, synthetic ones less, rare tasks more."""
    weights = np.array(
        [REAL_WEIGHT if e.source in REAL else SYNTHETIC_WEIGHT if e.source == "synthetic" else 1.0 for e in examples]
    )
    tasks = np.array([e.task for e in examples])
    present = sorted(set(tasks))
    for task in present:
        of_task = tasks == task
        weights[of_task] *= (weights.sum() / len(present) / weights[of_task].sum()) ** 0.5
    return weights


@dataclass(frozen=True)
class Heads:
    """Linear heads of one kind, e.g. one per task: scores are `features @ weights.T + biases`."""

    kind: str
    names: tuple[str, ...]
    weights: Floats
    """Shape (names, columns)."""
    biases: Floats

    def scores(self, features: Matrix) -> Floats:
        """Return the scores of prompts, shape (prompts, names)."""
        return np.asarray(features @ self.weights.T + self.biases)

    def cooled(self, heat: float) -> Heads:
        """Return these heads with scores divided by a temperature."""
        return Heads(self.kind, self.names, self.weights / heat, self.biases / heat)


def classes(kind: str, features: Matrix, labels: Sequence[str], weights: Floats) -> Heads:
    """Fit one head per label, for a softmax over them."""
    model = LogisticRegression(C=STRENGTH, max_iter=300).fit(features, labels, sample_weight=weights)
    # A softmax is the same when all its heads gain as much: centred ones need the fewest steps to be written.
    centred = model.coef_ - model.coef_.mean(axis=0)
    return Heads(kind, tuple(map(str, model.classes_)), centred, model.intercept_ - model.intercept_.mean())


def number(kind: str, features: Matrix, values: Floats, weights: Floats) -> Heads:
    """Fit one head that predicts a number."""
    model = Ridge(alpha=RIDGE).fit(features, values, sample_weight=weights)
    return Heads(kind, (kind,), model.coef_[None, :], np.array([model.intercept_]))
