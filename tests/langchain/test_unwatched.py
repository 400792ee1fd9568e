"""A call that nobody watches is asked below the child's public methods: with the same answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.tools import tool

from tests.langchain.fakes import Told
from tests.langchain.parity import plain
from tests.langchain.world import MODES, InOrder, World, ask
from zeta_langchain import ChatZeta
from zeta_router import AnswerTruncated, ServerTimeout, ZetaDynamicRouter

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Rich(Told):
    """Says more than its text: what the generation was like, ids of its own, a last chunk that says so, blocks."""

    answer_id: str | None = None
    says_last: bool = False
    blocks: bool = False

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        result = super()._generate(messages, stop, run_manager, **kwargs)
        generation = result.generations[0]
        generation.message.id = self.answer_id
        generation.generation_info = {"finish": "stop", "stop": stop}
        return ChatResult(generations=[generation], llm_output={"server": "here"})

    def _chunks(self, messages: Any, kwargs: dict[str, Any]) -> Iterator[ChatGenerationChunk]:
        chunks = list(super()._chunks(messages, kwargs))
        for chunk in chunks:
            chunk.message.id = self.answer_id
            if self.blocks:
                chunk.message.content = [{"type": "text", "text": chunk.message.content, "index": 0}]
        chunks[-1].generation_info = {"finish": "stop", "model_name": "of the info"}
        if self.says_last:
            cast(AIMessageChunk, chunks[-1].message).chunk_position = "last"
        yield from chunks


class Blocking(Told):
    """Knows nothing of asyncio: LangChain runs it in threads."""

    streaming: bool = False

    _agenerate = BaseChatModel._agenerate
    _astream = BaseChatModel._astream


class Whole(Told):
    """Cannot stream."""

    _stream = BaseChatModel._stream
    _astream = BaseChatModel._astream


class Silent(Told):
    """Streams nothing at all."""

    def _chunks(self, messages: Any, kwargs: dict[str, Any]) -> Iterator[ChatGenerationChunk]:
        yield from ()


class Runless(Told):
    """Has no place for its run."""

    def _generate(self, messages: Any, stop: Any = None, *more: Any, **kwargs: Any) -> ChatResult:
        return super()._generate(messages, stop, None, **kwargs)

    async def _agenerate(self, messages: Any, stop: Any = None, **kwargs: Any) -> ChatResult:  # type: ignore[override]
        return await super()._agenerate(messages, stop, None, **kwargs)


class Twice(Told):
    """Gives two answers, and says more of both together."""

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        generations = [super(Twice, self)._generate(messages, stop).generations[0] for _ in range(2)]
        return ChatResult(generations=generations, llm_output={"server": "here"})


class Finishing(Told):
    """Finishes its answers itself."""

    def _generate_with_cache(self, *args: Any, **kwargs: Any) -> ChatResult:
        result = super()._generate_with_cache(*args, **kwargs)
        result.generations[0].message.content = "finished"
        return result

    async def _agenerate_with_cache(self, *args: Any, **kwargs: Any) -> ChatResult:
        result = await super()._agenerate_with_cache(*args, **kwargs)
        result.generations[0].message.content = "finished"
        return result


KINDS: dict[str, Callable[[], Told]] = {
    "plain": Told,
    "rich": Rich,
    "with ids": lambda: Rich(answer_id="mine"),
    "that says what is last": lambda: Rich(says_last=True),
    "with blocks": lambda: Rich(blocks=True),
    "blocking": Blocking,
    "streaming inside": lambda: Blocking(streaming=True),
    "told not to stream": lambda: Blocking(streaming=False, disable_streaming=True),
    "without streams": Whole,
    "with tags and metadata": lambda: Told(tags=["a"], metadata={"b": 1}),
    "with an empty list of callbacks": lambda: Told(callbacks=[]),
    "with a cache": lambda: Told(cache=InMemoryCache()),
    "without a place for its run": Runless,
    "with two answers": Twice,
    "that finishes its answers": Finishing,
    "with the older blocks": lambda: Told(output_version="v0"),
}
PROMPTS: dict[str, Any] = {
    "a text": "x is 4",
    "messages": [SystemMessage("be short"), HumanMessage("x is 4")],
    "tuples": [("system", "be short"), ("human", "x is 4")],
    "a picture": [
        HumanMessage(
            [
                {"type": "text", "text": "see"},
                {"type": "image", "source_type": "base64", "mime_type": "image/png", "data": "eHg="},
            ]
        )
    ],
}


async def parts_of(llm: Any, mode: str, prompt: Any, **kwargs: Any) -> list[str]:
    """Return the parts of an answer as text, without ids and the stamp."""
    if mode == "invoke":
        parts = [llm.invoke(prompt, **kwargs)]
    elif mode == "ainvoke":
        parts = [await llm.ainvoke(prompt, **kwargs)]
    elif mode == "stream":
        parts = list(llm.stream(prompt, **kwargs))
    else:
        parts = [part async for part in llm.astream(prompt, **kwargs)]
    return [repr(plain(part)) for part in parts]


def without_ids(lines: list[str]) -> list[str]:
    """Return lines with a sign for each id of a run."""
    return [_UUID.sub("#", line) for line in lines]


def ids(lines: list[str]) -> set[str]:
    """Return the ids of runs in lines."""
    return {found[0] for found in _UUID.finditer("".join(lines))}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("kind", "prompt"), [*((kind, "a text") for kind in KINDS), *(("rich", p) for p in PROMPTS)])
async def test_the_answer_is_the_models_own(kind: str, prompt: str, mode: str) -> None:
    """Part by part, with ids, metadata and usage, as the model gives it when it is asked without a router."""
    alone, child = KINDS[kind](), KINDS[kind]()
    llm = ChatZeta([child], router=ZetaDynamicRouter([], policy=InOrder()))

    for _ in range(2):  # the second one may come from a cache
        expected = await parts_of(alone, mode, PROMPTS[prompt], stop=["END"])
        shown = await parts_of(llm, mode, PROMPTS[prompt], stop=["END"])
        assert without_ids(shown) == without_ids(expected)
        assert len(ids(shown)) == len(ids(expected))
    assert (child.asked, child.seen) == (alone.asked, alone.seen)
    assert alone.told != []
    assert child.told == []


@tool
def magic(number: int) -> int:
    """Do magic with a number."""
    return number + 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["plain", "rich", "without streams", "with a cache"])
async def test_with_tools_the_answer_is_the_models_own(kind: str, mode: str) -> None:
    """The child binds them by its own method, and is then asked below, too."""
    alone, child = KINDS[kind](), KINDS[kind]()
    llm = ChatZeta([child])

    expected = await parts_of(alone.bind_tools([magic], tool_choice="magic"), mode, "x is 4", stop=["END"])
    shown = await parts_of(llm.bind_tools([magic], tool_choice="magic"), mode, "x is 4", stop=["END"])

    assert without_ids(shown) == without_ids(expected)
    assert (child.asked, child.seen) == (alone.asked, alone.seen)
    assert "magic" in str(child.seen)
    assert alone.told != []
    assert child.told == []


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_without_a_chunk_is_an_error(mode: str) -> None:
    """The same error as LangChain's; it means an answer that ended before it began."""
    with pytest.raises(ValueError, match="No generation chunks were returned") as alone:
        ask(Silent(), mode)
    child = Silent()

    with pytest.raises(AnswerTruncated) as routed:
        ask(ChatZeta([child]), mode)

    assert repr(routed.value.__cause__) == repr(alone.value)
    assert child.told == []


