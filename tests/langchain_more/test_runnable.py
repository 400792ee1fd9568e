"""`ZetaRunnable`: picks among branches, learns from every run, takes over when one fails."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections import Counter
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableGenerator, RunnableLambda

from tests.langchain_more.asking import MODES, ask
from tests.langchain_more.fakes import Told
from zeta_langchain import ZetaRunnable
from zeta_router import ConfigError, Fate, InvalidRequest, OutcomeSeen, PhaseTimes, ZetaDynamicRouter
from zeta_router.runs import AlwaysWarm
from zeta_router.testing import ManualClock


class Watch:
    """Which branch was tried and how it ended, in order."""

    def __init__(self, route: ZetaRunnable[Any, Any]) -> None:
        self.ends: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self._route = route
        route.router.subscribe(self._note)

    def _note(self, event: Any) -> None:
        if isinstance(event, OutcomeSeen):
            self.ends.append((event.decision.model, event.outcome.fate.value))
            self.ids.append(event.decision.id)

    @property
    def in_flight(self) -> int:
        flights: int = self._route.router.snapshot().in_flight
        return flights


def fails(_: Any) -> str:
    """Be a branch that is broken."""
    raise RuntimeError("broken: here is a secret")


@pytest.mark.parametrize("mode", MODES)
def test_one_branch_answers(mode: str) -> None:
    """The output is the branch's own."""
    route = ZetaRunnable({"upper": str.upper}, task="shout")
    watch = Watch(route)

    assert ask(route, mode, "hello") == "HELLO"
    assert (watch.ends, watch.in_flight) == ([("upper", "ok")], 0)


@pytest.mark.parametrize("mode", MODES)
def test_the_next_branch_takes_over_from_one_that_fails(mode: str) -> None:
    """As `with_fallbacks` does, and the failure is learned; its text is kept nowhere."""
    route = ZetaRunnable({"broken": fails, "upper": str.upper}, order="declared", task="shout")
    watch = Watch(route)
    errors: list[str | None] = []
    route.router.subscribe(lambda e: errors.append(e.outcome.error) if isinstance(e, OutcomeSeen) else None)

    assert ask(route, mode, "hello") == "HELLO"
    assert watch.ends == [("broken", "error"), ("upper", "ok")]
    assert errors == ["RuntimeError", None]


@pytest.mark.parametrize("mode", MODES)
def test_when_all_fail_the_first_error_is_raised(mode: str) -> None:
    """The caller's `except` goes on working; the cause tells of the others."""

    def also_fails(_: Any) -> str:
        raise KeyError("other")

    route = ZetaRunnable({"one": fails, "two": also_fails}, order="declared", task="shout")

    with pytest.raises(RuntimeError, match="broken") as caught:
        ask(route, mode, "hello")
    assert "two on chain:two: KeyError" in str(caught.value.__cause__)


@pytest.mark.parametrize("mode", MODES)
def test_only_the_errors_named_are_handled(mode: str) -> None:
    """Others leave at once, and count against the branch."""
    route = ZetaRunnable({"broken": fails, "upper": str.upper}, order="declared", handles=(KeyError,), task="shout")
    watch = Watch(route)

    with pytest.raises(RuntimeError):
        ask(route, mode, "hello")
    assert watch.ends == [("broken", "error")]


@pytest.mark.parametrize("mode", MODES)
def test_an_output_that_is_not_accepted_is_asked_of_the_next(mode: str) -> None:
    """A retriever that finds nothing: the other one is tried; if none finds anything, nothing is the answer."""
    empty, full = RunnableLambda(lambda _: []), RunnableLambda(lambda q: [Document(page_content=q)])
    route = ZetaRunnable({"web": empty, "docs": full}, order="declared", accept=bool, task="search")
    watch = Watch(route)
    poor = ZetaRunnable({"web": empty}, accept=bool, task="search")

    found = ask(route, mode, "hello")

    assert ask(poor, mode, "hello") == []
    if mode in ("invoke", "ainvoke"):
        assert [d.page_content for d in found] == ["hello"]
        assert watch.ends == [("web", "invalid"), ("docs", "ok")]


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_after_the_first_part_was_shown_nobody_takes_over(mode: str) -> None:
    """An error in the middle of a stream surfaces; before it, another branch answers."""

    def breaks(parts: int) -> Any:
        shown = ["", "one ", "two "][: parts + 1]

        def stream(_: Any) -> Any:
            yield from shown
            raise RuntimeError("broken")

        async def astream(_: Any) -> Any:
            for part in shown:
                yield part
            raise RuntimeError("broken")

        return RunnableGenerator(stream, astream)

    late = ZetaRunnable({"late": breaks(1), "upper": str.upper}, order="declared", task="shout")
    early = ZetaRunnable({"early": breaks(0), "upper": str.upper}, order="declared", task="shout")
    watch = Watch(late)

    with pytest.raises(RuntimeError):
        ask(late, mode, "hello")
    assert watch.ends == [("late", "error")]
    assert ask(early, mode, "hello") == "HELLO"


