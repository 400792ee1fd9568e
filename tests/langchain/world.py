"""What tests of `ChatZeta` share: two scripted models behind one router, in a known order, and four ways to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk

from tests.langchain.fakes import Scripted
from zeta_langchain import ChatZeta
from zeta_router import Candidate, Choice, Decision, Outcome, OutcomeSeen, Request, Score, ZetaDynamicRouter
from zeta_router.policies.base import Belief
from zeta_router.tasks import TaskGuess

MODES = ["invoke", "ainvoke", "stream", "astream"]


class InOrder:
    """A policy that picks the first candidate that is left, in the order they joined."""

    def choose(
        self, request: Request, guess: TaskGuess, candidates: Sequence[Candidate], *, now: float, rng: Random
    ) -> Choice:
        scores = tuple(Score(candidate, 0.0) for candidate in candidates)
        return Choice(scores[0], scores, "the first in order")

    def begin(self, decision: Decision) -> None: ...

    def learn(self, decision: Decision, outcome: Outcome, *, now: float) -> Sequence[Any]:
        return ()

    def feedback(self, decision: Decision, score: float, *, now: float) -> None: ...

    def beliefs(self, *, now: float) -> Sequence[Belief]:
        return ()


class World:
    """Scripted models `first` and `second` behind one `ChatZeta`, and the outcomes so far."""

    def __init__(self, first: Scripted | None = None, **fields: Any) -> None:
        self.first = first if first is not None else Scripted(model="first:7b", text="one two three four")
        self.second = Scripted(model="second:3b", text="uno dos")
        self.router = ZetaDynamicRouter([], policy=InOrder())
        self.outcomes: list[Outcome] = []
        self.router.subscribe(
            lambda event: self.outcomes.append(event.outcome) if isinstance(event, OutcomeSeen) else None
        )
        self.llm = ChatZeta([self.first, self.second], router=self.router, **fields)

    @property
    def fates(self) -> list[str]:
        """How each attempt ended, in order."""
        return [outcome.fate.value for outcome in self.outcomes]

    @property
    def in_flight(self) -> int:
        """Attempts that run now."""
        return self.router.snapshot().in_flight


def ask(llm: Any, mode: str, prompt: Any = "hello", config: Any = None, **kwargs: Any) -> Any:
    """Ask in one of the four modes; the chunks of a stream are added up."""
    if mode == "invoke":
        return llm.invoke(prompt, config, **kwargs)
    if mode == "ainvoke":
        return asyncio.run(llm.ainvoke(prompt, config, **kwargs))
    chunks = (
        list(llm.stream(prompt, config, **kwargs))
        if mode == "stream"
        else asyncio.run(_all(llm, prompt, config, kwargs))
    )
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    return total


async def _all(llm: Any, prompt: Any, config: Any, kwargs: dict[str, Any]) -> list[Any]:
    return [chunk async for chunk in llm.astream(prompt, config, **kwargs)]


class Recorder(BaseCallbackHandler):
    """Writes down which runs began and how they ended, and under which run."""

    run_inline = True

    def __init__(self) -> None:
        self.began: list[tuple[str, Any, Any]] = []
        self.ended: list[str] = []
        self.tokens: list[str] = []
        self.serialized: list[Any] = []
        self.options: list[Any] = []

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ) -> None:
        self.began.append((f"chain {kwargs.get('name')}", run_id, parent_run_id))

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
        self.ended.append("chain end")

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.ended.append(f"chain {type(error).__name__}")

    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ) -> None:
        self.began.append(("model", run_id, parent_run_id))
        self.serialized.append((serialized, kwargs))
        self.options.append(kwargs.get("options"))

    def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.tokens.append(str(token))

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ended.append("model end")

    def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        self.ended.append(f"model {type(error).__name__}")

    def runs(self, kind: str) -> list[tuple[str, Any, Any]]:
        """Return the runs of one kind."""
        return [run for run in self.began if run[0].startswith(kind)]


def zeta(message: AIMessage | AIMessageChunk) -> dict[str, Any]:
    """Return what a message says of who gave it."""
    found: dict[str, Any] = message.response_metadata["zeta"]
    return found
