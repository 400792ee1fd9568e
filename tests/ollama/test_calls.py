"""One request on the wire each, read to the last field, and given up cleanly."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.ollama.conftest import Asking
from tests.ollama.stub import Answer, Stub, answer, done, said, stream
from zeta_router.errors import (
    AnswerTruncated,
    CloudModelRefused,
    ConfigError,
    InvalidRequest,
    ModelCrashed,
    OllamaError,
    ServerTimeout,
    ServerUnreachable,
)
from zeta_router.ollama import Connection, arun_chat, run_chat
from zeta_router.outcome import Fate

HELLO = [{"role": "user", "content": "What is the capital of France?"}]


def test_a_chat_is_one_streamed_request(ask: Asking, stub: Stub) -> None:
    """One POST goes out, streamed, with the options that were given and nothing that was not."""
    stub.answers["/api/chat"] = stream(said("Paris"), said("."), done())

    reply = ask("run_chat", stub.connection(), "llama3.2:3b", HELLO, options={"num_ctx": 8192})

    assert stub.asked == ["POST /api/chat"]
    assert stub.bodies == [{"model": "llama3.2:3b", "messages": HELLO, "stream": True, "options": {"num_ctx": 8192}}]
    assert reply.content == "Paris."
    assert reply.outcome.fate is Fate.ok


def test_first_token_is_told_once(ask: Asking, stub: Stub) -> None:
    """An empty chunk is no token; the first that says something is, and its time is kept."""
    stub.answers["/api/chat"] = stream(said(""), said("a"), said("b"), done())
    ticks = iter(range(100))
    told: list[int] = []

    reply = ask(
        "run_chat",
        stub.connection(),
        "m",
        HELLO,
        on_first_token=lambda: told.append(1),
        clock=lambda: float(next(ticks)),
    )

    assert told == [1]
    assert 0 < reply.outcome.timings.first_token < reply.outcome.timings.total


def test_thinking_and_tool_calls_are_kept_apart(ask: Asking, stub: Stub) -> None:
    """Thoughts, text and calls arrive in their own places; the ids of the calls are kept."""
    call = {"id": "call_1", "function": {"index": 0, "name": "weather", "arguments": {"city": "Paris"}}}
    stub.answers["/api/chat"] = stream(
        said("", thinking="Hm"), said("", thinking="m."), said("Look:"), said("", tool_calls=[call]), done()
    )

    reply = ask("run_chat", stub.connection(), "m", HELLO)

    assert (reply.thinking, reply.content, reply.tool_calls) == ("Hmm.", "Look:", (call,))


def test_lines_end_at_newlines_only(ask: Asking, stub: Stub) -> None:
    """Ollama writes U+0085 and its like raw inside JSON strings; httpx would cut the line there."""
    stub.answers["/api/chat"] = stream(said("one\u0085two\u2028three é"), done())

    assert ask("run_chat", stub.connection(), "m", HELLO).content == "one\u0085two\u2028three é"


def test_no_field_of_the_last_line_is_dropped(ask: Asking, stub: Stub) -> None:
    """Newer servers say how many tokens were cached; the ollama client would lose it."""
    stub.answers["/api/chat"] = stream(said("OK"), done(prompt_eval_cached_count=31))

    assert ask("run_chat", stub.connection(), "m", HELLO).body["prompt_eval_cached_count"] == 31


def test_an_empty_list_of_messages_loads_the_model(ask: Asking, stub: Stub) -> None:
    """The answer to a preload has no durations: the time seen is the time of the load."""
    stub.answers["/api/chat"] = answer(
        {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "load"}
    )

    reply = ask("run_chat", stub.connection(), "m", [])

    assert reply.outcome.done_reason == "load"
    assert reply.outcome.output_tokens == 0
    assert reply.outcome.timings.load == reply.outcome.timings.total


def test_texts_become_vectors_in_one_request(ask: Asking, stub: Stub) -> None:
    """All texts go together, and one vector per text comes back, in order."""
    stub.answers["/api/embed"] = answer({"model": "m", "embeddings": [[0.6, 0.8], [1, 0]], "prompt_eval_count": 9})

    reply = ask("run_embed", stub.connection(), "nomic-embed-text", ["a", "b"])

    assert stub.bodies == [{"model": "nomic-embed-text", "input": ["a", "b"]}]
    assert reply.vectors == ((0.6, 0.8), (1.0, 0.0))
    assert (reply.outcome.fate, reply.outcome.prompt_tokens) == (Fate.ok, 9)


def test_a_missing_vector_is_no_answer(ask: Asking, stub: Stub) -> None:
    """Fewer vectors than texts could not be told apart from a shift by one."""
    stub.answers["/api/embed"] = answer({"model": "m", "embeddings": [[1.0]]})

    with pytest.raises(AnswerTruncated, match="2 texts with 1 vectors"):
        ask("run_embed", stub.connection(), "m", ["a", "b"])


def test_a_stream_that_just_ends_is_truncated(ask: Asking, stub: Stub) -> None:
    """HTTP 200 and a clean end of the body are no complete answer."""
    stub.answers["/api/chat"] = stream(said("Paris"), said(" is"))

    with pytest.raises(AnswerTruncated, match="without done: true"):
        ask("run_chat", stub.connection(), "m", HELLO)


def test_a_connection_that_breaks_is_told_apart_from_that(ask: Asking, stub: Stub) -> None:
    """When bytes are missing, it was the connection."""
    stub.answers["/api/chat"] = replace(stream(said("Paris")), cut=True)

    with pytest.raises(ServerUnreachable, match="broke"):
        ask("run_chat", stub.connection(), "m", HELLO)


def test_an_error_line_ends_the_stream(ask: Asking, stub: Stub) -> None:
    """A runner that dies while it writes says so in the last line, after HTTP 200."""
    stub.answers["/api/chat"] = stream(said("Paris"), {"error": "an error was encountered: CUDA error"})

    with pytest.raises(ModelCrashed, match="CUDA error"):
        ask("run_chat", stub.connection(), "m", HELLO)


def test_something_else_than_an_ollama_is_named(ask: Asking, stub: Stub) -> None:
    """A web page with status 200 is not taken for an answer, and none of it is repeated."""
    stub.answers["/api/chat"] = Answer(b"<html>secret page</html>")

    with pytest.raises(ServerUnreachable, match="does not answer as an Ollama") as caught:
        ask("run_chat", stub.connection(), "m", HELLO)
    assert "secret" not in str(caught.value)


def test_nobody_there(ask: Asking, nobody: str) -> None:
    """The error names the address and the command that starts a server."""
    with pytest.raises(ServerUnreachable, match="ollama serve") as caught:
        ask("run_chat", Connection.of(nobody), "m", HELLO)
    assert caught.value.host == nobody
    assert caught.value.__cause__ is not None


def test_a_load_is_waited_for(ask: Asking, stub: Stub) -> None:
    """Silence before the first byte is a model that loads: no other time limit counts there."""
    stub.answers["/api/chat"] = replace(stream(said("late"), done()), silence=0.15)
    short = stub.connection(lookup=0.05, between_chunks=0.05)

    assert ask("run_chat", short, "m", HELLO).content == "late"


def test_a_deadline_ends_the_wait(ask: Asking, stub: Stub) -> None:
    """Who cannot wait for a load says so."""
    stub.answers["/api/chat"] = replace(stream(done()), silence=60.0)

    with pytest.raises(ServerTimeout):
        ask("run_chat", stub.connection(), "m", HELLO, deadline=0.05)
    stub.client_left.set()


def test_a_deadline_holds_while_the_answer_comes(ask: Asking, stub: Stub) -> None:
    """An answer that dribbles on is given up at its next piece."""
    stub.answers["/api/chat"] = stream(said("slow"), done())
    times = iter([0.0, 1.0])

    with pytest.raises(ServerTimeout, match="deadline of 5 s"):
        ask("run_chat", stub.connection(), "m", HELLO, deadline=5.0, clock=lambda: next(times, 9.0))


def test_silence_in_the_middle_is_bounded(ask: Asking, stub: Stub) -> None:
    """After its first piece, an answer may not fall silent for longer than allowed; the connection is closed then."""
    stub.answers["/api/chat"] = replace(stream(said("Paris")), stalls=True)

    with pytest.raises(ServerTimeout, match="no sign of life"):
        ask("run_chat", stub.connection(between_chunks=0.05), "m", HELLO)
    assert stub.client_left.wait(10)


async def test_cancelling_closes_the_connection(stub: Stub) -> None:
    """A cancelled call is not translated, and Ollama sees that nobody waits."""
    stub.answers["/api/chat"] = replace(stream(said("Paris")), stalls=True)
    task = asyncio.create_task(arun_chat(stub.connection(), "m", HELLO))
    await asyncio.to_thread(stub.stalling.wait, 10)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(stub.client_left.wait, 10)


def test_interrupting_closes_the_connection(stub: Stub) -> None:
    """Ctrl-C in the middle of an answer leaves no request behind."""
    stub.answers["/api/chat"] = replace(stream(said("Paris")), stalls=True)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_chat(stub.connection(), "m", HELLO, on_first_token=interrupt)
    assert stub.client_left.wait(10)


def test_one_call_after_the_other_in_new_event_loops(stub: Stub) -> None:
    """Every call has a client of its own, so a second `asyncio.run` finds no closed loop."""
    stub.answers["/api/chat"] = stream(said("a"), done())

    for _ in range(2):
        assert asyncio.run(arun_chat(stub.connection(), "m", HELLO)).content == "a"


def test_proxies_do_not_come_between_here_and_here(
    ask: Asking, stub: Stub, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy in the environment cannot reach this machine's loopback, and is not asked to."""
    monkeypatch.setenv("HTTP_PROXY", nobody)
    monkeypatch.setenv("ALL_PROXY", nobody)
    stub.answers["/api/chat"] = stream(said("a"), done())

    assert ask("run_chat", stub.connection(), "m", HELLO).content == "a"


