"""How long an answer is expected to be, and how complex its prompt."""

from __future__ import annotations

import math

import pytest

from zeta_router import classify
from zeta_router.tasks.answer_length import LEAST, MOST, asked_tokens, expected_tokens

REFACTORING = (
    "Here is our billing service, about 3,000 lines in 14 modules. Refactor it into a package with clear layers, keep "
    "the public API stable, write a migration plan, add type hints and unit tests for every module, and explain each "
    "design decision and its trade-offs in detail.\n\nclass Billing:\n    def __init__(self, db, queue):\n        ..."
)


@pytest.mark.parametrize(
    ("prompt", "tokens"),
    [
        ("Write an essay of 200 words about the sea", 270),
        ("Explain it in two sentences", 50),
        ("describe the plot in 3 short paragraphs", 330),
        ("Answer with at most 1,000 words.", 1350),
        ("Is 7 prime? Answer yes or no.", 8),
        ("answer in one word", 8),
        ("The file has 3000 lines of code, why is it slow?", None),
        ("This is a class of 200 lines, what does it do in three lines?", 42),
        ("What is the capital of Peru?", None),
        ("", None),
    ],
)
def test_a_length_that_is_asked_for_is_understood(prompt: str, tokens: float | None) -> None:
    """In words, sentences, paragraphs; a number of lines that something has is no wish."""
    assert asked_tokens(prompt) == (None if tokens is None else pytest.approx(tokens))


def test_a_length_is_asked_for_at_either_end() -> None:
    """Also behind a long text."""
    assert asked_tokens("word " * 5_000 + "\nSummarize it in two sentences.") == 50


def test_what_is_asked_for_wins_within_bounds() -> None:
    """An expectation is never below a few tokens or above some thousand."""
    given = {"log_tokens": 5.0, "characters": 400}
    assert expected_tokens({"writing": 1.0}, asked=270, **given) == 270
    assert expected_tokens({"writing": 1.0}, asked=1, **given) == LEAST
    assert expected_tokens({"writing": 1.0}, asked=10**7, **given) == MOST
    assert expected_tokens({"code": 1.0}, log_tokens=50.0, characters=4, asked=None) == MOST


def test_tasks_are_mixed_as_logarithms() -> None:
    """Half code of 400 tokens, half talk of 60: their geometric mean."""
    found = expected_tokens({"code": 0.5, "chat": 0.5}, log_tokens=math.log(400), characters=100, asked=None)
    assert found == pytest.approx(math.sqrt(400 * 60))


def test_a_translation_is_as_long_as_its_text() -> None:
    """Ten times the text, about ten times the answer."""
    short = classify("Translate into German: " + "The ferry left the harbour at dawn. " * 5).output_tokens
    long = classify("Translate into German: " + "The ferry left the harbour at dawn. " * 50).output_tokens
    assert short is not None
    assert long is not None
    assert 6 < long / short < 12


def test_a_long_refactoring_is_more_complex_than_a_short_question() -> None:
    """Types of code tasks differ, not only tasks."""
    hard, easy = classify(REFACTORING), classify("What is the capital of Peru?")
    assert hard.task == "code"
    assert hard.complexity > easy.complexity
    assert hard.output_tokens is not None
    assert easy.output_tokens is not None
    assert hard.output_tokens > easy.output_tokens
