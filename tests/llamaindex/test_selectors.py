"""Selectors: by descriptions, by what was learned, with a prior that may fail; no model is asked."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from llama_index.core.base.base_selector import SelectorResult
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RouterQueryEngine
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import ToolMetadata

from tests.llamaindex.engines import SALES, STAFF, Engine, Naming, engine_tools, outcomes
from tests.llamaindex.fakes import Scripted
from zeta_llamaindex import ZetaMultiSelector, ZetaSingleSelector, choice_router
from zeta_llamaindex.fitting import fits_in
from zeta_llamaindex.matching import Matcher, words_of
from zeta_router import ConfigError, DecisionMade, Fate, InvalidRequest, UnknownDecision
from zeta_router.signals import Answer
from zeta_router.testing import ManualClock

CHOICES = [SALES, STAFF]


def select(selector: Any, query: str, mode: str = "sync", choices: Any = CHOICES) -> SelectorResult:
    if mode == "sync":
        return selector.select(choices, query)
    return asyncio.run(selector.aselect(choices, query))


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("What was our revenue last year?", 0),
        ("Which customers pay the highest price?", 0),
        ("How many vacations did Ann take?", 1),
        ("When is the birthday of a person called Bob?", 1),
    ],
)
def test_the_description_that_fits_is_selected(query: str, index: int, mode: str) -> None:
    """Words decide, whatever their endings; the selection says why."""
    result = select(ZetaSingleSelector(), query, mode)

    assert result.ind == index
    assert "fits 1.00" in result.reason


def test_words_do_not_tell_the_words() -> None:
    """What is kept of a query is numbers."""
    assert all(isinstance(word, int) for word in words_of("my secret question"))
    assert words_of("What is the price of it, by country?") == words_of("PRICES, countries")


def test_the_matcher_is_bounded() -> None:
    """However many queries come, and however often one does."""
    matcher = Matcher()
    for number in range(3_000):
        matcher.learn("sales", [number], 0.2)
    for _ in range(100):
        matcher.learn("sales", [1], 1.0)

    assert len(matcher._learned["sales"]) <= 2_000
    assert max(matcher._learned["sales"].values()) == 3.0


def test_words_of_queries_that_went_well_are_learned() -> None:
    """A word that no description has leads to the choice that people liked for it."""
    selector = ZetaSingleSelector()
    for _ in range(3):
        chosen = select(selector, "budget").selections[0]
        score = 1.0 if chosen.index == 1 else 0.0
        selector.router.feedback(_told(selector, chosen).decision_id, score)

    assert select(selector, "What about the budget?").ind == 1


def _told(selector: ZetaSingleSelector, selection: Any) -> Any:
    selector.tell(selection, seconds=0.1)
    return selection


def test_seconds_that_cannot_be_are_refused_and_can_be_told_again() -> None:
    """A slip does not use up the one time that a selection can be told."""
    selector = ZetaSingleSelector()
    seen = outcomes(selector.router)
    selection = select(selector, "revenue").selections[0]

    with pytest.raises(InvalidRequest, match="seconds, 0 or more"):
        selector.tell(selection, seconds=-1.0)  # type: ignore[arg-type]
    selector.tell(selection, seconds=1.0)  # type: ignore[arg-type]

    assert [fate for _, fate in seen] == [Fate.ok]


def test_weak_evidence_counts_as_much_as_it_weighs() -> None:
    """What an answer shows of itself is no opinion: the words of its query are held against it by half."""
    learned = []
    for opinion in (True, False):
        selector = ZetaSingleSelector()
        selection: Any = select(selector, "revenue").selections[0]
        selector.tell(selection, error="too long")
        if opinion:
            selector.router.feedback(selection.decision_id, 0.1)
        else:
            selector.router.observe_answer(selection.decision_id, Answer(text="I'm sorry, I can't assist with that."))
        ((weight,),) = (words.values() for words in selector.chooser._matcher._learned.values())
        learned.append(weight)

    assert learned == pytest.approx([-0.8, -0.4])


def test_a_choice_that_fails_is_left(caplog: pytest.LogCaptureFixture) -> None:
    """Where both fit, the one that works answers."""
    selector = ZetaSingleSelector(router=choice_router(clock=ManualClock()))
    choices = ["documents, first copy", "documents, second copy"]
    first = select(selector, "documents", choices=choices).selections[0]
    for _ in range(5):
        selection = select(selector, "documents", choices=choices).selections[0]
        failed = selection.index == first.index
        selector.tell(selection, seconds=1.0, error="broken" if failed else None)

    assert select(selector, "documents", choices=choices).ind != first.index


def test_a_choice_that_is_slow_is_left() -> None:
    """Where both fit, the faster one answers."""
    clock = ManualClock()
    selector = ZetaSingleSelector(router=choice_router(clock=clock, rng=7))
    choices = ["documents, first copy", "documents, second copy"]
    first = select(selector, "documents", choices=choices).ind
    for _ in range(12):
        selection = select(selector, "documents", choices=choices).selections[0]
        clock.advance(1.0)
        selector.tell(selection, seconds=60.0 if selection.index == first else 0.5)

    assert select(selector, "documents", choices=choices).ind != first


def test_a_slow_choice_that_fits_is_not_left_for_one_that_does_not() -> None:
    """Speed does not make up for the wrong index."""
    clock = ManualClock()
    selector = ZetaSingleSelector(router=choice_router(clock=clock))
    for _ in range(12):
        clock.advance(1.0)
        selector.tell(select(selector, "revenue").selections[0], seconds=30.0)

    assert select(selector, "revenue").ind == 0


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_prior_is_heard(mode: str) -> None:
    """What another selector names fits best."""
    assert select(ZetaSingleSelector(prior=Naming(1)), "anything", mode).ind == 1


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("answer", [(-1,), (2,), (), (0, 7), (ValueError("no JSON"),)])
def test_selector_out_of_range(answer: Any, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """An answer that is none is counted and survived: LlamaIndex would take the last choice, or raise."""
    selector = ZetaSingleSelector(prior=Naming(*answer))

    with caplog.at_level(logging.WARNING):
        results = [select(selector, "revenue", mode).ind for _ in range(2)]

    assert results == [0, 0]
    assert selector.prior_failures == 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "JSON" not in caplog.text


@pytest.mark.parametrize(
    ("said", "index", "failures"),
    [
        ('[{"choice": 2, "reason": "people"}]', 1, 0),
        ('[{"choice": 0, "reason": "counts from 0"}]', 0, 1),
        ("I would take the first one.", 0, 1),
    ],
)
def test_an_llm_may_be_the_prior(said: str, index: int, failures: int) -> None:
    """LlamaIndex's own selector, with the mistakes that local models make."""
    selector = ZetaSingleSelector(prior=LLMSingleSelector.from_defaults(llm=Scripted("first", said)))

    assert select(selector, "revenue").ind == index
    assert selector.prior_failures == failures
    assert "prior:prompt" in selector.get_prompts()


