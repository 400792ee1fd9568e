"""`ZetaModelMiddleware`: a model per step of an agent, alone and among other middleware."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents.middleware import HumanInTheLoopMiddleware, ModelFallbackMiddleware, ModelRetryMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from pydantic import BaseModel

from tests.langchain_more.agents import Pool, add, create_agent, run, said, who
from tests.langchain_more.asking import TWO, TWO_IN_CONTEXT, needs_context
from tests.langchain_more.fakes import Seen, Told, calls
from zeta_langchain import ChatZeta, ZetaModelMiddleware
from zeta_router import Choice, ConfigError, EveryAttemptFailed, ModelCard, NoCapableModel, Score, ZetaDynamicRouter
from zeta_router.runs import InOrder
from zeta_router.testing import ManualClock


class Broken(RuntimeError):
    """What a model raises here."""


@pytest.mark.parametrize("mode", TWO)
def test_each_step_has_a_model_and_says_which(mode: str) -> None:
    """Two steps and a tool between them; nothing is left in flight."""
    pool = Pool(Told(model="first", replies=[calls("add", a=1, b=2), "three"]), Told(model="second"))
    agent = create_agent(pool.llm, [add], middleware=[ZetaModelMiddleware(pool.llm)])

    state = run(agent, mode, "what is 1 + 2?")

    assert said(state) == "three"
    assert who(state) == ["first", "first"]
    assert (pool.ends, pool.in_flight) == ([("first", "ok")] * 2, 0)


@pytest.mark.parametrize("mode", TWO)
def test_a_model_that_fails_in_the_middle_is_replaced(mode: str) -> None:
    """The step goes on with the next one, the tool is not run again, and the loop stays with who answered."""
    first = Told(model="first", replies=[calls("add", a=1, b=2), Broken("dead")])
    second = Told(model="second", replies=[calls("add", _id="call-2", a=3, b=4), "seven"])
    pool = Pool(first, second)
    agent = create_agent(pool.llm, [add], middleware=[ZetaModelMiddleware(pool.llm)])

    state = run(agent, mode, "what is 1 + 2 + 4?")

    assert said(state) == "seven"
    assert who(state) == ["first", "second", "second"]
    assert pool.ends == [("first", "ok"), ("first", "error"), ("second", "ok"), ("second", "ok")]
    assert [m.content for m in state["messages"] if m.type == "tool"] == ["3", "7"]


@pytest.mark.parametrize("mode", TWO)
@pytest.mark.parametrize(
    ("reply", "fate"),
    [
        ("", "truncated"),
        (AIMessage("", invalid_tool_calls=[{"name": "add", "args": "{", "id": "x", "error": None}]), "invalid"),
        (calls("multiply", a=1), "invalid"),
    ],
)
def test_an_answer_of_no_use_is_asked_of_the_next(mode: str, reply: Any, fate: str) -> None:
    """Empty, a call that cannot be read, a tool that was not offered."""
    pool = Pool(Told(model="first", replies=[reply]), Told(model="second", replies=["two"]))
    agent = create_agent(pool.llm, [add], middleware=[ZetaModelMiddleware(pool.llm)])

    state = run(agent, mode, "hello")

    assert said(state) == "two"
    assert pool.ends == [("first", fate), ("second", "ok")]


@pytest.mark.parametrize("mode", TWO)
def test_when_all_fail_the_error_says_who_was_asked(mode: str) -> None:
    """One: its own error. Several: one error that names each."""
    one = Pool(Told(model="first", replies=[Broken("dead")]))
    two = Pool(Told(model="first", replies=[Broken("dead")]), Told(model="second", replies=[Broken("dead, too")]))

    with pytest.raises(Broken):
        run(create_agent(one.llm, middleware=[ZetaModelMiddleware(one.llm)]), mode, "hello")
    with pytest.raises(EveryAttemptFailed, match=r"first on told: Broken; second on told: Broken") as caught:
        run(create_agent(two.llm, middleware=[ZetaModelMiddleware(two.llm)]), mode, "hello")
    assert isinstance(caught.value.__cause__, Broken)


@pytest.mark.parametrize("mode", TWO)
def test_a_mistake_of_the_program_blames_nobody(mode: str) -> None:
    """Another model would raise it again."""
    pool = Pool(Told(model="first", replies=[TypeError("wrong code")]), Told(model="second"))

    with pytest.raises(TypeError):
        run(create_agent(pool.llm, middleware=[ZetaModelMiddleware(pool.llm)]), mode, "hello")
    assert pool.ends == [("first", "cancelled")]


def in_time() -> tuple[Pool, dict[str, float], Any]:
    """Return two models behind the default policy, the seconds they take by hand, and an agent of three steps."""
    clock = ManualClock(1_000.0)
    takes = {"quick": 0.1, "slow": 0.3}

    def replies(name: str) -> Any:
        def reply(messages: Any) -> Any:
            clock.advance(takes[name])
            done = sum(m.type == "tool" for m in messages)
            return "done" if done == 2 else calls("add", _id=f"call-{done}", a=done, b=2)

        return [reply]

    models = [Told(model=name, replies=replies(name)) for name in takes]
    pool = Pool(*models, router=ZetaDynamicRouter([], clock=clock, rng=7))
    return pool, takes, create_agent(pool.llm, [add], middleware=[ZetaModelMiddleware(pool.llm)])


class Restless(InOrder):
    """Prefers whoever did not serve last, by a tenth."""

    def __init__(self) -> None:
        self.last = ""

    def choose(self, request: Any, guess: Any, candidates: Any, *, now: float, rng: Any) -> Choice:
        scores = tuple(
            sorted((Score(c, 0.0 if c.model == self.last else 0.1) for c in candidates), key=lambda s: -s.utility)
        )
        return Choice(scores[0], scores, "the other one")

    def begin(self, decision: Any) -> None:
        self.last = decision.model


@pytest.mark.parametrize("mode", TWO)
@pytest.mark.parametrize(
    ("stickiness", "models"), [(0.2, ["first", "first", "first"]), (0.05, ["first", "second", "first"])]
)
def test_inside_a_tool_loop_it_stays(mode: str, stickiness: float, models: list[str]) -> None:
    """With the model that began the loop, unless another one is worth more by so much."""
    first, second = (
        Told(model=name, replies=[lambda m: "done" if len(m) > 4 else calls("add", _id=f"c{len(m)}", a=1, b=2)])
        for name in ("first", "second")
    )
    pool = Pool(first, second, router=ZetaDynamicRouter([], policy=Restless()))
    agent = create_agent(pool.llm, [add], middleware=[ZetaModelMiddleware(pool.llm, stickiness=stickiness)])

    assert who(run(agent, mode, "add")) == models


def test_a_person_who_speaks_ends_the_loop() -> None:
    """The next question is routed anew; so is one whose last answer was not stamped."""
    from zeta_langchain.middleware.pool import model_of_the_loop

    stamp = {"zeta": {"model": "first", "host": "told"}}
    answer = AIMessage("x", response_metadata=stamp)

    assert model_of_the_loop([HumanMessage("a"), answer]) == ("first", "told")
    assert model_of_the_loop([HumanMessage("a"), answer, HumanMessage("b")]) is None
    assert model_of_the_loop([HumanMessage("a"), AIMessage("x")]) is None
    assert model_of_the_loop([]) is None


@pytest.mark.parametrize("mode", TWO)
def test_a_loop_leaves_a_model_that_slows_down(mode: str) -> None:
    """Staying is worth something, not everything."""
    pool, takes, agent = in_time()
    for _ in range(8):
        run(agent, mode, "add")
    assert pool.ends[-1][0] == "quick"
    takes["quick"] = 60.0

    models = who(run(agent, mode, "add"))

    assert models[-3:] == ["quick", "slow", "slow"]


@pytest.mark.parametrize("mode", TWO)
@pytest.mark.parametrize("fallback_outside", [True, False])
def test_in_either_order_with_the_fallback_middleware(mode: str, fallback_outside: bool) -> None:
    """A pool whose only model is dead: the fallback's answer arrives, and is not credited to the dead one."""
    pool, spare = Pool(Told(model="first", replies=[Broken("dead")])), Told(model="spare", replies=["saved"])
    ours, theirs = ZetaModelMiddleware(pool.llm), ModelFallbackMiddleware(spare)
    agent = create_agent(pool.llm, middleware=[theirs, ours] if fallback_outside else [ours, theirs])

    state = run(agent, mode, "hello")

    assert said(state) == "saved"
    assert "zeta" not in state["messages"][-1].response_metadata
    assert pool.ends == [("first", "error")]
    assert spare.seen


