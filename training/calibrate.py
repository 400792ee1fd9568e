"""Makes probabilities mean what they say: one temperature, fitted on prompts that the scores' model has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from training.fit import Floats

BINS = 10


def temperature(scores: Floats, truth: Sequence[int], weights: Floats) -> float:
    """Return what to divide scores by for the least log loss. Source: Guo et al. 2017, arXiv:1706.04599."""

    def loss(log_t: float) -> float:
        chances = log_softmax(scores / np.exp(log_t), axis=1)
        return float(-(weights * chances[np.arange(len(truth)), truth]).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def calibration_error(probability: Floats, right: np.ndarray) -> float:
    """Return the expected calibration error: mean distance of confidence and accuracy over ten bins."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [
        abs(probability[bins == b].mean() - right[bins == b].mean()) * (bins == b).sum()
        for b in range(BINS)
        if (bins == b).any()
    ]
    return float(sum(gaps) / len(probability))
