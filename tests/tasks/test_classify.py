"""What `classify` owes its callers: a sensible task, reasons in words, and never an exception."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeta_router import classify
from zeta_router.tasks import GUESSABLE, KINDS, SUBJECTS, TRAITS
from zeta_router.tasks.conversation import read_conversation
from zeta_router.tasks.linear_model import load_model
from zeta_router.tasks.sample import HEAD, MIDDLE, TAIL, sample


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("Write a python function that reverses a linked list.", "code"),
        ("```\ndef f(x):\n    return x +\n```\nWhy does this not compile?", "code"),
        ("Traceback (most recent call last):\n  File 'a.py', line 3\nTypeError: unsupported operand", "code"),
        ("Solve x^2 - 5x + 6 = 0 and prove that the roots are integers.", "math"),
        ("Tom has 3 boxes of 12 eggs and sells 7. How many eggs are left?", "math"),
        ("Which European country contains five of the world's ten highest waterfalls?", "qa"),
        ("Question: Where was Morse College?\n\nContext: Morse College is in New Haven.", "qa"),
        ("Summarize the following article in three sentences: The senate met on Monday.", "summarize"),
        ("Extract all names and dates as JSON from this text: Ada met Charles in 1833.", "extract"),
        ("Translate into German: the cat sat on the mat", "translate"),
        ("Write a poem about the sea, with rhymes.", "writing"),
        ("Here's a logic test: the plane was faster than the train. Choose the answer.", "reasoning"),
        ("Hi! How are you today?", "chat"),
        ("Act as a relationship coach and talk with me.", "chat"),
        ("写一篇关于春天的小说", "writing"),
        ("これをドイツ語に翻訳してください", "translate"),
    ],
)
def test_a_plain_prompt_gets_its_task(prompt: str, task: str) -> None:
    """Prompts that leave no doubt are found."""
    assert classify(prompt).task == task


def test_says_why_in_words() -> None:
    """Two reasons come with every guess, the heaviest first."""
    guess = classify("```python\ndef f(): ...\n```\nWrite a function that sorts a list")
    assert len(guess.reasons) == 2
    assert "programming" in " ".join(guess.reasons) or "function" in " ".join(guess.reasons)
    assert guess.reasons[0] in str(guess)


@given(st.text(max_size=400))
def test_whatever_the_text_the_probabilities_are_probabilities(text: str) -> None:
    """They sum to 1, cover every guessable task, and the task is the most probable one."""
    guess = classify(text)
    assert set(guess.probabilities) == set(GUESSABLE)
    assert sum(guess.probabilities.values()) == pytest.approx(1.0)
    assert guess.probability == max(guess.probabilities.values()) == guess.probabilities[guess.task]
    assert all(guess.reasons)


@pytest.mark.parametrize("nothing", ["", "   ", None, 7, [], [None], b"bytes", {}, object(), [{"role": "user"}], [()]])
def test_what_has_no_text_is_an_unsure_chat(nothing: object) -> None:
    """Nothing raises; a guess about nothing is small talk, and says that it is unsure."""
    guess = classify(nothing)
    assert guess.task == "chat"
    assert guess.probability < 0.5


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "You are a poet."}, {"role": "user", "content": "Fix this bug: TypeError"}],
        [("system", "You are a poet."), ("human", "Fix this bug: TypeError")],
        [SimpleNamespace(type="human", content="Fix this bug: TypeError"), SimpleNamespace(type="ai", content="ok")],
        [SimpleNamespace(role=SimpleNamespace(value="user"), content="Fix this bug: TypeError")],
        [{"role": "user", "content": [{"type": "text", "text": "Fix this bug: TypeError"}, {"type": "image_url"}]}],
        SimpleNamespace(content="Fix this bug: TypeError"),
    ],
)
def test_of_messages_the_last_one_of_the_user_counts(messages: object) -> None:
    """Both frameworks' messages are understood, parts of text too."""
    assert read_conversation(messages).text == "Fix this bug: TypeError"
    assert classify(messages).task == "code"


def test_without_a_user_message_the_last_one_counts() -> None:
    """An agent's turn can end with a tool's answer."""
    assert read_conversation([("system", "be brief"), ("tool", "42 rows")]).text == "42 rows"


def test_a_very_long_prompt_is_sampled_at_its_head_middle_and_end() -> None:
    """An instruction at either end of a megabyte is seen, and what is read does not grow."""
    padding = "lorem ipsum dolor sit amet " * 40_000
    assert classify("Translate this text into French: " + padding).task == "translate"
    assert classify(padding + "\nSummarize the article above, tl;dr").task == "summarize"
    assert len(sample(padding)) == HEAD + MIDDLE + TAIL + 2


def test_a_guess_shows_nothing_of_the_prompt() -> None:
    """Neither repr nor str of a guess repeats the text."""
    guess = classify("my password is hunter2, write a function that stores it")
    assert "hunter2" not in repr(guess) + str(guess)


def test_names_of_tasks_and_kinds_are_the_models_own() -> None:
    """The file's heads stand in the order that the code names them in, and traits are few and in [0, 1]."""
    heads = {kind: tuple(names) for kind, names in load_model().heads.items()}
    numbers = {"length": ("length",), "difficulty": ("difficulty",)}
    assert heads == {"task": GUESSABLE, "kind": KINDS, "subject": SUBJECTS, **numbers}
    traits = classify("What is the capital of France?").traits
    assert len(traits) == len(TRAITS) <= 32
    assert all(0 <= trait <= 1 for trait in traits)


def test_finds_most_prompts_of_data_sets_that_taught_it_nothing() -> None:
    """Of the developers' data sets under other licences, none of whose rows was trained on, 75 % are found."""
    shared = os.environ.get("ZETA_SHARED")
    if not shared:
        pytest.skip("ZETA_SHARED is not set: the labelled prompts are not at hand")
    file = Path(shared) / "data/classification/prompts_labelled.jsonl.gz"
    task_of = {"reading_qa": "qa", "text_classification": "extract", "rewriting": "writing", "reasoning": "reasoning"}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if row["source_label"].startswith(("dbpedia", "adversarial_qa", "quarel", "paws"))]
    right = sum(classify(row["prompt"]).task == task_of[row["label"]] for row in rows)
    assert right / len(rows) > 0.75, f"{right} of {len(rows)}"
