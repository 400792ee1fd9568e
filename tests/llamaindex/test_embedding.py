"""Embeddings for LlamaIndex: replicas of one model, a host per batch, events as for one."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.embeddings.ollama import OllamaEmbedding

from tests.llamaindex.fakes import InTurn, listening
from tests.llamaindex.greeter import NOBODY
from zeta_llamaindex import ZetaEmbedding
from zeta_router import ConfigError, Fate, OutcomeSeen, VectorsDoNotMix, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama

MODEL = "nomic-embed-text"
TEXTS = [f"text number {number}" for number in range(10)]
WAYS = ("query", "text", "batch")


@pytest.fixture(scope="module")
def hosts() -> Iterator[tuple[SimulatedOllama, SimulatedOllama]]:
    """Two simulated Ollamas with the same embedding model."""
    with (
        SimulatedOllama([MODEL], time_scale=10_000, reuse_connections=False) as one,
        SimulatedOllama([MODEL], time_scale=10_000, reuse_connections=False) as other,
    ):
        yield one, other


@pytest.fixture
def embedding(hosts: tuple[SimulatedOllama, SimulatedOllama]) -> ZetaEmbedding:
    return ZetaEmbedding(MODEL, hosts=[host.url for host in hosts])


def make(embedding: BaseEmbedding, way: str, mode: str) -> Any:
    """Embed in one of the public ways."""
    name = {"query": "get_query_embedding", "text": "get_text_embedding", "batch": "get_text_embedding_batch"}[way]
    given = TEXTS if way == "batch" else TEXTS[0]
    if mode == "sync":
        return getattr(embedding, name)(given)
    return asyncio.run(getattr(embedding, f"a{name}")(given))


def outcomes(router: ZetaDynamicRouter) -> list[OutcomeSeen]:
    seen: list[OutcomeSeen] = []
    router.subscribe(lambda event: seen.append(event) if isinstance(event, OutcomeSeen) else None)
    return seen


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("way", WAYS)
def test_vectors_are_those_of_ollama_embedding(
    way: str, mode: str, embedding: ZetaEmbedding, hosts: tuple[SimulatedOllama, SimulatedOllama]
) -> None:
    """Whichever host made them, instructions included: an index can be read with either."""
    plain = OllamaEmbedding(MODEL, base_url=hosts[0].url, query_instruction="find: ", text_instruction=" keep:")
    ours = ZetaEmbedding(MODEL, hosts=[hosts[1].url], query_instruction="find: ", text_instruction=" keep:")

    assert make(ours, way, mode) == make(plain, way, mode)
    assert make(embedding, way, mode) != make(plain, way, mode)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("way", WAYS)
def test_embeddings_have_single_events(
    way: str, mode: str, embedding: ZetaEmbedding, hosts: tuple[SimulatedOllama, SimulatedOllama]
) -> None:
    """Events and counted tokens are those of a plain embedding, named after this one."""
    counted = []
    names = []
    embedding.embed_batch_size = 4
    for llm in (OllamaEmbedding(MODEL, base_url=hosts[0].url, embed_batch_size=4), embedding):
        counter = TokenCountingHandler(tokenizer=str.split)
        llm.callback_manager = CallbackManager([counter])
        with listening() as ear:
            make(llm, way, mode)
        counted.append((counter.total_embedding_token_count, len(counter.embedding_token_counts)))
        names.append(ear.names)

    assert counted[0] == counted[1]
    assert names[0] == names[1]
    assert names[0].count("EmbeddingEndEvent") == (3 if way == "batch" else 1)
    assert embedding.to_payload()["class_name"] == "ZetaEmbedding"


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_embeddings_are_routed_per_batch(mode: str, hosts: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """Each batch has a decision of its own, and is timed."""
    router = ZetaDynamicRouter([], hosts=[host.url for host in hosts], policy=InTurn())
    seen = outcomes(router)

    vectors = make(ZetaEmbedding(MODEL, router=router, embed_batch_size=5), "batch", mode)

    assert len(vectors) == len(TEXTS)
    assert {event.decision.host for event in seen} == {host.url for host in hosts}
    assert [event.outcome.fate for event in seen] == [Fate.ok, Fate.ok]
    assert all(event.outcome.prompt_tokens for event in seen)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_host_that_fails_costs_an_attempt(mode: str, hosts: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """Another host makes the batch, the vectors are the same."""
    one, other = hosts
    router = ZetaDynamicRouter([], hosts=[one.url, other.url], policy=InTurn())
    embedding = ZetaEmbedding(MODEL, router=router)
    expected = make(embedding, "text", mode)
    seen = outcomes(router)
    faults = [host.faults.add("refuse", model=MODEL) for host in (other,)]

    assert make(embedding, "text", mode) == expected
    assert [event.outcome.fate for event in seen] == [Fate.rejected, Fate.ok]
    assert faults[0] not in other.faults.armed


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_dead_host_is_left_out(mode: str, hosts: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """One that answers is enough."""
    assert make(ZetaEmbedding(MODEL, hosts=[NOBODY, hosts[0].url]), "text", mode)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_vectors_of_two_versions_do_not_mix(mode: str, hosts: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """A host with another digest than the index was made with, or another dimension, is refused in a sentence."""
    url = hosts[0].url
    with pytest.raises(VectorsDoNotMix, match="vectors of two versions"):
        make(ZetaEmbedding(MODEL, hosts=[url], digest="0" * 64), "text", mode)
    with pytest.raises(VectorsDoNotMix, match="the index has 3"):
        make(ZetaEmbedding(MODEL, hosts=[url], dimension=3), "text", mode)


def test_a_host_with_another_version_is_refused(hosts: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """Two hosts whose digests differ are no replicas."""
    fault = hosts[1].faults.add("wrong_digest", model=MODEL, times=None)
    try:
        with pytest.raises(VectorsDoNotMix, match="do not mix"):
            make(ZetaEmbedding(MODEL, hosts=[host.url for host in hosts]), "text", "sync")
    finally:
        hosts[1].faults.remove(fault)


def test_the_identity_is_kept_with_the_index(embedding: ZetaEmbedding) -> None:
    """Model, digest and dimension; before the first text there is none."""
    with pytest.raises(ConfigError, match="nothing was embedded"):
        embedding.identity()
    make(embedding, "text", "sync")

    identity = embedding.identity()

    assert (identity["model_name"], identity["dimension"], len(identity["digest"])) == (MODEL, 768, 64)


def test_it_travels_as_json_and_as_a_pickle(hosts: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """With what its vectors are, without headers and passwords; what was learned belongs to the router."""
    embedding = ZetaEmbedding(MODEL, hosts=[hosts[0].url], headers={"X-Key": "hunter2"}, embed_batch_size=7)
    vector = make(embedding, "text", "sync")

    for twin in (ZetaEmbedding.from_json(embedding.to_json()), pickle.loads(pickle.dumps(embedding))):
        assert twin.to_dict() == embedding.to_dict()
        assert twin.identity() == embedding.identity()
        assert make(twin, "text", "sync") == vector
    assert copy.deepcopy(embedding).router is embedding.router
    shown = [repr(embedding), str(embedding), embedding.to_json(), json.dumps(embedding.to_payload())]
    assert "hunter2" not in "".join(shown)


def test_over_a_router_of_yours_it_cannot_be_pickled() -> None:
    """The error says what to do; JSON is taken up with a router."""
    embedding = ZetaEmbedding(MODEL, router=ZetaDynamicRouter([]))

    with pytest.raises(TypeError, match="over a router of yours"):
        pickle.dumps(embedding)
    assert ZetaEmbedding.from_dict(embedding.to_dict(), router=embedding.router).router is embedding.router


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"model_name": " "}, "model must be an Ollama tag"),
        ({"model_name": MODEL, "hosts": [NOBODY], "router": ZetaDynamicRouter([])}, "not both"),
        ({"model_name": MODEL, "timeout": 0}, "timeout must be seconds above 0"),
        ({"model_name": MODEL, "embed_batch_size": 0}, "embed_batch_size must be a whole number above 0"),
        ({"model_name": MODEL, "dimension": 0}, "dimension must be a whole number above 0"),
    ],
)
def test_a_wrong_setting_is_refused_in_a_sentence(arguments: dict[str, Any], sentence: str) -> None:
    """The text names the setting and the way out."""
    with pytest.raises(ConfigError, match=sentence):
        ZetaEmbedding(**arguments)


def test_a_cache_of_llama_index_is_asked_first(embedding: ZetaEmbedding) -> None:
    """What it holds is not made again."""
    embedding.embeddings_cache = SimpleKVStore()
    first = embedding.get_text_embedding_batch(TEXTS)
    seen = outcomes(embedding.router)

    assert embedding.get_text_embedding_batch(TEXTS) == first
    assert seen == []


def test_an_ingestion_pipeline_takes_it(embedding: ZetaEmbedding) -> None:
    """As a transformation of nodes."""
    nodes = IngestionPipeline(transformations=[embedding]).run(nodes=[TextNode(text="red apple")])

    assert nodes[0].embedding == embedding.get_text_embedding("red apple")
