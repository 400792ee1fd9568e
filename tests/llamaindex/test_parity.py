"""Whoever listens sees the same for a `ZetaLLM` as for its child: one set of events, and tokens counted once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core import Settings
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.llms import LLM, ChatMessage
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.llms.ollama import Ollama

from tests.llamaindex.fakes import HELLO, METHODS, Scripted, ask, fates, listening, plain_ollama, text_of, zeta_over
from zeta_llamaindex import ZetaLLM
from zeta_router import Event, Fate, FeedbackGiven
from zeta_router.simulator import SimulatedOllama

MODEL = "llama3.2:3b"


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatedOllama]:
    """A simulated Ollama, ten thousand times faster than life, that answers alike every time."""
    with SimulatedOllama(models=[MODEL], time_scale=10_000, responder="echo", chunk_tokens=8) as running:
        yield running


@pytest.fixture
def settings() -> Iterator[Any]:
    """LlamaIndex's `Settings`, put back afterwards."""
    before = (Settings._llm, Settings._callback_manager)
    Settings._llm, Settings._callback_manager = None, None
    yield Settings
    Settings._llm, Settings._callback_manager = before


def counter() -> TokenCountingHandler:
    """Return a handler that counts words for tokens."""
    return TokenCountingHandler(tokenizer=str.split)


class Recorder(BaseCallbackHandler):
    """Writes down what a handler of the old kind is told."""

    def __init__(self) -> None:
        super().__init__([], [])
        self.told: list[tuple[str, str, list[str]]] = []

    def on_event_start(self, event_type: Any, payload: Any = None, event_id: str = "", **kwargs: Any) -> str:
        self.told.append(("start", event_type.value, sorted(payload or {})))
        return event_id

    def on_event_end(self, event_type: Any, payload: Any = None, event_id: str = "", **kwargs: Any) -> None:
        self.told.append(("end", event_type.value, sorted(payload or {})))

    def start_trace(self, trace_id: str | None = None) -> None: ...

    def end_trace(self, trace_id: str | None = None, trace_map: Any = None) -> None: ...


def plain(server: SimulatedOllama) -> Ollama:
    """Return the child as a user would build it."""
    return plain_ollama(MODEL, server.url)


def test_mro_contains_the_base_classes() -> None:
    """It is an LLM by every class that code checks for, under a name of its own."""
    ancestors = {kind.__name__ for kind in ZetaLLM.__mro__}

    assert {FunctionCallingLLM.__name__, LLM.__name__, BaseLLM.__name__} <= ancestors
    assert ZetaLLM.class_name() == "ZetaLLM"


@pytest.mark.parametrize("method", METHODS)
def test_event_counts_equal_the_plain_llms(method: str) -> None:
    """As many events of each kind, in the same order, spans included."""
    with listening() as alone:
        ask(Scripted("child", "one two three"), method)
    with listening() as routed:
        ask(zeta_over(Scripted("child", "one two three"), Scripted("other")), method)

    assert routed.names == alone.names
    assert alone.names


@pytest.mark.parametrize("method", METHODS)
def test_event_counts_equal_those_of_a_plain_ollama(method: str, server: SimulatedOllama) -> None:
    """The same for a child that Zeta built, against one that the user built."""
    with listening() as alone:
        one = ask(plain(server), method)
    with listening() as routed:
        other = ask(ZetaLLM(models=[MODEL], hosts=[server.url]), method)

    assert routed.names == alone.names
    assert text_of(other) == text_of(one)
    assert [part.delta for part in other] == [part.delta for part in one]


@pytest.mark.parametrize("built", ["before", "after"])
@pytest.mark.parametrize("method", METHODS)
def test_token_counting_handler_is_equal(method: str, built: str, settings: Any, server: SimulatedOllama) -> None:
    """A counter in `Settings` sees what it sees for the child, built before the counter or after it."""
    llms: list[Any] = [plain(server), ZetaLLM(models=[plain(server)])] if built == "before" else []
    counts = []
    for number, make in enumerate((plain, lambda s: ZetaLLM(models=[plain(s)]))):
        handler = counter()
        settings.callback_manager = CallbackManager([handler])
        settings.llm = llms[number] if llms else make(server)
        ask(settings.llm, method)
        counts.append(
            (handler.prompt_llm_token_count, handler.completion_llm_token_count, len(handler.llm_token_counts))
        )

    alone, routed = counts
    assert routed == alone
    assert alone[2] > 0