def test_several_are_selected_where_several_fit() -> None:
    """Each that fits at least half as well as the best, best first."""
    choices = ["revenue by month", "revenue by country", "birthdays"]

    assert sorted(select(ZetaMultiSelector(), "revenue", choices=choices).inds) == [0, 1]
    assert len(select(ZetaMultiSelector(most=1), "revenue", choices=choices).inds) == 1
    assert select(ZetaMultiSelector(), "birthdays", choices=choices).inds == [2]


def test_llama_indexs_own_engine_takes_it() -> None:
    """It stands where any selector stands; telling how it went is then up to the caller."""
    tools = engine_tools(sales=Engine("12 %"), staff=Engine("Ann"))
    selector = ZetaSingleSelector()
    seen = outcomes(selector.router)
    answer = RouterQueryEngine(selector, tools, llm=MockLLM()).query("revenue")

    assert str(answer) == "12 %"
    (selection,) = answer.metadata["selector_result"].selections
    selector.tell(selection, seconds=0.2)
    assert seen == [("sales", Fate.ok)]
    with pytest.raises(UnknownDecision):
        selector.tell(selection)


def test_nothing_to_choose_from_is_refused() -> None:
    """In a sentence."""
    with pytest.raises(ConfigError, match="nothing to choose from"):
        ZetaSingleSelector().select([], "revenue")
    with pytest.raises(ConfigError, match="most must be a whole number above 0, got 0"):
        ZetaMultiSelector(0)


def test_choices_of_one_name_are_told_apart() -> None:
    """How well each one fits stands in the log of decisions, and nothing else of a query."""
    selector = ZetaSingleSelector()
    choices = [ToolMetadata(description=text, name="index") for text in CHOICES]
    events: list[Any] = []
    selector.router.subscribe(events.append)

    selection = select(selector, "secret vacations", choices=choices).selections[0]
    selector.tell(selection)

    assert selection.index == 1
    (made,) = [event.decision for event in events if isinstance(event, DecisionMade)]
    assert list(fits_in(made.tags)) == ["index", "index'"]
    assert fits_in(made.tags)["index'"] == 1.0
    assert "secret" not in repr(events)


def test_a_router_of_choices_can_be_shared() -> None:
    """What one selector learned of a choice, another knows, however it spells the name; its words are its own."""
    router = choice_router()
    first, second = (ZetaSingleSelector(router=router) for _ in range(2))
    upper, lower = ([ToolMetadata(description=SALES, name=name)] for name in ("Sales", "sales"))

    first.tell(select(first, "revenue", choices=upper).selections[0])
    second.tell(select(second, "revenue", choices=lower).selections[0])

    assert [model.card.name for model in router.snapshot().models] == ["Sales"]
    assert router.snapshot().decisions == 2