@pytest.mark.parametrize("mode", TWO)
def test_a_fallback_that_is_one_of_the_pool_is_used_and_timed(mode: str) -> None:
    """Fallback outside: it insists on `second`, and gets it, though `first` would be picked."""
    second = Told(model="second", replies=[Broken("once"), "saved"])
    pool = Pool(Told(model="first", replies=[Broken("dead")]), second)
    agent = create_agent(pool.llm, middleware=[ModelFallbackMiddleware(second), ZetaModelMiddleware(pool.llm)])

    state = run(agent, mode, "hello")

    assert (said(state), who(state)) == ("saved", ["second"])
    assert pool.ends == [("first", "error"), ("second", "error"), ("second", "ok")]


@pytest.mark.parametrize("mode", TWO)
def test_with_a_retry_inside(mode: str) -> None:
    """`ModelRetryMiddleware` asks the same model again: one attempt, and its answer is its own."""
    pool = Pool(Told(model="first", replies=[Broken("once"), "again"]), Told(model="second"))
    retry = ModelRetryMiddleware(max_retries=1, initial_delay=0.0, jitter=False)
    agent = create_agent(pool.llm, middleware=[ZetaModelMiddleware(pool.llm), retry])

    assert said(run(agent, mode, "hello")) == "again"
    assert pool.ends == [("first", "ok")]