@pytest.mark.parametrize("mode", MODES)
def test_only_branches_whose_condition_holds_are_asked(mode: str) -> None:
    """Conditions may be functions, runnables, or awaited."""
    route = ZetaRunnable(
        {"numbers": lambda _: "number", "words": lambda _: "word", "long": lambda _: "long"},
        when={
            "numbers": str.isdigit,
            "words": RunnableLambda(lambda text: text.isalpha()),
            "long": lambda text: len(text) > 3,
        },
        task="sort",
    )

    assert ask(route, mode, "12") == "number"
    assert ask(route, mode, "ab") == "word"
    assert ask(route, mode, "1a2b3c") == "long"
    with pytest.raises(InvalidRequest, match="no condition of numbers, words, long holds"):
        ask(route, mode, "1a")


async def test_a_condition_may_be_awaited() -> None:
    """A coroutine function, as `RunnableBranch` takes it."""

    async def is_code(text: str) -> bool:
        await asyncio.sleep(0)
        return "def" in text

    route = ZetaRunnable.from_branches((is_code, lambda _: "code"), lambda _: "chat")

    assert await route.ainvoke("def f()") == "code"
    assert await route.ainvoke("hello") == "chat"


@pytest.mark.parametrize("mode", MODES)
def test_from_branches_picks_as_runnable_branch_does(mode: str) -> None:
    """The first condition that holds decides, and no further one is asked; the default stands in when it fails."""
    asked: list[str] = []

    def holds(name: str, answer: bool) -> Any:
        def condition(_: Any) -> bool:
            asked.append(name)
            return answer

        return condition

    route = ZetaRunnable.from_branches(
        (holds("a", False), lambda _: "first"),
        (holds("b", True), lambda _: "second"),
        (holds("c", True), lambda _: "third"),
        lambda _: "default",
    )
    broken = ZetaRunnable.from_branches((lambda _: True, fails), lambda _: "default")

    assert ask(route, mode, "hello") == "second"
    assert asked == ["a", "b"]
    assert ask(broken, mode, "hello") == "default"


@pytest.mark.parametrize(
    ("branches", "says"),
    [
        ((), "at least one"),
        ((lambda _: 1,), "at least one"),
        (((lambda _: True,), lambda _: 1), r"must be a \(condition, runnable\) pair"),
    ],
)
def test_from_branches_says_what_is_wrong(branches: Any, says: str) -> None:
    """A way out in each error."""
    with pytest.raises(ConfigError, match=says):
        ZetaRunnable.from_branches(*branches)


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"branches": {}}, "at least one branch"),
        ({"branches": "upper"}, "must be a dict or a list"),
        ({"branches": {"a": str.upper, "A": str.lower}}, "case does not tell"),
        ({"branches": {"": str.upper}}, "must be a word"),
        ({"branches": {"a": str.upper}, "when": {"b": str.isalpha}}, "when names b"),
        ({"branches": {"a": str.upper}, "quality": {"b": 0.5}}, "quality names b"),
        ({"branches": {"a": str.upper}, "order": "random"}, "'learned' or 'declared'"),
        ({"branches": {"a": str.upper}, "router": ZetaDynamicRouter(["llama3.2:3b"], hosts=["gpu"])}, "branches only"),
    ],
)
def test_what_makes_no_route_is_refused(keywords: Any, says: str) -> None:
    """Each error names the field and the way out."""
    with pytest.raises(ConfigError, match=says):
        ZetaRunnable(keywords.pop("branches"), **keywords)


