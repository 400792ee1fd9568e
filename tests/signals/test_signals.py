"""What signals find in answers, and what they leave alone."""

from __future__ import annotations

import pytest

from tests.signals.cases import CASES, MISSED, Case
from zeta_router.signals import SIGNALS, Answer, Signal, judge
from zeta_router.signals.judging import FAULTLESS_WEIGHT

BY_NAME = {signal.name: signal for signal in SIGNALS}


def faults(case: Case) -> set[str]:
    return {s.name for s in SIGNALS if (score := s.look(case.answer)) is not None and score < 0.5}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_finds_what_is_wrong_and_nothing_else(case: Case) -> None:
    """Every signal has faults to find and good answers to leave alone."""
    assert faults(case) ^ case.faults == MISSED.get(case.name, set())


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_precision_and_recall_on_the_cases(signal: Signal) -> None:
    """A fault that is found is one, and most are found. The cases are ours: in the field both will be lower."""
    found = {case.name for case in CASES if signal.name in faults(case)}
    true = {case.name for case in CASES if signal.name in case.faults}
    assert len(found & true) >= 0.9 * len(found)
    assert len(found & true) >= 0.8 * len(true)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_every_signal_has_cases_of_both_kinds(signal: Signal) -> None:
    """So that precision and recall mean something."""
    assert sum(signal.name in case.faults for case in CASES) >= 4
    assert sum(not case.faults for case in CASES) >= 20


def test_the_heaviest_fault_is_the_verdict() -> None:
    """An answer that loops until it is cut off has one fault, not two."""
    verdict = judge(Answer(text="so on and " * 200, done_reason="length"))
    assert (verdict.score, verdict.why) == (0.0, "repetition")


def test_an_answer_without_a_fault_is_weak_evidence() -> None:
    """It is likely good, and no more."""
    verdict = judge(Answer(text="Paris"))
    assert verdict.weight == FAULTLESS_WEIGHT
    assert verdict.score > 0.5


def test_code_that_parses_is_praised_less_than_code_that_does_not_is_blamed() -> None:
    """It may still be wrong."""
    good = judge(Answer(text="```python\nx = 1\n```"))
    bad = judge(Answer(text="```python\nx = = 1\n```"))
    assert FAULTLESS_WEIGHT < good.weight < bad.weight
    assert good.score > 0.5 > bad.score


def test_a_plug_in_that_raises_says_nothing() -> None:
    """A signal is somebody's code, and the answer is out already."""

    class Broken:
        name, weight = "broken", 1.0

        def look(self, answer: Answer) -> float | None:
            raise RuntimeError("no")

    assert judge(Answer(text="Paris"), [Broken(), *SIGNALS]) == judge(Answer(text="Paris"))


@pytest.mark.parametrize("piece", ["a", "word ", "```python\n", "{", "I'm sorry ", "\n", "é ", "x" * 99 + " "])
def test_long_and_odd_answers_are_looked_at_in_bounded_time(piece: str) -> None:
    """A million characters are sampled: this test would take minutes if they were read whole."""
    for tools in (None, {"f": {"type": "object"}}):
        verdict = judge(Answer(text=piece * (1_000_000 // len(piece)), tools=tools, schema={"type": "object"}))
        assert 0.0 <= verdict.score <= 1.0


def test_nothing_of_an_answer_is_shown() -> None:
    """Neither in its repr nor in a verdict."""
    answer = Answer(text="my secret", tool_calls=[{"name": "secret", "args": {}}], tools={})
    assert "secret" not in repr(answer) + judge(answer).why
