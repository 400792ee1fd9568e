"""The `ollama` package, sync and async, works with the simulator unchanged."""

from __future__ import annotations

import json

import ollama
import pytest

from zeta_router.simulator import SimulatedOllama

MODELS = ["llama3.2:3b", "qwen3:8b", "gemma2:2b", "nomic-embed-text"]
HELLO = [{"role": "user", "content": "Hello!"}]
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two integers",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}
pytestmark = pytest.mark.simulated_ollama(models=MODELS)


@pytest.fixture
def sync(simulated_ollama: SimulatedOllama) -> ollama.Client:
    return ollama.Client(simulated_ollama.url)


@pytest.fixture
def aio(simulated_ollama: SimulatedOllama) -> ollama.AsyncClient:
    return ollama.AsyncClient(simulated_ollama.url)


def test_a_stream_adds_up_to_the_whole_answer(sync: ollama.Client) -> None:
    """The chunks of a stream, put together, are the answer without streaming, and only the last one is done."""
    whole = sync.chat("llama3.2:3b", HELLO)
    parts = list(sync.chat("llama3.2:3b", HELLO, stream=True))

    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].eval_count == whole.eval_count == len(parts)  # the last chunk stands for the end token


async def test_the_async_client_gets_the_same_answers(aio: ollama.AsyncClient, sync: ollama.Client) -> None:
    """Sync and async see the same text and the same counts."""
    sync_answer = sync.generate("llama3.2:3b", "Why is the sky blue?")
    async_answer = await aio.generate("llama3.2:3b", "Why is the sky blue?")
    parts = [part async for part in await aio.generate("llama3.2:3b", "Why is the sky blue?", stream=True)]

    assert async_answer.response == sync_answer.response == "".join(part.response for part in parts)
    assert async_answer.eval_count == sync_answer.eval_count == parts[-1].eval_count


@pytest.mark.simulated_ollama(responder="schema")
async def test_tools_are_called_and_their_results_read(aio: ollama.AsyncClient) -> None:
    """A tool's arguments come from the question; after its result the model speaks."""
    question = {"role": "user", "content": "Add 17 and 25."}
    call = (await aio.chat("llama3.2:3b", [question], tools=[ADD])).message
    assert call.tool_calls is not None
    assert call.tool_calls[0].function.arguments == {"a": 17, "b": 25}

    result = {"role": "tool", "tool_name": "add", "content": "42"}
    answer = await aio.chat("llama3.2:3b", [question, call, result], tools=[ADD])

    assert answer.message.tool_calls is None
    assert "42" in (answer.message.content or "")


@pytest.mark.simulated_ollama(responder="schema")
def test_a_schema_is_obeyed(sync: ollama.Client) -> None:
    """With a format, the content is JSON that the schema accepts."""
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "kind": {"enum": ["cat", "dog"]}},
        "required": ["name", "age", "kind"],
    }
    answer = sync.chat("llama3.2:3b", [{"role": "user", "content": "'Tom' is 7, a 'dog'."}], format=schema)

    assert json.loads(answer.message.content or "") == {"name": "Tom", "age": 7, "kind": "dog"}


def test_thinking_is_on_unless_switched_off(sync: ollama.Client) -> None:
    """A model that can think does, before it answers; `think=False` stops it, and others never do."""
    thoughtful = sync.chat("qwen3:8b", HELLO)
    quick = sync.chat("qwen3:8b", HELLO, think=False)
    plain = sync.chat("llama3.2:3b", HELLO, think=False)

    assert thoughtful.message.thinking
    assert thoughtful.message.content == quick.message.content == plain.message.content
    assert quick.message.thinking is None
    assert plain.message.thinking is None
    assert (thoughtful.eval_count or 0) > (quick.eval_count or 0)


def test_embeddings_have_length_one_and_near_texts_are_near(sync: ollama.Client) -> None:
    """Vectors are unit vectors; texts that share words are closer than texts that share none."""
    texts = ["the cat sat on the mat", "a cat sat on a mat", "quarterly revenue grew by half"]
    cat, other_cat, revenue = sync.embed("nomic-embed-text", texts).embeddings

    assert sum(x * x for x in cat) == pytest.approx(1, abs=1e-5)
    assert len(cat) == 768
    assert _dot(cat, other_cat) > 0.5 > _dot(cat, revenue)


def test_models_can_be_listed_shown_pulled_copied_and_deleted(sync: ollama.Client) -> None:
    """The client's other methods change and show the same library."""
    assert [model.model for model in sync.list().models][-1] == "nomic-embed-text:latest"
    assert sync.show("qwen3:8b").capabilities == ["completion", "tools", "thinking"]
    assert sync.show("llama3.2:3b").modelinfo is not None

    assert [step.status for step in sync.pull("mistral:7b", stream=True)][-1] == "success"
    sync.copy("mistral:7b", "mine")
    sync.create("small", from_="mistral:7b", parameters={"num_ctx": 2048})
    sync.delete("mistral:7b")

    names = {model.model for model in sync.list().models}
    assert {"mine:latest", "small:latest"} <= names
    assert "mistral:7b" not in names
    assert "num_ctx" in (sync.show("small").parameters or "")


def test_a_model_can_be_loaded_and_unloaded_by_hand(sync: ollama.Client) -> None:
    """An empty prompt loads, keep_alive 0 unloads, and ps shows what is loaded with its context."""
    loaded = sync.generate("llama3.2:3b", options={"num_ctx": 8192}, keep_alive="10m")
    (line,) = sync.ps().models
    sync.generate("llama3.2:3b", keep_alive=0)

    assert loaded.done_reason == "load"
    assert loaded.total_duration is None
    assert (line.model, line.context_length) == ("llama3.2:3b", 8192)
    assert line.size_vram == line.size


def test_errors_come_as_the_clients_own_exceptions(sync: ollama.Client) -> None:
    """Status and text of a refusal reach the caller as `ResponseError`."""
    with pytest.raises(ollama.ResponseError, match="model 'nope' not found") as missing:
        sync.chat("nope", HELLO)
    with pytest.raises(ollama.ResponseError, match="gemma2:2b does not support tools") as toolless:
        sync.chat("gemma2:2b", HELLO, tools=[ADD])

    assert (missing.value.status_code, toolless.value.status_code) == (404, 400)


def _dot(a: list[float] | tuple[float, ...], b: list[float] | tuple[float, ...]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))