def test_the_quicker_branch_is_learned_and_left_when_it_slows_down() -> None:
    """Seconds of a clock by hand: what was said for models holds for chains."""
    clock = ManualClock()
    takes = {"agent": 6.0, "chain": 2.0}

    def branch(name: str) -> Any:
        def run(_: Any) -> str:
            clock.advance(takes[name])
            return name

        return run

    router = ZetaDynamicRouter([], policy=AlwaysWarm(PhaseTimes()), clock=clock, rng=7)
    route = ZetaRunnable({name: branch(name) for name in takes}, router=router, task="report")

    def served(times: int) -> Counter[str]:
        picks: Counter[str] = Counter()
        for _ in range(times):
            picks[route.invoke("go")] += 1
            clock.advance(1.0)
        return picks

    assert served(30)["chain"] >= 25
    takes["chain"] = 30.0
    assert served(30)["agent"] >= 20


def test_feedback_moves_the_traffic() -> None:
    """Thumbs by the decision's id, which the message carries."""
    clock = ManualClock()
    router = ZetaDynamicRouter([], policy=AlwaysWarm(PhaseTimes()), clock=clock, rng=7)
    models = {name: Told(model=name, replies=[name], clock=clock, takes=1.0) for name in ("good", "bad")}
    route = ZetaRunnable(models, router=router, task="report")

    picks: list[str] = []
    for _ in range(60):
        message = route.invoke("go")
        picks.append(str(message.content))
        score = 1.0 if message.content == "good" else 0.0
        route.router.feedback(message.response_metadata["zeta_branch"]["decision_id"], score)
        clock.advance(1.0)

    assert Counter(picks[30:])["good"] >= 25


@pytest.mark.parametrize("mode", MODES)
def test_a_message_says_which_branch_made_it(mode: str) -> None:
    """Beside what the branch's own model says of itself."""
    route = ZetaRunnable({"a": ChatPromptTemplate.from_template("{q}") | Told(replies=["one two"])})

    message = ask(route, mode, {"q": "hello"})

    assert message.content == "one two"
    assert message.response_metadata["model_name"] == "told:7b"
    assert message.response_metadata["zeta_branch"]["model"] == "a"


def test_a_batch_is_routed_input_by_input() -> None:
    """Each by its own conditions; errors are returned where that is wished."""
    route = ZetaRunnable({"number": int, "word": str.upper}, when={"number": str.isdigit, "word": str.isalpha})

    outputs = route.batch(["1", "a", "?"], return_exceptions=True)

    assert outputs[:2] == [1, "A"]
    assert isinstance(outputs[2], InvalidRequest)
    assert sorted(route.batch_as_completed(["1", "b"])) == [(0, 1), (1, "B")]


def test_in_the_middle_of_a_chain_it_streams() -> None:
    """`transform` gathers its input and streams the branch's output."""
    chain = (
        ChatPromptTemplate.from_template("{q}")
        | ZetaRunnable({"told": Told(replies=["one two three"])})
        | StrOutputParser()
    )

    assert [part for part in chain.stream({"q": "hi"}) if part] == ["one ", "two ", "three"]


def test_schemas_are_the_branches() -> None:
    """Of the first branch that tells one; config specs are everybody's."""
    prompt = ChatPromptTemplate.from_template("{question}")
    chain = prompt | Told() | StrOutputParser()
    route = ZetaRunnable({"a": chain, "b": RunnableLambda(str.upper)})

    assert route.get_input_jsonschema() == chain.get_input_jsonschema()
    assert route.get_output_jsonschema() == chain.get_output_jsonschema()
    assert route.OutputType is chain.OutputType
    assert route.InputType is chain.InputType
    assert route.config_specs == chain.config_specs


def test_the_task_is_told_found_or_computed() -> None:
    """A config wins over the argument, which wins over the text."""
    found = ZetaRunnable({"a": str.upper})
    told = ZetaRunnable({"a": str.upper}, task="report")
    computed = ZetaRunnable({"a": str.upper}, task=lambda text: text.split(":")[0])

    def task_of(route: ZetaRunnable[Any, Any], text: str, **configurable: Any) -> str:
        tasks: list[str] = []
        stop = route.router.subscribe(lambda e: tasks.append(e.decision.task) if isinstance(e, OutcomeSeen) else None)
        route.invoke(text, {"configurable": configurable})
        stop()
        return tasks[0]

    assert task_of(found, "```python\ndef f(x):\n    return x\n```\nFix this Python function") == "code"
    assert task_of(told, "hello") == "report"
    assert task_of(computed, "mail: hello") == "mail"
    assert task_of(computed, "mail: hello", zeta_task="spam") == "spam"


