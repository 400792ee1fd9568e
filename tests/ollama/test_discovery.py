"""Which models a server has, what they can do, and which prompts would leave the machine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ollama.conftest import Asking, Recorded
from tests.ollama.stub import Answer, Stub, answer
from zeta_router.errors import CloudModelRefused, ServerUnreachable
from zeta_router.model import ModelCard
from zeta_router.ollama import Connection, num_ctx_for, refuse_cloud

QWEN = {"name": "qwen3:8b", "size": 5_225_388_164, "digest": "8" * 64, "capabilities": ["completion"]}
SHOWN: dict[str, Any] = {
    "details": {"parameter_size": "8.2B", "quantization_level": "Q4_K_M"},
    "model_info": {
        "general.architecture": "qwen3",
        "general.parameter_count": 8_190_735_360,
        "qwen3.context_length": 40_960,
    },
    "capabilities": ["completion", "tools", "thinking"],
}


def tags(*entries: dict[str, Any]) -> Answer:
    return answer({"models": list(entries)})


def test_a_card_has_what_the_server_knows(ask: Asking, stub: Stub) -> None:
    """Size from the list of models; capabilities, parameters and context from what the server shows."""
    stub.answers |= {"/api/tags": tags(QWEN), "/api/show": answer(SHOWN)}

    assert ask("discover", stub.connection()) == (
        ModelCard(
            name="qwen3:8b",
            capabilities=frozenset({"completion", "tools", "thinking"}),
            context_length=40_960,
            parameter_count=8_190_735_360,
            quantization="Q4_K_M",
            size_bytes=5_225_388_164,
            digest="8" * 64,
            host=stub.address,
        ),
    )


@pytest.mark.parametrize(
    ("parameters", "context"),
    [('stop  "x"\nnum_ctx                        4096', 4096), ("num_ctx 999999", 40_960), ("top_k 1", 40_960)],
)
def test_a_modelfile_may_set_less_context(ask: Asking, stub: Stub, parameters: str, context: int) -> None:
    """`num_ctx` hides in a text of parameters, and counts up to what the model was trained for."""
    stub.answers |= {"/api/tags": tags(QWEN), "/api/show": answer({**SHOWN, "parameters": parameters})}

    assert ask("discover", stub.connection())[0].context_length == context


def test_a_model_that_cannot_be_shown_stays(ask: Asking, stub: Stub) -> None:
    """One broken model takes neither the others nor what is known of itself away."""
    other = {**QWEN, "name": "broken:7b", "digest": "7" * 64, "details": {"parameter_size": "7.6B"}}
    stub.answers |= {
        "/api/tags": tags(QWEN, other),
        "/api/show": lambda body: answer(SHOWN) if body["model"] == "qwen3:8b" else answer({"error": "no"}, 500),
    }

    whole, broken = ask("discover", stub.connection())

    assert whole.context_length == 40_960
    assert broken.capabilities == frozenset({"completion"})
    assert (broken.parameter_count, broken.context_length) == (7_600_000_000, None)


def test_numbers_that_cannot_be_are_not_known(ask: Asking, stub: Stub) -> None:
    """A lying server costs knowledge, not the discovery."""
    lies = {"general.architecture": "x", "x.context_length": -5, "general.parameter_count": "many"}
    stub.answers |= {
        "/api/tags": tags({"name": "x:1b", "size": 0, "details": None}, {"size": 5}),
        "/api/show": answer({"model_info": lies, "capabilities": "all", "details": [], "parameters": 7}),
    }

    assert ask("discover", stub.connection()) == (ModelCard(name="x:1b", host=stub.address),)


def test_nothing_is_asked_twice(ask: Asking, stub: Stub) -> None:
    """Two tags of one digest are shown once, and what is known from before is not asked again."""
    stub.answers |= {"/api/tags": tags(QWEN, {**QWEN, "name": "my-qwen:latest"}), "/api/show": answer(SHOWN)}
    known: dict[str, Any] = {}

    for _ in range(2):
        cards = ask("discover", stub.connection(), known=known)
        assert [card.context_length for card in cards] == [40_960, 40_960]

    assert stub.asked == ["GET /api/tags", "POST /api/show", "GET /api/tags"]


def test_cloud_models_are_left_out_unless_allowed(ask: Asking, stub: Stub) -> None:
    """By tag or by what the server says; allowing one by name allows no other."""
    clouds = [
        {"name": "gpt-oss:120b-cloud", "digest": "1"},
        {"name": "kimi:cloud", "digest": "2"},
        {"name": "alias:latest", "digest": "3", "remote_host": "https://ollama.com"},
    ]
    stub.answers |= {"/api/tags": tags(QWEN, *clouds), "/api/show": answer(SHOWN)}

    assert [c.name for c in ask("discover", stub.connection())] == ["qwen3:8b"]
    allowed = ask("discover", stub.connection(), allow_cloud=["Kimi:cloud", "alias"])
    assert [c.name for c in allowed] == ["qwen3:8b", "kimi:cloud", "alias:latest"]


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "kimi:cloud", "ns/kimi:CLOUD"])
def test_a_cloud_model_is_refused_with_the_way_out(name: str) -> None:
    """The error says that prompts would leave the machine, and how to allow it."""
    with pytest.raises(CloudModelRefused, match="allow_cloud"):
        refuse_cloud(name)
    refuse_cloud(name, [name])


@pytest.mark.parametrize("name", ["cloud", "cloudy:7b", "cloud/llama3:8b", "qwen3:8b"])
def test_a_local_model_passes(name: str) -> None:
    """Only the tag makes a cloud model, not a name that sounds like one."""
    refuse_cloud(name)
    with pytest.raises(CloudModelRefused):
        refuse_cloud("x:cloud", [name])


@pytest.mark.parametrize("question", ["discover", "resident"])
def test_a_server_that_is_down_is_named(ask: Asking, nobody: str, question: str) -> None:
    """The error names the address and the command that starts a server."""
    with pytest.raises(ServerUnreachable, match="ollama serve") as caught:
        ask(question, Connection.of(nobody))
    assert caught.value.host == nobody


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"models": "x"}', b"{}"])
@pytest.mark.parametrize("question", ["discover", "resident"])
def test_something_else_answers(ask: Asking, stub: Stub, question: str, body: bytes) -> None:
    """A server that is no Ollama is told apart from one without models."""
    stub.answers |= {"/api/tags": Answer(body), "/api/ps": Answer(body)}

    with pytest.raises(ServerUnreachable, match="does not answer as an Ollama"):
        ask(question, stub.connection())


def test_no_models_are_no_error(ask: Asking, stub: Stub) -> None:
    """A fresh server has none, installed or in memory."""
    stub.answers |= {"/api/tags": tags(), "/api/ps": tags()}

    assert ask("discover", stub.connection()) == ()
    assert ask("resident", stub.connection()) == ()


@pytest.mark.parametrize(("context", "num_ctx"), [(None, 8192), (2048, 2048), (131_072, 8192)])
def test_every_request_to_a_model_has_one_context(context: int | None, num_ctx: int) -> None:
    """One number per model, so that Ollama never reloads it for another."""
    assert num_ctx_for(ModelCard(name="m", context_length=context)) == num_ctx


def test_recorded_models_are_read(ask: Asking, stub: Stub, recorded: Recorded) -> None:
    """The models of a real server, chat models and embedder, come out right."""
    stub.answers |= {
        "/api/tags": recorded("tags.json"),
        "/api/show": lambda body: recorded("show-embedding.json" if body["model"].startswith("nomic") else "show.json"),
    }

    cards = {card.name: card for card in ask("discover", stub.connection())}

    assert cards["llama3.2:3b"].parameter_count == 3_212_749_888
    assert cards["llama3.2:3b"].context_length == 131_072
    assert cards["nomic-embed-text:latest"].capabilities == frozenset({"embedding"})
    assert num_ctx_for(cards["nomic-embed-text:latest"]) == 2048


def test_recorded_residents_are_read(ask: Asking, stub: Stub, recorded: Recorded) -> None:
    """A model that is partly on the CPU shows less VRAM than size."""
    stub.answers["/api/ps"] = recorded("ps-partial-offload.json")

    (loaded,) = ask("resident", stub.connection())

    assert (loaded.name, loaded.context_length) == ("llama3.3:70b", 8192)
    assert loaded.size_vram == 23_085_449_216 < loaded.size
