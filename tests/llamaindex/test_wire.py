"""What reaches the server: one context, `think=False`, a client for every event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest
from llama_index.llms.ollama import Ollama
from pydantic import Field

from tests.llamaindex.fakes import InOrder, ask, in_flight, plain_ollama, text_of
from tests.llamaindex.greeter import NOBODY, Greeter
from tests.llamaindex.two_tools import MODELS
from zeta_llamaindex import ChildSettings, ZetaLLM
from zeta_llamaindex.children import Child
from zeta_router import Limits
from zeta_router.simulator import SimulatedOllama


def test_every_call_sends_the_same_context(greeting: SimulatedOllama) -> None:
    """The model is loaded once, with the router's context, and never again for another method."""
    # Kept in memory for good: five simulated minutes pass while this machine does something else.
    kept = ChildSettings(keep_alive=-1)
    llm = ZetaLLM(models=["qwen3:8b"], hosts=[greeting.url], limits=Limits(context=4096), children=kept)
    loads = []
    llm.router.subscribe(lambda event: loads.append(getattr(getattr(event, "outcome", None), "timings", None)))

    for method in ("chat", "achat", "stream_chat", "complete"):
        ask(llm, method)

    # A load takes seconds; what a loaded model reports is some milliseconds.
    assert [times.load > 0.6 for times in loads if times is not None][1:] == [False, False, False]
    assert llm.metadata.context_window == 4096


@pytest.mark.parametrize("built", ["by Zeta", "by the user"])
@pytest.mark.parametrize("method", ["chat", "achat", "stream_chat", "astream_chat"])
def test_think_false_is_heard(method: str, built: str, greeting: SimulatedOllama, greeter: Greeter) -> None:
    """`think=False` reaches the model, where `Ollama` alone would lose it; without it the model thinks as ever."""
    child = "qwen3:8b" if built == "by Zeta" else plain_ollama("qwen3:8b", greeting.url)
    llm = ZetaLLM(models=[child], hosts=[greeting.url])
    greeter.thought.clear()

    ask(llm, method, think=False)
    ask(llm, method)

    assert greeter.thought == [False, True]


def test_a_second_event_loop_works(greeting: SimulatedOllama) -> None:
    """`asyncio.run` can be called again and again: no client is kept from one loop to the next."""
    llm = ZetaLLM(models=MODELS, hosts=[greeting.url])

    for _ in range(4):
        assert text_of(ask(llm, "achat")) == "Good day."
        assert text_of(ask(llm, "astream_chat")) == "Good day."
    assert in_flight(llm) == 0


def test_each_event_loop_has_a_client_of_its_own() -> None:
    """A user's `Ollama` is used as it is in the first loop; in later ones by copies, one per loop."""
    child = Child(Ollama(model="qwen3:8b", context_window=8192))
    loops = [asyncio.new_event_loop() for _ in range(3)]
    try:
        llms = [child.get(loop=loop) for loop in loops]
        again = [child.get(loop=loop) for loop in loops]
    finally:
        for loop in loops:
            loop.close()

    assert llms[0] is child.llm is child.get()
    assert len({id(llm.async_client) for llm in llms}) == 3  # type: ignore[attr-defined]
    assert [one is other for one, other in zip(llms, again, strict=True)] == [True] * 3


class Asking(Ollama):
    """An `Ollama` that remembers which thread has looked up its context window."""

    asked_by: list[int] = Field(default_factory=list)

    def get_context_window(self) -> int:
        if self.context_window == -1:
            self.asked_by.append(threading.get_ident())
        return super().get_context_window()  # type: ignore[no-any-return]


@pytest.mark.parametrize("method", ["achat", "astream_chat", "acomplete", "astream_complete"])
def test_a_look_up_of_the_context_does_not_block_the_event_loop(method: str) -> None:
    """LlamaIndex's `Ollama` alone would ask its server right in the loop, where everything waits for it."""
    with SimulatedOllama(MODELS, time_scale=10_000, responder=Greeter(), reuse_connections=False) as server:
        child = Asking(model="qwen3:8b", base_url=server.url)

        assert text_of(ask(ZetaLLM(models=[child]), method)) == "Good day."

    assert child.asked_by
    assert threading.get_ident() not in child.asked_by


def test_a_dead_host_is_passed_over(greeting: SimulatedOllama) -> None:
    """With two hosts, one of them down, the other answers."""
    llm = ZetaLLM(models=["qwen3:8b"], hosts=[NOBODY, greeting.url], policy=InOrder())

    (answer,) = ask(llm, "chat")

    assert answer.additional_kwargs["zeta"]["host"] == greeting.url
    assert answer.additional_kwargs["zeta"]["attempts"] == 2
