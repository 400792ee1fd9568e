"""What an answer of `ZetaLLM` shows of its quality reaches the router, and the caller notices nothing."""

from __future__ import annotations

import pytest

from tests.llamaindex.fakes import METHODS, Scripted, ask, text_of, zeta_over
from zeta_router import FeedbackGiven

REFUSAL = "I'm sorry, but I can't assist with that."


@pytest.mark.parametrize("method", METHODS)
def test_a_refusal_is_weak_evidence_against_the_model(method: str) -> None:
    """Whole or in a stream, whose last part has all of the text."""
    llm = zeta_over(Scripted("first", REFUSAL))
    told: list[FeedbackGiven] = []
    llm.router.subscribe(lambda event: told.append(event) if isinstance(event, FeedbackGiven) else None)

    answers = ask(llm, method)

    assert text_of(answers) == REFUSAL
    assert [(event.source, event.decision.model) for event in told] == [("signal: refusal", "first")]