@pytest.mark.parametrize("mode", TWO)
def test_a_model_that_is_somebody_elses_choice_is_left_alone(mode: str) -> None:
    """Other middleware outside put it there after the first step."""
    from langchain.agents.middleware import AgentMiddleware

    stranger = Told(model="stranger", replies=["mine"])

    class Insists(AgentMiddleware[Any, Any, Any]):
        def wrap_model_call(self, request: Any, handler: Any) -> Any:
            return handler(request.override(model=stranger))

        async def awrap_model_call(self, request: Any, handler: Any) -> Any:
            return await handler(request.override(model=stranger))

    pool = Pool(Told(model="first"))
    insists, ours = Insists(), ZetaModelMiddleware(pool.llm)
    agent = create_agent(pool.llm, middleware=[insists, ours])

    assert said(run(create_agent(pool.llm, middleware=[ours]), mode, "hello")) == "one two three"
    assert said(run(agent, mode, "hello")) == "mine"
    assert pool.ends == [("first", "ok")]


@pytest.mark.parametrize("mode", TWO)
def test_an_agent_with_a_model_of_its_own_is_routed_too(mode: str) -> None:
    """Its model stands in only where no model of the pool can serve."""
    own = Told(model="own", replies=["own"])
    pool = Pool(Told(model="first", replies=["pool"]))
    unable = ChatZeta(
        {"deaf": Told(model="deaf")},
        router=ZetaDynamicRouter([ModelCard(name="deaf", host="told", capabilities=frozenset({"completion"}))]),
    )

    assert said(run(create_agent(own, [add], middleware=[ZetaModelMiddleware(pool.llm)]), mode, "hello")) == "pool"
    assert said(run(create_agent(own, [add], middleware=[ZetaModelMiddleware(unable)]), mode, "hello")) == "own"
    with pytest.raises(NoCapableModel):
        run(create_agent(unable, [add], middleware=[ZetaModelMiddleware(unable)]), mode, "hello")


@pytest.mark.parametrize("mode", TWO_IN_CONTEXT)
def test_a_model_can_be_pinned_by_the_config(mode: str) -> None:
    """`zeta_model`, as for a `ChatZeta`."""
    pool = Pool(Told(model="first"), Told(model="second"))
    agent = create_agent(pool.llm, middleware=[ZetaModelMiddleware(pool.llm)])

    state = run(agent, mode, "hello", {"configurable": {"zeta_model": "second"}})

    assert who(state) == ["second"]


class Sum(BaseModel):
    """A sum."""

    total: int


