"""A chain's template must not drown what varies in its prompts, and nothing of a prompt may be kept."""

from __future__ import annotations

from zeta_router.tasks import TaskClassifier
from zeta_router.tasks.boilerplate import CONSTANT_AFTER, REMEMBERED, Boilerplate

RULES = "\n".join(
    f"Rule {n}: code in the repository has type hints, docstrings, unit tests with pytest and passes ruff check {n}."
    for n in range(30)
)
QUESTIONS = (
    "Which river flows through the old town of Lyon?",
    "Who painted the ceiling of the Sistine Chapel in Rome?",
    "When did the ferry to the island begin to run?",
    "Where was the composer of the national anthem born?",
    "What is the tallest mountain of the Andes called?",
)


def prompt(question: str) -> str:
    return f"You are an assistant of our developers.\n{RULES}\nQuestion of the user:\n{question}\nAnswer:"


def test_a_template_is_heard_less_once_it_is_known() -> None:
    """After a few prompts of a chain, the question tells the task, not thirty lines of rules on code."""
    classify = TaskClassifier()
    guesses = [classify(prompt(question)) for question in QUESTIONS]
    assert guesses[0].task == "code"  # the first prompt of a chain is all new
    assert guesses[-1].task == "qa"


def test_without_templates_a_guess_depends_on_its_prompt_alone() -> None:
    """Then the fifth prompt is judged like the first."""
    classify = TaskClassifier(templates=False)
    for question in QUESTIONS:
        guess = classify(prompt(question))
    assert guess.probabilities == TaskClassifier(templates=False)(prompt(QUESTIONS[-1])).probabilities


def test_a_short_instruction_stays() -> None:
    """`Summarize this:` never varies either, and is the best there is to go by."""
    classify = TaskClassifier()
    material = [
        f"Story {n}: " + f"on day {n} the baker sold {n} loaves to the miller's {n} sons. " * 12 for n in range(6)
    ]
    for text in material:
        guess = classify(f"Summarize the following text in one sentence.\n\n{text}")
    assert guess.task == "summarize"


def test_the_same_prompt_again_teaches_nothing() -> None:
    """Retries and votes do not make a prompt's own lines constant: the guess is remembered instead."""
    classify = TaskClassifier()
    again = [classify(prompt(QUESTIONS[0])) for _ in range(CONSTANT_AFTER + 3)]
    assert all(guess is again[0] for guess in again)


def test_the_lines_that_touch_the_varying_part_stay_with_it() -> None:
    """Of the constant text only whole lines next to the varying part are read with it."""
    boilerplate = Boilerplate()
    for question in QUESTIONS[:CONSTANT_AFTER]:
        assert boilerplate.split(prompt(question)) == (prompt(question), "")
    varying, constant = boilerplate.split(prompt(QUESTIONS[4]))
    assert varying == f"Question of the user:\n{QUESTIONS[4]}\nAnswer:"
    assert "Rule 3: " in constant
    assert QUESTIONS[4] not in constant


def test_an_instruction_far_from_the_varying_part_is_still_heard() -> None:
    """A template that says what to do a page before the material is not ignored."""
    classify = TaskClassifier()
    rules = "\n".join(
        f"- point {n} of the guide: leave names, numbers and dates as they stand there" for n in range(20)
    )
    for n in range(6):
        guess = classify(
            f"Translate everything into German.\n{rules}\nText:\nThe {n} horses waited for rain.\nEnd of text"
        )
    assert guess.probabilities["translate"] > 0.2
    assert classify("Text:\nThe 7 horses waited for rain.\nEnd of text").probabilities["translate"] < 0.1


def test_the_middle_of_a_very_long_prompt_is_not_lost() -> None:
    """Lines are compared at both ends only; what lies between varies by definition."""
    boilerplate = Boilerplate()
    for n in range(CONSTANT_AFTER + 1):
        body = f"report {n}. " * 2_000
        varying, constant = boilerplate.split(f"{RULES}\n{body}\n{RULES}")
    assert varying.count("report 3. ") == 2_000
    assert constant.count("Rule 7: ") == 2


def test_memory_is_bounded_and_has_no_text() -> None:
    """Ten thousand prompts leave some thousand numbers behind."""
    classify, boilerplate = TaskClassifier(), Boilerplate()
    for n in range(2_000):
        text = "\n".join(f"a secret line number {n} {place} of many" for place in range(20))
        boilerplate.split(text)
        if n % 5 == 0:
            classify(f"the secret number {n}")
    kept = {**boilerplate._recent, **boilerplate._older}
    assert len(kept) <= REMEMBERED
    assert all(isinstance(key, int) and isinstance(count, int) for key, count in kept.items())
    assert "secret" not in repr(vars(classify))
