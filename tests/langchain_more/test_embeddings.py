"""`ZetaEmbeddings`: one model on several hosts, checked, batched, timed, failed over. All servers are simulated."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.vectorstores import InMemoryVectorStore

from tests.langchain_more.asking import TWO
from zeta_langchain import ChatZeta, ZetaEmbeddings
from zeta_router import (
    ConfigError,
    EveryAttemptFailed,
    InvalidRequest,
    ModelMissing,
    OutcomeSeen,
    ServerUnreachable,
    VectorsDoNotMix,
    ZetaDynamicRouter,
)
from zeta_router.replicas import RECHECK_S, RETRY_S
from zeta_router.simulator import SimulatedOllama
from zeta_router.simulator.tags import model_from_tag
from zeta_router.testing import ManualClock

MODEL = "nomic-embed-text"
DEAD = "http://127.0.0.1:9"


def server(*models: Any) -> SimulatedOllama:
    """Return a simulated host, not started."""
    return SimulatedOllama(models=list(models) or [MODEL], time_scale=1000, reuse_connections=False)


@pytest.fixture
def two() -> Iterator[tuple[SimulatedOllama, SimulatedOllama]]:
    """Two hosts with the same model."""
    with server() as one, server() as other:
        yield one, other


def documents(embeddings: ZetaEmbeddings, mode: str, texts: list[str]) -> list[list[float]]:
    """Embed in one of two ways."""
    if mode == "sync":
        return embeddings.embed_documents(texts)
    return asyncio.run(embeddings.aembed_documents(texts))


def watched(embeddings: ZetaEmbeddings) -> list[OutcomeSeen]:
    """Return a list that every outcome will be in."""
    seen: list[OutcomeSeen] = []
    embeddings.router.subscribe(lambda e: seen.append(e) if isinstance(e, OutcomeSeen) else None)
    return seen


@pytest.mark.parametrize("mode", TWO)
def test_vectors_come_in_order_from_several_hosts(mode: str, two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """Batches run on both hosts at once; the result is what one host alone would say."""
    embeddings = ZetaEmbeddings(MODEL, hosts=[s.url for s in two], batch_size=5)
    alone = ZetaEmbeddings(MODEL, base_url=two[0].url)
    texts = [f"text number {n}" for n in range(40)]
    seen = watched(embeddings)

    vectors = documents(embeddings, mode, texts)

    assert vectors == alone.embed_documents(texts)
    assert vectors[7] == embeddings.embed_query(texts[7])
    assert set(Counter(e.decision.host for e in seen)) == {s.url for s in two}
    assert embeddings.router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", TWO)
def test_nothing_to_embed_asks_nobody(mode: str) -> None:
    """An empty list needs no server."""
    assert documents(ZetaEmbeddings(MODEL, base_url=DEAD), mode, []) == []


@pytest.mark.parametrize("mode", TWO)
def test_time_is_learned_per_token(mode: str, two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """Ollama counts the tokens and clocks the work; the router keeps seconds per prompt token."""
    embeddings = ZetaEmbeddings(MODEL, base_url=two[0].url)
    seen = watched(embeddings)

    documents(embeddings, mode, ["a text of a few words"] * 30)

    assert (seen[-1].outcome.prompt_tokens or 0) > 100
    assert seen[-1].decision.task == "embedding"
    (model,) = embeddings.router.snapshot().models
    assert model.belief is not None
    assert (model.belief.seconds_per_prompt_token or 0.0) > 0.0


@pytest.mark.parametrize("mode", TWO)
def test_another_host_takes_over(mode: str, two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """A host that dies in the middle costs an attempt and no vector."""
    embeddings = ZetaEmbeddings(MODEL, hosts=[s.url for s in two], batch_size=4)
    embeddings.embed_query("warm")
    seen = watched(embeddings)
    two[0].stop()

    vectors = documents(embeddings, mode, [f"text {n}" for n in range(40)])

    assert len(vectors) == 40
    assert {e.decision.host for e in seen if e.outcome.fate.answered} == {two[1].url}
    assert embeddings.router.snapshot().in_flight == 0


@pytest.mark.parametrize("mode", TWO)
def test_a_host_that_is_down_at_first_joins_later(mode: str, two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """It is asked again after a while."""
    clock = ManualClock(1_000.0)
    one, late = two[0], server()
    late.start()
    router = ZetaDynamicRouter([], hosts=[one.url, late.url], clock=clock)
    late_url = late.url
    late.stop()
    embeddings = ZetaEmbeddings(MODEL, router=router)
    documents(embeddings, mode, ["hello"])
    assert embeddings.replicas.hosts == (one.url,)

    with SimulatedOllama(models=[MODEL], time_scale=1000, port=int(late_url.rpartition(":")[2])):
        documents(embeddings, mode, ["hello"])
        assert embeddings.replicas.hosts == (one.url,)
        clock.advance(RETRY_S)
        documents(embeddings, mode, ["hello"])
        assert embeddings.replicas.hosts == (one.url, late_url)


@pytest.mark.parametrize("mode", TWO)
def test_two_versions_of_a_model_are_refused(mode: str, two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """At first sight, before any vector is made; the error says what to do."""
    two[1].faults.add("wrong_digest", times=None)
    embeddings = ZetaEmbeddings(MODEL, hosts=[s.url for s in two])

    for _ in range(2):
        with pytest.raises(VectorsDoNotMix, match=r"do not mix\. Pull the same version there"):
            documents(embeddings, mode, ["hello"])
    assert not two[0].requests["/api/embed", MODEL]


@pytest.mark.parametrize("mode", TWO)
def test_a_version_that_is_not_the_indexs_is_refused(mode: str, two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """What was written down with the index is taken back; another model by that name is refused."""
    embeddings = ZetaEmbeddings(MODEL, base_url=two[0].url)
    with pytest.raises(ConfigError, match="nothing was embedded yet"):
        embeddings.identity()
    documents(embeddings, mode, ["hello"])
    saved = embeddings.identity()

    assert (saved["model"], saved["dimension"], len(saved["digest"])) == (MODEL, 768, 64)
    assert documents(ZetaEmbeddings(**saved, base_url=two[0].url), mode, ["hello"])
    other = {**saved, "digest": "f" * 64}
    with pytest.raises(VectorsDoNotMix, match="ffffffffffff"):
        documents(ZetaEmbeddings(**other, base_url=two[0].url), mode, ["hello"])
    with pytest.raises(VectorsDoNotMix, match="768 numbers, the index has 3"):
        documents(ZetaEmbeddings(**{**saved, "dimension": 3}, base_url=two[0].url), mode, ["hello"])


@pytest.mark.parametrize("mode", TWO)
def test_a_host_that_changes_its_version_is_left_out(
    mode: str, two: tuple[SimulatedOllama, SimulatedOllama], caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody pulls a new version on one host: it is found at the next check, said once, and the other one serves."""
    clock = ManualClock(1_000.0)
    router = ZetaDynamicRouter([], hosts=[s.url for s in two], clock=clock)
    embeddings = ZetaEmbeddings(MODEL, router=router)
    documents(embeddings, mode, ["hello"])
    two[0].faults.add("wrong_digest", times=None)
    seen = watched(embeddings)

    for _ in range(3):
        clock.advance(RECHECK_S)
        documents(embeddings, mode, ["hello"])

    assert embeddings.replicas.hosts == (two[1].url,)
    assert {e.decision.host for e in seen} == {two[1].url}
    assert caplog.text.count("do not mix") == 1

    two[1].faults.add("wrong_digest", times=None)
    clock.advance(RECHECK_S)
    with pytest.raises(VectorsDoNotMix):
        documents(embeddings, mode, ["hello"])


