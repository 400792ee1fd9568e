"""What the training script writes is what the package computes with. Needs the extra `train`."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra train is not installed")

from training.calibrate import calibration_error, temperature
from training.examples import Example
from training.fit import Vocabulary, classes, number, read, sample_weights
from training.lexicon import GROUPS
from training.synthetic import synthetic_prompts
from training.train_tasks import model_file
from zeta_router.tasks import GUESSABLE
from zeta_router.tasks.linear_model import LinearModel
from zeta_router.tasks.ngrams import ngrams
from zeta_router.tasks.structure import SEEN, observe

EXAMPLES = [
    Example(f"s{n}", prompt, task, task, "synthetic", scored=False, shipped=True)
    for n, (prompt, task) in enumerate(synthetic_prompts())
    if task in {"code", "math", "chat"}
]


def test_the_packed_model_scores_as_scikit_learn_does() -> None:
    """Weights in int8 and shares in 1/256 cost next to nothing of a score."""
    reads = [read(example.prompt) for example in EXAMPLES]
    vocabulary = Vocabulary.of(reads)
    features, weights = vocabulary.matrix(reads), sample_weights(EXAMPLES)
    heads = [
        classes("task", features, [example.task for example in EXAMPLES], weights),
        number("length", features, np.array([float(len(e.prompt)) ** 0.5 for e in EXAMPLES]), weights),
    ]
    model = LinearModel(model_file(vocabulary, heads, {"slope": 1.0, "low": 0.0, "high": 1.0}, np.zeros(3)))
    wanted = np.hstack([head.scores(features) for head in heads])
    got = np.array([model.scores(one.grams, [name for name in one.seen if name in SEEN]).heads for one in reads])
    spread = wanted.std(axis=0)
    assert (np.abs(got - wanted).mean(axis=0) / spread < 0.03).all()


def test_synthetic_prompts_are_the_same_for_a_seed_and_cover_every_task() -> None:
    """And no prompt has two tasks."""
    made = synthetic_prompts()
    assert made == synthetic_prompts()
    assert {task for _, task in made} == set(GUESSABLE)
    assert len({prompt for prompt, _ in made}) == len(made)
    assert not [prompt for prompt, _ in made if "{text}" in prompt or not prompt.strip()]


def test_words_of_a_group_are_found_where_they_stand() -> None:
    """The lexicon hashes as the package does, also in a script without spaces."""
    assert GROUPS["language"] & ngrams("some Python and C++ code").words
    assert GROUPS["translation"] & ngrams("请翻译这句话").words
    assert not GROUPS["language"] & ngrams("a walk in the park").words


def test_a_temperature_cools_what_is_too_sure() -> None:
    """Scores three times too large are divided by about three."""
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(4_000, 4))
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    truth = [int(rng.choice(4, p=row)) for row in chances]
    assert temperature(3 * scores, truth, np.ones(len(truth))) == pytest.approx(3.0, rel=0.15)


def test_calibration_error_is_the_gap_of_confidence_and_truth() -> None:
    """Always 90 % sure and right in half of the cases: 0.4."""
    assert calibration_error(np.full(10, 0.9), np.array([True, False] * 5)) == pytest.approx(0.4)


def test_observations_that_are_trained_are_those_that_are_made() -> None:
    """Training reads a prompt with the package's own functions."""
    text = "Solve x^2 = 4 for x.\n1. first\n2. second\nWhy?"
    assert set(observe(text, len(text))) <= set(read(text).seen)