def test_a_password_travels_as_a_header(ask: Asking, stub: Stub) -> None:
    """User and password of the URL reach the server, and nobody else."""
    stub.answers["/api/chat"] = answer({"error": "who are you?"}, 401)
    connection = Connection.of(stub.address.replace("http://", "http://ada:s3cret@"))

    with pytest.raises(OllamaError) as caught:
        ask("run_chat", connection, "m", HELLO)

    assert stub.headers[0]["Authorization"] == "Basic YWRhOnMzY3JldA=="
    assert "s3cret" not in f"{caught.value!r} {caught.value} {connection!r}"


def test_a_cloud_that_wants_a_sign_in_says_so(ask: Asking, stub: Stub) -> None:
    """The address to sign in at stands beside the error: an alias of a cloud model is known by it."""
    stub.answers["/api/chat"] = answer({"error": "unauthorized", "signin_url": "https://ollama.com/x"}, 401)

    with pytest.raises(CloudModelRefused, match="sign in"):
        ask("run_chat", stub.connection(), "alias", HELLO)


def test_a_reply_does_not_show_what_was_said(ask: Asking, stub: Stub) -> None:
    """Prompts and answers stay out of logs, whoever prints a reply."""
    stub.answers["/api/chat"] = stream(said("classified", thinking="classified"), done(logprobs="classified"))

    assert "classified" not in repr(ask("run_chat", stub.connection(), "m", HELLO))