@pytest.mark.parametrize("mode", TWO)
def test_structured_output_off_its_schema_is_asked_of_the_next(mode: str) -> None:
    """With `ToolStrategy` a tool message follows the answer: the attempt is the model's all the same."""
    pool = Pool(
        Told(model="first", replies=[calls("Sum", total="many")]),
        Told(model="second", replies=[calls("Sum", total=3)]),
    )
    agent = create_agent(pool.llm, response_format=ToolStrategy(Sum), middleware=[ZetaModelMiddleware(pool.llm)])

    state = run(agent, mode, "1 + 2")

    assert state["structured_response"] == Sum(total=3)
    assert pool.ends == [("first", "invalid"), ("second", "ok")]


@pytest.mark.parametrize("mode", TWO)
@pytest.mark.parametrize("handle_errors", [True, False])
def test_structured_output_that_nobody_can_give_is_left_to_the_agent(mode: str, handle_errors: bool) -> None:
    """Its own loop asks again with the error; where it has none, the error is raised."""
    pool = Pool(Told(model="first", replies=[calls("Sum", total="many"), calls("Sum", _id="c2", total=3)]))
    strategy = ToolStrategy(Sum, handle_errors=handle_errors)
    agent = create_agent(pool.llm, [add], response_format=strategy, middleware=[ZetaModelMiddleware(pool.llm)])

    if handle_errors:
        assert run(agent, mode, "1 + 2")["structured_response"] == Sum(total=3)
        assert [fate for _, fate in pool.ends] == ["invalid", "ok"]
    else:
        with pytest.raises(Exception, match="Failed to parse structured output"):
            run(agent, mode, "1 + 2")
        assert [fate for _, fate in pool.ends] == ["invalid"]
    assert "many" not in str(pool.errors)


@pytest.mark.parametrize("mode", TWO_IN_CONTEXT)
def test_a_person_who_is_asked_is_nobodys_failure(mode: str) -> None:
    """`HumanInTheLoopMiddleware` stops between the model and the tool; approved, the loop goes on with its model."""
    pool = Pool(Told(model="first", replies=[calls("add", a=1, b=2), "three"]), Told(model="second"))
    agent = create_agent(
        pool.llm,
        [add],
        middleware=[ZetaModelMiddleware(pool.llm), HumanInTheLoopMiddleware(interrupt_on={"add": True})],
        checkpointer=InMemorySaver(),
    )
    thread = {"configurable": {"thread_id": "t"}}

    stopped = run(agent, mode, "what is 1 + 2?", thread)
    assert "__interrupt__" in stopped
    assert (pool.ends, pool.in_flight) == ([("first", "ok")], 0)

    state = run(agent, mode, Command(resume={"decisions": [{"type": "approve"}]}), thread)
    assert (said(state), who(state)) == ("three", ["first", "first"])


@pytest.mark.parametrize("mode", TWO_IN_CONTEXT)
def test_an_interrupt_inside_the_step_passes(mode: str) -> None:
    """Inner middleware asks a person before the model is called: no failure, no second model."""
    from langchain.agents.middleware import AgentMiddleware

    class Asks(AgentMiddleware[Any, Any, Any]):
        def wrap_model_call(self, request: Any, handler: Any) -> Any:
            interrupt("may I?")
            return handler(request)

        async def awrap_model_call(self, request: Any, handler: Any) -> Any:
            interrupt("may I?")
            return await handler(request)

    pool = Pool(Told(model="first"), Told(model="second"))
    agent = create_agent(pool.llm, middleware=[ZetaModelMiddleware(pool.llm), Asks()], checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "t"}}

    run(agent, mode, "hello", thread)
    assert (pool.ends, pool.in_flight) == ([("first", "cancelled")], 0)
    assert said(run(agent, mode, Command(resume="yes"), thread)) == "one two three"
    assert pool.ends[-1] == ("first", "ok")