@pytest.mark.parametrize("mode", TWO)
def test_a_model_that_was_just_loaded_is_checked_before_its_vectors_are_used(
    mode: str, two: tuple[SimulatedOllama, SimulatedOllama]
) -> None:
    """A new version takes effect when the model is loaded again: its vectors reach nobody."""
    embeddings = ZetaEmbeddings(MODEL, hosts=[s.url for s in two])
    embeddings.router.refresh()
    seen = watched(embeddings)
    documents(embeddings, mode, ["hello"])  # the first load, checked and found good
    loaded = next(s for s in two if s.url == seen[0].decision.host)
    cold = next(s for s in two if s is not loaded)
    cold.faults.add("wrong_digest", times=None)
    loaded.stop()

    with pytest.raises(VectorsDoNotMix, match="not the version any more"):
        documents(embeddings, mode, ["hello"])
    assert [e.outcome.fate.value for e in seen] == ["ok", "error", "invalid"]


@pytest.mark.parametrize("mode", TWO)
@pytest.mark.parametrize(
    ("model", "error", "says"),
    [
        ("all-minilm", ModelMissing, "ollama pull all-minilm"),
        ("llama3.2:3b", ConfigError, "makes no vectors"),
    ],
)
def test_a_model_that_cannot_do_it_is_refused(mode: str, model: str, error: type[Exception], says: str) -> None:
    """Not installed, or no embedder: said before anything is loaded."""
    with server(MODEL, "llama3.2:3b") as host:
        with pytest.raises(error, match=says):
            documents(ZetaEmbeddings(model, base_url=host.url), mode, ["hello"])
        assert host.loaded == ()