@pytest.mark.parametrize(
    "asked",
    [
        "Translate this into French",
        {"question": "Translate this into French", "n": 3},
        {"messages": [HumanMessage("Translate this into French"), AIMessage("oui")]},
        [("human", "Translate this into French")],
        [{"role": "user", "content": "Translate this into French"}],
        ChatPromptTemplate.from_template("Translate this into French").invoke({}),
        HumanMessage("Translate this into French"),
    ],
)
def test_the_text_of_any_input_tells_the_task(asked: Any) -> None:
    """Strings, prompts, messages in all forms, the state of an agent."""
    from zeta_langchain.runnable.inputs import text_in

    assert text_in(asked) == "Translate this into French"


def test_a_slip_is_refused() -> None:
    """Pydantic would drop it without a word, and with it what was wanted."""
    with pytest.raises(ConfigError, match=r"ZetaRunnable has no acept; did you mean accept\?"):
        ZetaRunnable([str.upper], acept=bool)


@pytest.mark.parametrize("asked", [None, 3, [], {}, {"n": 1}, [1]])
def test_an_input_without_text_is_no_trouble(asked: Any) -> None:
    """It is routed all the same."""
    assert ZetaRunnable({"a": lambda x: "ran"}).invoke(asked) == "ran"


@pytest.mark.parametrize("mode", MODES)
def test_a_copy_shares_what_was_learned(mode: str) -> None:
    """`deepcopy`, `model_copy`, `with_config`, `configurable_fields`: one router; a pickle is refused."""
    route = ZetaRunnable({"a": str.upper}, task="shout")
    watch = Watch(route)

    for variant in (copy.deepcopy(route), route.model_copy(), route.with_config(tags=["x"])):
        assert ask(variant, mode, "hi") == "HI"

    assert watch.ends == [("a", "ok")] * 3
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(route)
    assert repr(route) == "ZetaRunnable(a)"


@pytest.mark.parametrize("mode", MODES)
def test_two_routes_can_share_a_router(mode: str) -> None:
    """Each runs its own branches; one that both have is learned once."""
    router = ZetaDynamicRouter([])
    one = ZetaRunnable({"a": str.upper, "both": str.upper}, router=router, task="x")
    other = ZetaRunnable({"both": str.lower}, router=router, task="x")

    assert [ask(one, mode, "Hi") for _ in range(4)] == ["HI"] * 4
    assert [ask(other, mode, "Hi") for _ in range(4)] == ["hi"] * 4
    assert sorted(card.name for card in router.cards) == ["a", "both"]


def test_names_in_a_list_are_the_members_own() -> None:
    """Numbered where two have the same."""
    route = ZetaRunnable([RunnableLambda(str.upper, name="up"), RunnableLambda(str.lower, name="up"), Told()])

    assert list(route.branches) == ["up-1", "up-2", "Told"]


def test_a_deadline_ends_the_trying() -> None:
    """After it nobody's output is of use, and the error is the one that was seen."""
    clock = ManualClock()

    def slow(_: Any) -> str:
        clock.advance(10.0)
        raise RuntimeError("late")

    router = ZetaDynamicRouter([], clock=clock)
    route = ZetaRunnable({"a": slow, "b": slow}, router=router, task="x")
    watch = Watch(route)

    with pytest.raises(RuntimeError, match="late"):
        route.invoke("go", {"configurable": {"zeta_deadline": 5.0}})
    assert len(watch.ends) == 1


def test_an_outcome_tells_seconds_and_no_words() -> None:
    """Of a stream the first part, too."""
    clock = ManualClock()

    def parts(_: Any) -> Any:
        for word in ("one", "two"):
            clock.advance(2.0)
            yield word

    router = ZetaDynamicRouter([], clock=clock)
    route = ZetaRunnable({"a": RunnableLambda(parts)}, router=router, task="x")
    seen: list[Any] = []
    router.subscribe(lambda e: seen.append(e.outcome) if isinstance(e, OutcomeSeen) else None)

    list(route.stream("go"))

    assert (seen[0].fate, seen[0].timings.first_token, seen[0].timings.total) == (Fate.ok, 2.0, 4.0)
