"""What a caller may say of one call: its task, its model, its deadline."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.llms import MockLLM
from llama_index.core.rate_limiter import BaseRateLimiter

from tests.llamaindex.fakes import HELLO, METHODS, Scripted, ask, text_of, zeta_over
from zeta_llamaindex import zeta_options
from zeta_router import InvalidRequest, NoCapableModel


def test_a_task_is_declared_per_call_around_it_or_for_all() -> None:
    """The nearest declaration wins, and the child sees none of them."""
    child = Scripted("first")
    llm = zeta_over(child, task="chat")

    def task(**keywords: Any) -> str:
        return str(ask(llm, "chat", **keywords)[0].additional_kwargs["zeta"]["task"])

    assert task() == "chat"
    with zeta_options(task="code"):
        assert task() == "code"
        assert task(zeta_task="math") == "math"
        with zeta_options(session="one"):
            assert task() == "code"
    assert task() == "chat"


@pytest.mark.parametrize("method", ["complete", "astream_chat"])
def test_a_model_can_be_insisted_on(method: str) -> None:
    """`zeta_model` leaves no other choice, and no way out when that model fails."""
    llm = zeta_over(Scripted("first"), Scripted("second", "two"))

    assert text_of(ask(llm, method, zeta_model="second")) == "two"


def test_an_unknown_model_is_refused() -> None:
    """The error lists those there are."""
    with pytest.raises(InvalidRequest, match="it has first, second"):
        zeta_over(Scripted("first"), Scripted("second")).chat(HELLO, zeta_model="third")


def test_a_model_that_cannot_is_refused_though_named() -> None:
    """Insisting does not make it able."""
    llm = zeta_over(MockLLM(), Scripted("able"))

    with pytest.raises(NoCapableModel, match="MockLLM lacks tools"):
        llm.chat(HELLO, tools=[{"type": "function"}], zeta_model="MockLLM")


@pytest.mark.parametrize("method", METHODS)
def test_an_option_with_a_slip_in_its_name_is_refused(method: str) -> None:
    """A child would ignore it, and nobody would notice."""
    child = Scripted("first")

    with pytest.raises(InvalidRequest, match="zeta_tsak is no option of a call; there are zeta_deadline, zeta_model"):
        ask(zeta_over(child), method, zeta_tsak="code")

    assert child.seen == []


@pytest.mark.parametrize("deadline", [-1.0, 0.0, float("nan")])
def test_a_deadline_that_cannot_be_is_refused(deadline: float) -> None:
    """Seconds from now, above 0."""
    with pytest.raises(InvalidRequest, match="deadline"):
        zeta_over(Scripted("first")).chat(HELLO, zeta_deadline=deadline)


def test_a_rate_limiter_is_waited_for_before_a_model_is_picked() -> None:
    """One permission per call, however many attempts it takes."""

    class Gate(BaseRateLimiter):
        passed: int = 0

        def acquire(self, num_tokens: int = 0) -> None:
            self.passed += 1

        async def async_acquire(self, num_tokens: int = 0) -> None:
            self.passed += 1

    gate = Gate()
    llm = zeta_over(Scripted("first", ConnectionError()), Scripted("second"), rate_limiter=gate)

    for method in ("chat", "achat", "stream_chat", "astream_chat"):
        ask(llm, method)

    assert gate.passed == 4