@pytest.mark.parametrize(("given", "sent"), [("300", 300.0), ("-1", -1.0), ("10m", "10m"), (0, 0)])
def test_keep_alive_is_written_as_ollama_reads_it(ask: Asking, stub: Stub, given: float | str, sent: object) -> None:
    """A number in quotes, which Ollama refuses, is sent as the number that was meant."""
    stub.answers["/api/chat"] = stream(done())

    ask("run_chat", stub.connection(), "m", [], keep_alive=given)

    assert stub.bodies[0]["keep_alive"] == sent


@pytest.mark.parametrize(
    ("model", "keywords", "error"),
    [
        (" ", {}, InvalidRequest),
        ("m", {"deadline": -1.0}, InvalidRequest),
        ("m", {"deadline": float("nan")}, InvalidRequest),
        ("m", {"keep_alive": True}, ConfigError),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(
    ask: Asking, stub: Stub, model: str, keywords: dict[str, object], error: type[Exception]
) -> None:
    """Nothing is half done: the server hears nothing of it."""
    with pytest.raises(error):
        ask("run_chat", stub.connection(), model, HELLO, **keywords)
    assert stub.asked == []


def test_no_texts_are_refused(ask: Asking, stub: Stub) -> None:
    """A bare string would be embedded letter by letter elsewhere; here it is refused, as an empty list is."""
    nothing: list[str] = []
    for texts in (nothing, "abc"):
        with pytest.raises(InvalidRequest):
            ask("run_embed", stub.connection(), "m", texts)
    assert stub.asked == []