@pytest.mark.parametrize("mode", TWO)
def test_with_no_host_there_it_says_so(mode: str) -> None:
    """The error of the host, not a riddle."""
    with pytest.raises(ServerUnreachable):
        documents(ZetaEmbeddings(MODEL, base_url=DEAD), mode, ["hello"])


@pytest.mark.parametrize("mode", TWO)
def test_when_every_host_fails_each_is_named(mode: str, two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """After the check both die."""
    embeddings = ZetaEmbeddings(MODEL, hosts=[s.url for s in two])
    embeddings.embed_query("warm")
    for host in two:
        host.stop()

    with pytest.raises(EveryAttemptFailed) as caught:
        documents(embeddings, mode, ["hello"])
    assert {failure.host for failure in caught.value.failures} == {s.url for s in two}


def test_batches_fit_the_context(two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """By count and by tokens; a text that is longer than the context goes alone, and Ollama cuts it."""
    embeddings = ZetaEmbeddings(MODEL, base_url=two[0].url, batch_size=10)
    embeddings.embed_query("warm")
    seen = watched(embeddings)
    context = embeddings.replicas.context
    long = "word " * context

    vectors = embeddings.embed_documents([*["x"] * 25, long, "y"])

    assert len(vectors) == 27
    assert [e.decision.prompt_tokens for e in seen] == [10, 10, 5, context, 1]


@pytest.mark.parametrize("mode", TWO)
def test_cancelling_leaves_nothing_in_flight(mode: str, two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """Awaited calls are cancelled, blocking ones end by their deadline."""
    embeddings = ZetaEmbeddings(MODEL, base_url=two[0].url, timeout=0.05 if mode == "sync" else None, batch_size=1)
    ZetaEmbeddings(MODEL, base_url=two[0].url).embed_query("warm")
    embeddings.embed_query("warm")
    two[0].slow(None, float("inf"))
    seen = watched(embeddings)

    if mode == "sync":
        with pytest.raises(Exception, match="no sign of life"):
            embeddings.embed_documents(["hello"])
        assert [e.outcome.fate.value for e in seen] == ["timeout"]
    else:

        async def leave() -> None:
            await asyncio.wait_for(embeddings.aembed_documents(["a", "b", "c"]), 0.1)

        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(leave())
        assert {e.outcome.fate.value for e in seen} == {"cancelled"}
    assert embeddings.router.snapshot().in_flight == 0


def test_the_second_event_loop_works(two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """No client is kept from the first."""
    embeddings = ZetaEmbeddings(MODEL, base_url=two[0].url)

    first, second = (asyncio.run(embeddings.aembed_query("hello")) for _ in range(2))

    assert first == second


def test_one_router_serves_chat_and_embeddings() -> None:
    """What is in flight on a host is known to both; embedding requests never reach a chat model, nor the reverse."""
    with server(MODEL, "llama3.2:3b") as host:
        router = ZetaDynamicRouter.from_ollama([host.url])
        llm, embeddings = ChatZeta(router=router), ZetaEmbeddings(MODEL, router=router)
        seen = watched(embeddings)

        llm.invoke("hello")
        embeddings.embed_query("hello")

    assert [e.decision.model for e in seen] == ["llama3.2:3b", f"{MODEL}:latest"]
    assert len(router.cards) == 2


def test_a_router_that_knows_the_model_by_name_gets_no_second_one(
    two: tuple[SimulatedOllama, SimulatedOllama],
) -> None:
    """Given by name, its card has no host of its own."""
    router = ZetaDynamicRouter([MODEL], hosts=[s.url for s in two])

    ZetaEmbeddings(MODEL, router=router).embed_query("hello")

    assert router.keys == tuple((MODEL, s.url) for s in two)


def test_it_works_in_a_vector_store(two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """Near texts are found."""
    store = InMemoryVectorStore(ZetaEmbeddings(MODEL, hosts=[s.url for s in two]))
    store.add_texts(["the cat sat on the mat", "stocks fell on Monday", "a kitten on a mat"])

    assert "mat" in store.similarity_search("cat on a mat", k=1)[0].page_content


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"model": ""}, "model must be an Ollama tag"),
        ({"model": MODEL, "hosts": ["a"], "base_url": "b"}, "not both"),
        ({"model": MODEL, "hosts": ["a"], "router": ZetaDynamicRouter([MODEL], hosts=["a"])}, "knows its hosts"),
        ({"model": MODEL, "batch_size": 0}, "batch_size must be"),
        ({"model": MODEL, "timeout": 0}, "timeout must be"),
        ({"model": MODEL, "dimension": 0}, "dimension must be"),
        ({"model": MODEL, "digest": ""}, "digest must be"),
        ({"model": MODEL, "temperature": 1}, "temperature"),
    ],
)
def test_wrong_settings_are_refused(keywords: dict[str, Any], says: str) -> None:
    """By name, value and way out; without contacting anybody."""
    with pytest.raises(ValueError, match=says):
        ZetaEmbeddings(**keywords)


@pytest.mark.parametrize("mode", TWO)
def test_what_is_no_text_is_refused(mode: str) -> None:
    """Before anything is sent."""
    embeddings: Any = ZetaEmbeddings(MODEL, base_url=DEAD)

    with pytest.raises(InvalidRequest, match="text 1 must be a string, got int"):
        documents(embeddings, mode, ["a", 1])  # type: ignore[list-item]
    with pytest.raises(InvalidRequest, match="put it into a list"):
        documents(embeddings, mode, "hello")  # type: ignore[arg-type]


def test_a_secret_is_shown_nowhere() -> None:
    """Passwords and headers are in no repr, dump or error."""
    embeddings = ZetaEmbeddings(MODEL, hosts=["http://user:hunter2@127.0.0.1:9"], headers={"X-Key": "hunter3"})

    with pytest.raises(ServerUnreachable) as caught:
        embeddings.embed_query("hello")

    for shown in (repr(embeddings), str(embeddings.model_dump()), str(caught.value), repr(embeddings.replicas)):
        assert "hunter" not in shown


def test_a_copy_shares_and_a_pickle_is_refused() -> None:
    """A copy has the same router; a process needs its own."""
    embeddings = ZetaEmbeddings(MODEL, base_url=DEAD)

    assert copy.deepcopy(embeddings).replicas is embeddings.replicas
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(embeddings)


def test_a_host_that_tells_no_digest_is_refused() -> None:
    """Nothing could be checked there."""
    from zeta_router import ModelCard
    from zeta_router.replicas import Replicas

    router = ZetaDynamicRouter([], hosts=[DEAD])
    card = ModelCard(name=MODEL, capabilities=frozenset({"embedding"}))

    with pytest.raises(VectorsDoNotMix, match="does not tell the digest"):
        Replicas(router, MODEL).seen([(DEAD, [card])])


def test_a_dimension_of_another_host_is_refused(two: tuple[SimulatedOllama, SimulatedOllama]) -> None:
    """The same digest and another dimension: a lying server. Its vectors are not used, the other host's are."""
    short = replace(model_from_tag(MODEL), embedding_length=4)
    with server(short) as liar:
        embeddings = ZetaEmbeddings(MODEL, hosts=[two[0].url, liar.url], dimension=768, batch_size=2)
        seen = watched(embeddings)

        vectors = embeddings.embed_documents([f"text {n}" for n in range(20)])

    assert {len(vector) for vector in vectors} == {768}
    assert "invalid" in {e.outcome.fate.value for e in seen}
