"""`ZetaToolMiddleware`: one of several tools for a job, a few of many tools, and no call of a hidden one."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool, ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt

from tests.langchain_more.agents import add, create_agent, run, said
from tests.langchain_more.asking import TWO, TWO_IN_CONTEXT
from tests.langchain_more.fakes import Told, calls
from zeta_langchain import ZetaToolMiddleware
from zeta_langchain.middleware.tool_selection import ToolSelection, words_in
from zeta_router import ConfigError, InvalidRequest, OutcomeSeen, PhaseTimes, ZetaDynamicRouter
from zeta_router.runs import AlwaysWarm, InOrder
from zeta_router.testing import ManualClock


def made(name: str, does: Any, **keywords: Any) -> BaseTool:
    """Return a tool that looks for something; `does` takes the query."""

    def search(query: str) -> Any:
        return does(query)

    async def asearch(query: str) -> Any:
        return does(query)

    return StructuredTool.from_function(
        search, asearch, name=name, description=f"Search the web by {name}.", **keywords
    )


def raises(error: Exception) -> Any:
    def does(_: str) -> str:
        raise error

    return does


def in_order(*tools: BaseTool, **keywords: Any) -> tuple[ZetaToolMiddleware, list[tuple[str, str]]]:
    """Return middleware that tries tools in their order, and what became of each call."""
    middleware = ZetaToolMiddleware(alternatives=[tools], router=ZetaDynamicRouter([], policy=InOrder()), **keywords)
    ends: list[tuple[str, str]] = []
    middleware.router.subscribe(
        lambda e: ends.append((e.decision.model, e.outcome.fate.value)) if isinstance(e, OutcomeSeen) else None
    )
    return middleware, ends


def asks(name: str = "search", **args: Any) -> Told:
    """Return a model that calls a tool once, then ends."""
    return Told(replies=[lambda m: "done" if m[-1].type == "tool" else calls(name, **(args or {"query": "cats"}))])


def results(state: dict[str, Any]) -> list[ToolMessage]:
    return [message for message in state["messages"] if isinstance(message, ToolMessage)]


@pytest.mark.parametrize("mode", TWO)
def test_the_model_sees_one_tool_of_a_job(mode: str) -> None:
    """The first one, which the middleware brings along; the result says which one ran."""
    middleware, ends = in_order(made("search", str.upper), made("other", str.lower))
    model = asks()

    state = run(create_agent(model, middleware=[middleware]), mode, "go")

    assert model.tools_seen == [["search"]] * 2
    (result,) = results(state)
    assert (result.content, result.name, result.response_metadata["zeta"]["model"]) == ("CATS", "search", "search")
    assert ends == [("search", "ok")]
    assert middleware.router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", TWO)
@pytest.mark.parametrize(
    "fails",
    [
        {"does": raises(RuntimeError("down: secret"))},
        {"does": raises(ToolException("down: secret")), "handle_tool_error": True},
    ],
)
def test_another_tool_takes_over_in_the_same_step(mode: str, fails: dict[str, Any]) -> None:
    """Raised or returned as an error: the model sees the good result, under the name that it called."""
    middleware, ends = in_order(made("search", **fails), made("other", str.lower))
    model = asks()

    state = run(create_agent(model, middleware=[middleware]), mode, "go")

    (result,) = results(state)
    assert (result.content, result.name, result.status) == ("cats", "search", "success")
    assert ends == [("search", "error"), ("other", "ok")]
    assert len(model.seen) == 2


@pytest.mark.parametrize("mode", TWO)
def test_when_all_fail_the_first_error_counts(mode: str) -> None:
    """An error that a tool returned is shown to the model; else the first that was raised leaves."""
    told, ends = in_order(
        made("search", raises(RuntimeError("first"))),
        made("other", raises(ToolException("no")), handle_tool_error=True),
    )
    raised, _ = in_order(made("search", raises(RuntimeError("first"))), made("other", raises(KeyError("second"))))

    (result,) = results(run(create_agent(asks(), middleware=[told]), mode, "go"))
    assert (result.content, result.status, result.name) == ("no", "error", "search")
    assert ends == [("search", "error"), ("other", "error")]
    with pytest.raises(RuntimeError, match="first"):
        run(create_agent(asks(), middleware=[raised]), mode, "go")


@pytest.mark.parametrize("mode", TWO)
def test_a_result_of_no_use_is_asked_of_the_next(mode: str) -> None:
    """And if nobody finds anything, nothing is what the model sees."""
    empty = made("search", lambda _: "")
    middleware, ends = in_order(empty, made("other", str.lower), useful=lambda m: bool(m.content))
    nothing, _ = in_order(empty, made("other", lambda _: ""), useful=lambda m: bool(m.content))

    assert [m.content for m in results(run(create_agent(asks(), middleware=[middleware]), mode, "go"))] == ["cats"]
    assert ends == [("search", "invalid"), ("other", "ok")]
    assert [m.content for m in results(run(create_agent(asks(), middleware=[nothing]), mode, "go"))] == [""]


@pytest.mark.parametrize("mode", TWO)
def test_arguments_that_do_not_fit_are_the_models_fault(mode: str) -> None:
    """It sees the error and may try again; no tool is blamed, no other one is asked."""
    middleware, ends = in_order(made("search", str.upper), made("other", str.lower))
    model = asks(wrong="cats")

    state = run(create_agent(model, middleware=[middleware]), mode, "go")

    (result,) = results(state)
    assert result.status == "error"
    assert "Please fix the error" in str(result.content)
    assert ends == [("search", "cancelled")]


def test_the_quicker_tool_is_learned_and_left_when_it_slows_down_or_fails() -> None:
    """By a clock by hand: latency, then failures, move the calls."""
    clock = ManualClock(1_000.0)
    takes = {"search": 6.0, "other": 2.0}
    broken: set[str] = set()

    def does(name: str) -> Any:
        def run_it(_: str) -> str:
            clock.advance(takes[name])
            if name in broken:
                raise RuntimeError("down")
            return name

        return run_it

    router = ZetaDynamicRouter([], policy=AlwaysWarm(PhaseTimes()), clock=clock, rng=7)
    middleware = ZetaToolMiddleware(alternatives=[[made(name, does(name)) for name in takes]], router=router)
    agent = create_agent(asks(), middleware=[middleware])

    def served(times: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for _ in range(times):
            found[str(results(run(agent, "sync", "go"))[-1].content)] += 1
            clock.advance(1.0)
        return found

    assert served(20)["other"] >= 15
    takes["other"] = 40.0
    assert served(20)["search"] >= 12
    takes["other"] = 2.0
    broken.add("search")
    assert served(20)["other"] == 20
    assert router.performance_metrics["search"].calls > 0


def test_usefulness_moves_the_calls() -> None:
    """Scores between 0 and 1 are opinions; so is `router.feedback` by the id in the result."""
    clock = ManualClock(1_000.0)

    def does(answer: str) -> Any:
        def run_it(_: str) -> str:
            clock.advance(1.0)
            return answer

        return run_it

    router = ZetaDynamicRouter([], policy=AlwaysWarm(PhaseTimes()), clock=clock, rng=7)
    middleware = ZetaToolMiddleware(
        alternatives=[[made("search", does("poor")), made("other", does("rich"))]],
        useful=lambda m: 0.95 if m.content == "rich" else 0.1,
        router=router,
    )
    agent = create_agent(asks(), middleware=[middleware])

    found = [results(run(agent, "sync", "go"))[-1] for _ in range(60)]

    assert [m.content for m in found[-10:]] == ["rich"] * 10
    router.feedback(found[-1].response_metadata["zeta"]["decision_id"], 1.0)


@pytest.mark.parametrize("mode", TWO)
def test_other_tools_are_timed_as_well(mode: str) -> None:
    """No alternatives, no limit: the calls are measured, and nothing else changes."""
    middleware = ZetaToolMiddleware()
    model = asks("add", a=1, b=2)

    state = run(create_agent(model, [add], middleware=[middleware]), mode, "go")

    assert [m.content for m in results(state)] == ["3"]
    assert middleware.router.performance_metrics["add"].calls == 1
    assert "zeta_hidden_tools" not in state["messages"][1].response_metadata


@pytest.mark.parametrize("mode", TWO)
def test_a_tool_that_nobody_knows_is_left_to_the_agent(mode: str) -> None:
    """LangGraph tells the model which tools there are."""
    state = run(create_agent(asks("nonsense"), [add], middleware=[ZetaToolMiddleware()]), mode, "go")

    (result,) = results(state)
    assert "not a valid tool" in str(result.content)


@pytest.mark.parametrize("mode", TWO)
def test_a_tool_may_return_a_command(mode: str) -> None:
    """It is handed on as it is."""

    @tool
    def remember(query: str) -> Any:
        """Remember something."""
        return Command(update={"messages": [ToolMessage("kept", tool_call_id="call-1")]})

    state = run(create_agent(asks("remember"), [remember], middleware=[ZetaToolMiddleware()]), mode, "go")

    assert [m.content for m in results(state)] == ["kept"]


@pytest.mark.parametrize("mode", TWO)
def test_a_person_who_is_asked_inside_a_tool_is_nobodys_failure(mode: str) -> None:
    """The tool that asked goes on with the answer, though another one would be picked by then."""
    ran: list[str] = []

    def does(query: str) -> str:
        ran.append("search")
        return f"{query} by {interrupt('whose?')}"

    clock = ManualClock(1_000.0)
    router = ZetaDynamicRouter([], policy=AlwaysWarm(PhaseTimes()), clock=clock, rng=7)
    middleware = ZetaToolMiddleware(
        alternatives=[[made("search", does), made("other", lambda _: ran.append("other") or "other")]], router=router
    )
    agent = create_agent(asks(), middleware=[middleware], checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "t"}}

    assert "__interrupt__" in run(agent, mode, "go", thread)
    for attempt in router.plan(_request(), model="search"):  # meanwhile it became slow
        with attempt:
            clock.advance(600.0)
            attempt.settle(_slow())
    state = run(agent, mode, Command(resume="Kim"), thread)

    assert [m.content for m in results(state)] == ["cats by Kim"]
    assert ran == ["search", "search"]
    assert router.snapshot().in_flight == 0


def _request() -> Any:
    from zeta_router.runs import run_request

    return run_request(task="search")


def _slow() -> Any:
    from zeta_router import Fate
    from zeta_router.runs import run_outcome

    return run_outcome(Fate.error, seconds=600.0, error="slow")


@pytest.mark.parametrize("mode", TWO_IN_CONTEXT)
def test_a_person_approves_the_name_that_the_model_called(mode: str) -> None:
    """`HumanInTheLoopMiddleware` knows the job by the one name that is seen."""
    middleware, ends = in_order(made("search", raises(RuntimeError("down"))), made("other", str.lower))
    agent = create_agent(
        asks(),
        middleware=[middleware, HumanInTheLoopMiddleware(interrupt_on={"search": True})],
        checkpointer=InMemorySaver(),
    )
    thread = {"configurable": {"thread_id": "t"}}

    run(agent, mode, "go", thread)
    assert ends == []
    state = run(agent, mode, Command(resume={"decisions": [{"type": "approve"}]}), thread)

    assert [m.content for m in results(state)] == ["cats"]


async def test_cancelling_leaves_nothing_in_flight() -> None:
    """A tool that never ends, given up."""

    async def never(query: str) -> str:
        await asyncio.Event().wait()
        return query

    hanging = StructuredTool.from_function(coroutine=never, name="search", description="Search.")
    middleware, ends = in_order(hanging, made("other", str.lower))
    agent = create_agent(asks(), middleware=[middleware])

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(agent.ainvoke({"messages": [("human", "go")]}), 0.1)
    assert (ends, middleware.router.snapshot().in_flight) == ([("search", "cancelled")], 0)


# -- a few of many tools ---------------------------------------------------------------------------------------------


@tool
def get_weather(city: str) -> str:
    """Tell the weather forecast of a city: temperature, rain, wind."""
    return f"sunny in {city}"


@tool
def send_email(to: str, body: str) -> str:
    """Send an email to somebody."""
    return "sent"


@tool
def convertCurrency(amount: float, to: str) -> str:
    """Convert an amount of money from one currency into another."""
    return "converted"


@tool
def book_flight(origin: str, destination: str) -> str:
    """Book a flight between two airports."""
    return "booked"


@tool
def delete_everything() -> str:
    """Delete all files for ever."""
    raise AssertionError("it ran")


MANY = [delete_everything, get_weather, send_email, convertCurrency, book_flight]


@pytest.mark.parametrize("mode", TWO)
@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Will it rain in Paris tomorrow?", "get_weather"),
        ("Write Kim an e-mail: I am late. Send it.", "send_email"),
        ("How many euros are 20 dollars in our currency?", "convertCurrency"),
        ("I need flights to Oslo", "book_flight"),
    ],
)
def test_the_tools_that_fit_the_question_are_shown(mode: str, question: str, name: str) -> None:
    """By the words of name, description and arguments, whatever their endings; no model is asked."""
    model = Told(replies=["done"])
    middleware = ZetaToolMiddleware(limit=2, always=["add"])

    run(create_agent(model, [*MANY, add], middleware=[middleware]), mode, question)

    (shown,) = model.tools_seen
    assert name in shown
    assert "add" in shown
    assert len(shown) == 3


@pytest.mark.parametrize("mode", TWO)
def test_a_hidden_tool_is_refused(mode: str) -> None:
    """LangChain hides a tool from the model and would run it all the same."""
    model = Told(replies=[calls("delete_everything"), "sorry"])
    middleware = ZetaToolMiddleware(limit=1)

    state = run(create_agent(model, MANY, middleware=[middleware]), mode, "What is the weather in Rome?")

    (result,) = results(state)
    assert (result.status, said(state)) == ("error", "sorry")
    assert "not available now" in str(result.content)
    assert "delete_everything" in state["messages"][1].response_metadata["zeta_hidden_tools"]


@pytest.mark.parametrize("mode", TWO)
def test_an_alternative_that_is_hidden_is_refused_too(mode: str) -> None:
    """Its job is known by another name, even if the agent was given both."""
    first, second = made("search", str.upper), made("other", str.lower)
    middleware, ends = in_order(first, second)
    model = asks("other")

    state = run(create_agent(model, [first, second], middleware=[middleware]), mode, "go")

    assert model.tools_seen == [["search"]] * 2
    assert results(state)[0].status == "error"
    assert ends == []


@pytest.mark.parametrize("mode", TWO)
def test_inside_a_loop_the_tools_stay(mode: str) -> None:
    """The same prompt, the same cache; what was called stays for the next question of the person only if it fits."""
    model = Told(replies=[calls("get_weather", city="Rome"), calls("get_weather", _id="c2", city="Oslo"), "sunny"])
    agent = create_agent(model, MANY, middleware=[ZetaToolMiddleware(limit=2)])

    run(agent, mode, "Compare the weather in Rome and Oslo")

    assert model.tools_seen[0] == model.tools_seen[1] == model.tools_seen[2]


def test_what_is_called_is_shown_more() -> None:
    """A question whose words tell nothing: the tool that such questions called comes first."""
    selection = ToolSelection(2)
    tools: list[Any] = MANY
    before = selection.hidden(tools, "xyzzy", "chat", called=())

    for _ in range(5):
        selection.note("chat", shown=["book_flight"], called=["book_flight"])
        selection.note("chat", shown=["delete_everything"], called=[])

    assert "book_flight" in before
    assert "book_flight" not in selection.hidden(tools, "xyzzy", "chat", called=())
    assert selection.hidden(tools, "xyzzy", "code", called=()) == before


def test_what_was_called_stays_and_takes_room() -> None:
    """The limit holds for all but those always shown."""
    tools: list[Any] = MANY
    hidden = ToolSelection(2, always=["send_email"]).hidden(
        tools, "weather", "chat", called=["book_flight", "send_email"]
    )

    assert hidden == ["convertCurrency", "delete_everything"]


def test_kinds_of_questions_are_bounded() -> None:
    """Own task words without end do not fill the memory."""
    selection = ToolSelection(1)
    for number in range(500):
        selection.note(f"kind {number}", shown=["a"], called=[])

    assert len(selection._kinds) <= 65


def test_words_share_a_stem() -> None:
    """Snake and camel case, plurals, common words left out, any script."""
    assert words_in("getWeather forecasts") == words_in("the weather_forecast")
    assert words_in("погода в Москве") == {"погода", "москве"}
    assert words_in("what is the") == frozenset()


@pytest.mark.parametrize("mode", TWO)
def test_a_providers_own_tool_is_kept(mode: str) -> None:
    """Dict tools have no words we know."""
    native = {"type": "function", "function": {"name": "native", "description": "", "parameters": {}}}
    model = Told(replies=["done"])

    run(create_agent(model, [*MANY, native], middleware=[ZetaToolMiddleware(limit=1)]), mode, "weather")

    assert model.tools_seen == [["get_weather", "native"]]


def test_a_call_from_before_is_allowed() -> None:
    """A message without a mark was not made under this middleware."""
    state = {
        "messages": [HumanMessage("go"), AIMessage("", tool_calls=calls("add", a=1, b=2).tool_calls)],
    }
    middleware = ZetaToolMiddleware(limit=1)
    agent = create_agent(Told(replies=["done"]), [add, *MANY], middleware=[middleware])

    assert said(run(agent, "sync", state)) == "done"


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"alternatives": [[add]]}, "two tools or more"),
        ({"alternatives": [add]}, "must be lists of tools"),
        ({"alternatives": [[add, add]]}, "twice"),
        ({"alternatives": [[get_weather, book_flight]]}, "needs origin, destination, which get_weather does not take"),
        ({"limit": 0}, "limit must be"),
        ({"limit": True}, "limit must be"),
        ({"always": "add"}, "list of names"),
        ({"router": ZetaDynamicRouter(["llama3.2:3b"], hosts=["gpu"])}, "tools only"),
        ({"objective": "cheapest"}, "objective must be one of"),
    ],
)
def test_wrong_settings_are_refused(keywords: dict[str, Any], says: str) -> None:
    """By name, value and way out."""
    with pytest.raises(ConfigError, match=says):
        ZetaToolMiddleware(**keywords)


def test_an_opinion_that_is_none_is_refused() -> None:
    """`useful` must return a number in [0, 1]."""
    middleware, _ = in_order(made("search", str.upper), made("other", str.lower), useful=lambda m: 3.0)

    with pytest.raises(InvalidRequest, match="useful must return"):
        run(create_agent(asks(), middleware=[middleware]), "sync", "go")