class Counting(BaseRateLimiter):
    """Counts who waits."""

    def __init__(self) -> None:
        self.waited = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        self.waited += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [Told, Whole, Blocking])
def test_the_childs_rate_limiter_is_asked_once(kind: Any, mode: str) -> None:
    """As `invoke` and `stream` ask it."""
    limiter = Counting()
    child = kind(rate_limiter=limiter)

    ask(ChatZeta([child]), mode)

    assert (limiter.waited, child.told) == (1, [])


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_the_run_that_the_model_sees_has_tags_and_metadata(mode: str) -> None:
    """A model may send them along; the config's and its own, and an id that becomes its message's."""
    child = Told(tags=["own"], metadata={"mine": 1})

    message = ask(ChatZeta([child]), mode, config={"tags": ["t"], "metadata": {"user": "u"}})

    (run,) = [run for run in child.runs if run is not None]
    assert (run.tags, run.handlers) == (["t", "own"], [])
    assert (run.metadata["user"], run.metadata["mine"]) == ("u", 1)
    assert message.id == f"lc_run--{run.run_id}-0"


class Talking(Blocking):
    """Tells its run of tokens while it makes a whole answer, as `ChatOllama` does, and takes its time."""

    seconds: Any = None

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        for word in ("one ", "two"):
            self.seconds()
            run_manager.on_llm_new_token(word)
        return super()._generate(messages, stop, run_manager, **kwargs)


class Clock:
    """A clock that goes on by a second, when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def tick(self) -> None:
        self.now += 1.0


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_tokens_inside_a_whole_answer_are_seen(mode: str) -> None:
    """Its first token is timed, and the deadline ends it; also where LangChain asks a blocking model in a thread."""
    clock = Clock()
    router = ZetaDynamicRouter([], policy=InOrder(), clock=clock)
    child = Talking(seconds=clock.tick)
    llm = ChatZeta([child], router=router)

    message = ask(llm, mode)
    assert message.response_metadata["zeta"]["first_token_s"] == 1.0
    with pytest.raises(ServerTimeout):
        ask(llm, mode, config={"configurable": {"zeta_deadline": 1.5}})

    assert child.told == []
    assert len(child.runs) == 1


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_the_deadline_ends_a_stream(mode: str) -> None:
    """At the chunk that comes too late."""
    clock = Clock()

    class Slow(Told):
        def _chunks(self, messages: Any, kwargs: dict[str, Any]) -> Iterator[ChatGenerationChunk]:
            for chunk in super()._chunks(messages, kwargs):
                clock.tick()
                yield chunk

    child = Slow()
    llm = ChatZeta([child], router=ZetaDynamicRouter([], policy=InOrder(), clock=clock))

    with pytest.raises(ServerTimeout):
        ask(llm, mode, config={"configurable": {"zeta_deadline": 2.5}})

    assert child.told == []


async def test_a_call_that_nobody_watches_still_lets_others_run() -> None:
    """The child's own waiting is what it was: two calls go on side by side."""
    llm = World().llm

    answers = await asyncio.gather(*(llm.ainvoke("hello") for _ in range(3)))

    assert [answer.content for answer in answers] == ["one two three four"] * 3