@pytest.mark.parametrize("built", ["before", "after"])
@pytest.mark.parametrize("method", METHODS)
def test_legacy_events_are_equal(method: str, built: str, settings: Any, server: SimulatedOllama) -> None:
    """A handler of the old kind in `Settings` is told the same, start and end of each event, once."""
    makers = (plain, lambda s: ZetaLLM(models=[plain(s)]), lambda s: ZetaLLM(models=[MODEL], hosts=[s.url]))
    llms: list[Any] = [make(server) for make in makers] if built == "before" else []
    told = []
    for number, make in enumerate(makers):
        recorder = Recorder()
        settings.callback_manager = CallbackManager([recorder])
        settings.llm = llms[number] if llms else make(server)
        ask(settings.llm, method)
        told.append(recorder.told)

    assert told[1] == told[2] == told[0]
    assert told[0]


def test_a_child_keeps_handlers_of_its_own(settings: Any) -> None:
    """A child that has handlers is not given others."""
    own, common = counter(), counter()
    child = Scripted("child", callback_manager=CallbackManager([own]))
    settings.callback_manager = CallbackManager([common])
    settings.llm = zeta_over(child)

    settings.llm.chat(HELLO)

    assert own.total_llm_token_count > 0
    assert common.total_llm_token_count == 0


def test_a_new_callback_manager_replaces_the_one_before(settings: Any) -> None:
    """Handlers put into `Settings` later take over from those that were handed down before."""
    settings.llm = zeta_over(Scripted("child"))
    handlers = [counter(), counter()]
    for handler in handlers:
        settings.callback_manager = CallbackManager([handler])
        settings.llm.chat(HELLO)

    assert [len(handler.llm_token_counts) for handler in handlers] == [1, 1]


def test_a_token_budget_ends_the_call(settings: Any) -> None:
    """A handler that raises on purpose reaches the caller; no other model is asked to go over the budget as well."""
    second = Scripted("second")
    settings.callback_manager = CallbackManager([TokenCountingHandler(tokenizer=str.split, token_budget=1)])
    settings.llm = zeta_over(Scripted("first", "more than one word"), second)

    with pytest.raises(ValueError, match="Token budget"):
        settings.llm.chat(HELLO)

    assert second.seen == []


@pytest.mark.parametrize("method", METHODS)
def test_what_is_learned_are_ollamas_own_clocks(method: str, server: SimulatedOllama) -> None:
    """Each attempt settles with the phases that the server reports, and its token counts."""
    llm = ZetaLLM(models=[MODEL], hosts=[server.url])
    outcomes = []
    llm.router.subscribe(lambda event: outcomes.append(getattr(event, "outcome", None)))

    ask(llm, method)

    (outcome,) = [outcome for outcome in outcomes if outcome is not None]
    assert outcome.fate is Fate.ok
    assert outcome.timings.decode is not None
    assert outcome.timings.prefill is not None
    assert outcome.prompt_tokens
    assert outcome.output_tokens


def test_the_stamp_stays_out_of_the_message() -> None:
    """Who answered stands beside the message, because what is in a message is sent back to models."""
    llm = zeta_over(Scripted("first"), task="code")

    answer = llm.chat(HELLO)

    assert set(answer.additional_kwargs["zeta"]) == {"decision_id", "model", "host", "task", "reason", "attempts"}
    assert answer.additional_kwargs["zeta"]["task"] == "code"
    assert answer.message.additional_kwargs == {}


def test_feedback_finds_the_decision_of_an_answer() -> None:
    """The id in the stamp is the one that `feedback` takes."""
    llm = zeta_over(Scripted("first"))
    answer = llm.chat(HELLO)

    heard: list[Event] = []
    llm.router.subscribe(heard.append)

    llm.router.feedback(answer.additional_kwargs["zeta"]["decision_id"], 0.0)

    (given,) = [event for event in heard if isinstance(event, FeedbackGiven)]
    assert given.decision.id == answer.additional_kwargs["zeta"]["decision_id"]


def test_inherited_methods_work_through_it() -> None:
    """`predict` and its like, which LlamaIndex builds on the eight, go to the child once."""
    from llama_index.core.prompts import PromptTemplate

    child = Scripted("first", "a city")
    llm = zeta_over(child, system_prompt="Be brief.")
    seen = fates(llm)

    assert llm.predict(PromptTemplate("What is {name}?"), name="Rome") == "a city"
    assert child.seen == [[ChatMessage(role="system", content="Be brief."), ChatMessage(content="What is Rome?")]]
    assert seen == [Fate.ok]