@pytest.mark.parametrize("mode", TWO_IN_CONTEXT)
def test_a_subagent_is_routed_by_itself(mode: str) -> None:
    """An agent in a tool of another, both with one pool: each step is counted once, in its own loop."""
    second = Told(model="second", replies=[calls("add", a=1, b=2), "three"])
    pool = Pool(Told(model="first", replies=[calls("helper", question="1 + 2?"), "It is three."]), second)
    below = create_agent(second, [add], middleware=[ZetaModelMiddleware(pool.llm, name="below")])

    @tool
    async def helper(question: str) -> str:
        """Ask the helper."""
        state = await below.ainvoke({"messages": [("human", question)]}, {"configurable": {"zeta_model": "second"}})
        return said(state)

    @tool("helper")
    def sync_helper(question: str) -> str:
        """Ask the helper."""
        state = below.invoke({"messages": [("human", question)]}, {"configurable": {"zeta_model": "second"}})
        return said(state)

    above = create_agent(
        pool.llm,
        [sync_helper if mode == "sync" else helper],
        middleware=[ZetaModelMiddleware(pool.llm, name="above")],
    )

    state = run(above, mode, "go")

    assert said(state) == "It is three."
    assert [model for model, _ in pool.ends] == ["first", "second", "second", "first"]
    assert pool.in_flight == 0


@pytest.mark.parametrize("mode", TWO)
def test_runs_and_tokens_are_the_plain_models(mode: str) -> None:
    """No added model run, the same usage; the probe adds no callbacks of its own."""

    def seen_by(model: Any, middleware: list[Any]) -> tuple[int, Any]:
        handler, usage = Seen(), UsageMetadataCallbackHandler()
        run(create_agent(model, middleware=middleware), mode, "hello", {"callbacks": [handler, usage]})
        return len(handler.of("model")), usage.usage_metadata

    pool = Pool(Told(model="first"))

    assert seen_by(pool.llm, [ZetaModelMiddleware(pool.llm)]) == seen_by(Told(model="first"), [])


@needs_context
async def test_messages_mode_streams_each_token_once() -> None:
    """LangGraph's `stream_mode="messages"` through the middleware."""
    pool = Pool(Told(model="first", replies=["one two three"]))
    agent = create_agent(pool.llm, middleware=[ZetaModelMiddleware(pool.llm)])

    tokens = [
        chunk.content
        async for chunk, _ in agent.astream({"messages": [("human", "hi")]}, stream_mode="messages")
        if chunk.content
    ]

    assert tokens == ["one ", "two ", "three"]


async def test_cancelling_an_agent_blames_nobody() -> None:
    """And leaves nothing in flight."""
    pool = Pool(Told(model="first", hangs=True), Told(model="second"))
    agent = create_agent(pool.llm, middleware=[ZetaModelMiddleware(pool.llm)])

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(agent.ainvoke({"messages": [("human", "hi")]}), 0.1)
    assert (pool.ends, pool.in_flight) == ([("first", "cancelled")], 0)


def test_an_answer_from_inside_teaches_nothing() -> None:
    """Inner middleware that keeps answers asks no model."""
    from langchain.agents.middleware import AgentMiddleware

    class Keeps(AgentMiddleware[Any, Any, Any]):
        def wrap_model_call(self, request: Any, handler: Any) -> Any:
            return AIMessage("kept")

    pool = Pool(Told(model="first"))
    agent = create_agent(pool.llm, middleware=[ZetaModelMiddleware(pool.llm), Keeps()])

    assert said(run(agent, "sync", "hello")) == "kept"
    assert pool.ends == [("first", "cancelled")]


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"stickiness": -1}, "stickiness must be 0 or more"),
        ({"stickiness": float("nan")}, "stickiness must be 0 or more"),
        ({"temperature": 0}, "give temperature to the ChatZeta"),
    ],
)
def test_wrong_settings_are_refused(keywords: dict[str, Any], says: str) -> None:
    """By name and value."""
    with pytest.raises(ConfigError, match=says):
        ZetaModelMiddleware(Pool(Told()).llm, **keywords)


def test_it_makes_its_own_pool() -> None:
    """Of whatever a `ChatZeta` takes; two in one agent need two names."""
    one = ZetaModelMiddleware([Told(model="a")], name="one", temperature=0.5)

    assert one.name == "one"
    assert one.llm.temperature == 0.5
    assert said(run(create_agent(one.llm, middleware=[one]), "sync", "hello")) == "one two three"
