"""The Ollama classes of LangChain and LlamaIndex work with the simulator unchanged."""

from __future__ import annotations

import httpx
import pytest
from langchain_core.tools import tool
from langchain_ollama import ChatOllama, OllamaEmbeddings
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.ollama import OllamaEmbedding
from llama_index.llms.ollama import Ollama
from pydantic import BaseModel

from zeta_router.simulator import SimulatedOllama

pytestmark = pytest.mark.simulated_ollama(models=["llama3.2:3b", "qwen3:8b", "nomic-embed-text"], responder="schema")


class City(BaseModel):
    """A city."""

    name: str
    people: int


def add(a: int, b: int) -> int:
    """Add two integers."""
    return a + b


def test_chat_ollama_reports_ollamas_timings(simulated_ollama: SimulatedOllama) -> None:
    """`response_metadata` holds the simulated clocks, usage is counted."""
    llm = ChatOllama(model="llama3.2:3b", base_url=simulated_ollama.url)

    message = llm.invoke("Hello!")

    metadata = message.response_metadata
    assert metadata["total_duration"] >= metadata["load_duration"] + metadata["eval_duration"] > 0
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == metadata["eval_count"]


async def test_chat_ollama_streams_calls_tools_and_fills_schemas(simulated_ollama: SimulatedOllama) -> None:
    """Async streams, bound tools and structured output of `ChatOllama` work."""
    llm = ChatOllama(model="llama3.2:3b", base_url=simulated_ollama.url)

    streamed = "".join([str(chunk.content) async for chunk in llm.astream("Hello!")])
    called = await llm.bind_tools([tool(add)]).ainvoke("Add 17 and 25.")
    city = await llm.with_structured_output(City).ainvoke("'Bern' has 134000 people.")

    assert streamed == "This is a simulated answer."
    assert called.tool_calls[0]["args"] == {"a": 17, "b": 25}
    assert city == City(name="Bern", people=134000)


def test_chat_ollama_keeps_the_thinking_if_asked(simulated_ollama: SimulatedOllama) -> None:
    """With `reasoning=True` the thinking is kept apart from the text."""
    llm = ChatOllama(model="qwen3:8b", base_url=simulated_ollama.url, reasoning=True)

    message = llm.invoke("Hello!")

    assert message.additional_kwargs["reasoning_content"]
    assert message.content == "This is a simulated answer."


async def test_ollama_embeddings_agree_sync_and_async(simulated_ollama: SimulatedOllama) -> None:
    """The same text has the same vector, whichever way it is asked for."""
    embeddings = OllamaEmbeddings(model="nomic-embed-text", base_url=simulated_ollama.url)

    assert embeddings.embed_query("red apple") == (await embeddings.aembed_documents(["red apple"]))[0]


def test_llama_index_chats_and_streams(simulated_ollama: SimulatedOllama) -> None:
    """`chat`, `stream_chat` and `complete` give the same text, with the raw answer beside it."""
    llm = _llama_index(simulated_ollama)

    answer = llm.chat([ChatMessage(role="user", content="Hello!")])
    *_, last = llm.stream_chat([ChatMessage(role="user", content="Hello!")])

    assert answer.message.content == last.message.content == llm.complete("Hello!").text
    assert answer.raw is not None
    assert answer.raw["eval_count"] == last.raw["eval_count"]


async def test_llama_index_calls_tools_and_fills_schemas(simulated_ollama: SimulatedOllama) -> None:
    """Tools and structured prediction of `Ollama` work, async too."""
    llm = _llama_index(simulated_ollama)

    response = await llm.achat_with_tools([FunctionTool.from_defaults(add)], user_msg="Add 17 and 25.")
    city = llm.as_structured_llm(City).complete("'Bern' has 134000 people.").raw

    assert llm.get_tool_calls_from_response(response)[0].tool_kwargs == {"a": 17, "b": 25}
    assert city == City(name="Bern", people=134000)


async def test_llama_index_embeds(simulated_ollama: SimulatedOllama) -> None:
    """`OllamaEmbedding` gets the vectors that the server makes, sync and async."""
    embedding = OllamaEmbedding("nomic-embed-text", base_url=simulated_ollama.url)

    vector = embedding.get_text_embedding("red apple")

    assert len(vector) == 768
    assert vector == await embedding.aget_text_embedding("red apple")


def test_llama_index_asks_for_the_whole_trained_context(simulated_ollama: SimulatedOllama) -> None:
    """Left to itself, LlamaIndex reads the trained context and makes the server load the model with all of it."""
    _llama_index(simulated_ollama, context_window=-1).complete("Hello!")

    (line,) = httpx.get(f"{simulated_ollama.url}/api/ps").json()["models"]

    assert line["context_length"] == 131072
    assert simulated_ollama.requests["/api/show", "llama3.2:3b"] == 1


def _llama_index(server: SimulatedOllama, *, context_window: int = 8192) -> Ollama:
    return Ollama("llama3.2:3b", base_url=server.url, context_window=context_window)
