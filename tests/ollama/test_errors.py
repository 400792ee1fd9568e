"""Every foreign error has one meaning here, whichever client raised it; ours and everybody's bugs pass through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import ollama
import pydantic
import pytest

from tests.ollama.stub import Answer, Stub, answer, said, stream
from zeta_router.errors import (
    AnswerTruncated,
    CapabilityMissing,
    CloudModelRefused,
    ContextTooLong,
    ModelCrashed,
    ModelMissing,
    OllamaError,
    RequestRefused,
    ServerBusy,
    ServerTimeout,
    ServerUnreachable,
)
from zeta_router.ollama import fate_of, is_closed_loop, is_retryable, translate, translated
from zeta_router.ollama.statuses import error_for
from zeta_router.outcome import Fate

HOST = "http://gpu:11434"

Client = Callable[[str], ollama.Client]

RECORDED = {
    "error-404-chat.json": ModelMissing,
    "error-404-show.json": ModelMissing,
    "error-404-embed.json": ModelMissing,
    "error-404-generate-no-model.json": ModelMissing,
    "error-400-chat-no-model.json": RequestRefused,
    "error-400-bad-json.json": RequestRefused,
    "error-400-no-body.json": RequestRefused,
    "error-400-wrong-type.json": RequestRefused,
    "error-400-keep-alive.json": RequestRefused,
    "error-400-think-value.json": RequestRefused,
    "error-400-top-logprobs.json": RequestRefused,
    "error-400-tools.json": CapabilityMissing,
    "error-400-thinking.json": CapabilityMissing,
    "error-400-chat-on-embedder.json": CapabilityMissing,
    "error-400-generate-on-embedder.json": CapabilityMissing,
    "error-400-context-native.json": ContextTooLong,
    "error-400-context-rendered-noshift.json": ContextTooLong,
    "error-400-embed-too-long.json": ContextTooLong,
    "error-403-cloud-off.json": CloudModelRefused,
    "error-499-canceled.json": ServerUnreachable,
    "error-500-option-type.json": RequestRefused,
    "error-500-format.json": RequestRefused,
    "error-500-load-crash.json": ModelCrashed,
    "error-500-load-oom.json": ModelCrashed,
    "error-500-load-stalled.json": ModelCrashed,
    "error-500-runner-stopped.json": ModelCrashed,
    "error-500-runner-crash-nonstream.json": ModelCrashed,
    "error-501-embed-on-chat-model.json": RequestRefused,
    "error-503-busy.json": ServerBusy,
}


@pytest.fixture
def client() -> Iterator[Client]:
    """The real client, closed after the test."""
    with ExitStack() as stack:
        yield lambda host: stack.enter_context(ollama.Client(host))


def from_client(call: Callable[[], object]) -> BaseException:
    """Return what the real client raises."""
    with pytest.raises(Exception) as caught:  # which one it is, is the question
        call()
    return caught.value


def test_every_recorded_error_has_its_meaning(shared: Path) -> None:
    """Each error that a real server sent, through the real client's exception."""
    folder = shared / "ollama-wire-examples"
    index = json.loads((folder / "index.json").read_text())
    errors = {name: entry for name, entry in index.items() if name.startswith("error-")}
    assert errors.keys() == RECORDED.keys()

    found = {
        name: type(translate(ollama.ResponseError((folder / name).read_text(), entry["status"]), HOST, "m"))
        for name, entry in errors.items()
    }

    assert found == RECORDED


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (404, '{"error": "model \'m\' not found"}', ModelMissing),
        (404, "404 page not found", ServerUnreachable),
        (400, '{"error": "tools are not supported"}', RequestRefused),
        (500, '{"error": "cudaMalloc failed: out of memory"}', ModelCrashed),
        (503, '{"error": "server busy, please try again."}', ServerBusy),
        (429, "slow down", ServerBusy),
        (504, "<html>gateway timeout</html>", ServerTimeout),
        (502, "<html>bad gateway</html>", ServerUnreachable),
        (401, "unauthorized", RequestRefused),
        (403, "", RequestRefused),
        (301, "", RequestRefused),
        (-1, '{"error": "CUDA error"}', ModelCrashed),
        (
            -1,
            '{"error": {"error": {"code": 400, "type": "exceed_context_size_error", "message": "x"}}}',
            ContextTooLong,
        ),
    ],
)
def test_status_and_text_decide(status: int, text: str, error: type[OllamaError]) -> None:
    """Status first, then a piece of the text; the error knows host, model and status."""
    found = translate(ollama.ResponseError(text, status), HOST, "m")

    assert type(found) is error
    assert (found.host, found.model, found.status) == (HOST, "m", None if status == -1 else status)


def test_a_cloud_that_wants_a_sign_in_is_told_from_wrong_credentials() -> None:
    """The client drops the address to sign in at, so the model's tag decides."""
    unauthorized = ollama.ResponseError('{"error": "unauthorized", "signin_url": "https://ollama.com/x"}', 401)

    assert type(translate(unauthorized, HOST, "kimi:cloud")) is CloudModelRefused
    assert type(translate(unauthorized, HOST, "kimi:1b")) is RequestRefused


def test_a_server_that_is_down_is_one_error_for_both_clients(client: Client, nobody: str) -> None:
    """The real client raises two different classes, streamed and not."""
    asking = client(nobody)
    plain = from_client(lambda: asking.chat("m", []))
    streamed = from_client(lambda: list(asking.chat("m", [], stream=True)))

    assert isinstance(plain, ConnectionError)
    assert isinstance(streamed, httpx.ConnectError)
    for exc in (plain, streamed):
        error = translate(exc, nobody, "m")
        assert type(error) is ServerUnreachable
        assert "ollama serve" in str(error)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Answer(b"[1]", 500), ServerUnreachable),  # the client's AttributeError
        (Answer(b"<html>"), ServerUnreachable),  # JSONDecodeError
        (Answer(b"x", cut=True), ServerUnreachable),  # httpx.RemoteProtocolError
        (Answer(b'{"message": {"role": "assistant"}, "eval_duration": "soon"}'), ServerUnreachable),  # ValidationError
        (Answer(b'{"message": {"role": "assistant"}, "eval_count": NaN}'), ServerUnreachable),
        (answer({"error": "model 'm' not found"}, 404), ModelMissing),
    ],
)
def test_what_the_real_client_makes_of_it(client: Client, stub: Stub, reply: Answer, error: type[OllamaError]) -> None:
    """Bodies that trip the client up are known by where the exception came from."""
    stub.answers["/api/chat"] = reply
    asking = client(stub.address)
    exc = from_client(lambda: asking.chat("m", []))

    assert type(translate(exc, stub.address, "m")) is error


def test_an_error_line_in_the_real_clients_stream(client: Client, stub: Stub) -> None:
    """Its status is -1, and its text may be a dict."""
    words = json.dumps({"code": 400, "type": "exceed_context_size_error", "message": "too many tokens"})
    stub.answers["/api/chat"] = stream(said("a"), {"error": words})
    asking = client(stub.address)
    exc = from_client(lambda: list(asking.chat("m", [], stream=True)))

    assert type(translate(exc, stub.address, "m")) is ContextTooLong


def test_a_mistake_in_the_request_is_the_callers(client: Client, stub: Stub) -> None:
    """The client finds it out by pydantic as well; no server is to blame."""
    asking = client(stub.address)
    exc = from_client(lambda: asking.chat("m", [], options="hot"))  # type: ignore[call-overload]

    assert translate(exc, stub.address, "m") is None


def test_an_empty_model_name_is_refused(client: Client, stub: Stub) -> None:
    """The client finds it out by pydantic; nothing was sent."""
    asking = client(stub.address)
    exc = from_client(lambda: asking.chat("", []))

    assert type(translate(exc, stub.address)) is RequestRefused
    assert stub.asked == []


@pytest.mark.parametrize(
    ("exc", "error", "fate"),
    [
        (httpx.ConnectTimeout(""), ServerUnreachable, Fate.error),
        (httpx.ReadTimeout(""), ServerTimeout, Fate.timeout),
        (httpx.WriteTimeout(""), ServerTimeout, Fate.timeout),
        (httpx.PoolTimeout(""), ServerTimeout, Fate.timeout),
        (httpx.ReadError(""), ServerUnreachable, Fate.error),
        (httpx.RemoteProtocolError(""), ServerUnreachable, Fate.error),
        (httpx.UnsupportedProtocol(""), ServerUnreachable, Fate.error),
        (httpx.DecodingError(""), OllamaError, Fate.error),
        (TimeoutError(), ServerTimeout, Fate.timeout),
        (asyncio.TimeoutError(), ServerTimeout, Fate.timeout),
        (ConnectionResetError(), ServerUnreachable, Fate.error),
        (ValueError("No data received from Ollama stream."), AnswerTruncated, Fate.truncated),
        (ollama.ResponseError("busy", 503), ServerBusy, Fate.rejected),
        (ollama.ResponseError("not found", 404), ModelMissing, Fate.missing),
    ],
)
def test_every_foreign_error_is_mapped(exc: Exception, error: type[OllamaError], fate: Fate) -> None:
    """One error and one fate for each, and the foreign one stays its cause."""
    with pytest.raises(OllamaError) as caught, translated(HOST, "m"):
        raise exc

    assert type(caught.value) is error
    assert caught.value.__cause__ is exc
    assert fate_of(exc) is fate_of(caught.value) is fate


def test_every_transport_error_of_httpx_is_mapped() -> None:
    """A new one in httpx is not let through untranslated either."""
    todo = [httpx.HTTPError]
    while todo:
        kind = todo.pop()
        todo.extend(kind.__subclasses__())
        assert isinstance(translate(kind.__new__(kind), HOST), OllamaError), kind


@pytest.mark.parametrize(
    "exc",
    [
        ValueError("no"),
        AttributeError("no"),
        KeyError("no"),
        RuntimeError("Event loop is closed"),
        OSError("disk full"),
    ],
)
def test_bugs_pass_through(exc: Exception) -> None:
    """What Ollama has nothing to do with is raised as it is."""
    with pytest.raises(type(exc)) as caught, translated(HOST):
        raise exc
    assert caught.value is exc
    assert fate_of(exc) is Fate.error
    assert not is_retryable(exc)


def test_a_users_own_parse_error_is_none_of_ours() -> None:
    """The same class from the user's code is not taken for the server's."""
    with pytest.raises(json.JSONDecodeError), translated(HOST):
        json.loads("{")
    with pytest.raises(pydantic.ValidationError), translated(HOST):
        pydantic.TypeAdapter(int).validate_python("x")


@pytest.mark.parametrize(
    ("exc", "fate"),
    [
        (asyncio.CancelledError(), Fate.cancelled),
        (KeyboardInterrupt(), Fate.cancelled),
        (GeneratorExit(), Fate.closed_early),
        (AnswerTruncated("x"), Fate.truncated),
    ],
)
def test_leaving_is_no_failure(exc: BaseException, fate: Fate) -> None:
    """Who leaves is not translated, and says nothing against the model."""
    assert fate_of(exc) is fate
    with pytest.raises(type(exc)) as caught, translated(HOST):
        raise exc
    assert caught.value is exc


@pytest.mark.parametrize(
    ("said", "capability"),
    [
        ("registry.ollama.ai/library/plain:7b does not support tools", "tools"),
        ('"plain:7b" does not support thinking', "thinking"),
        ('"nomic-embed-text" does not support chat', "completion"),
        ("registry.ollama.ai/library/plain:7b does not support insert", "insert"),
    ],
)
def test_what_a_model_cannot_do_is_told_apart(said: str, capability: str) -> None:
    """Another model may be able to: it is no refusal of the request."""
    error = error_for(400, said, HOST, "plain:7b")

    assert isinstance(error, CapabilityMissing)
    assert error.capability == capability


def test_what_the_server_cannot_do_is_no_models_lack() -> None:
    """These words are about the request."""
    error = error_for(400, "raw mode does not support template, system, or context", HOST, "plain:7b")

    assert type(error) is RequestRefused


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (ModelMissing("x"), True),
        (ServerBusy("x"), True),
        (ModelCrashed("x"), True),
        (ServerUnreachable("x"), True),
        (ServerTimeout("x"), True),
        (AnswerTruncated("x"), True),
        (CapabilityMissing("x"), True),
        (RequestRefused("x"), False),
        (CloudModelRefused("x"), False),
        (ContextTooLong("x"), False),
        (asyncio.CancelledError(), False),
    ],
)
def test_another_attempt_is_worth_it_or_not(error: BaseException, retryable: bool) -> None:
    """What another model or server may do better is; what every one would refuse is not."""
    assert is_retryable(error) is retryable


def test_too_long_a_prompt_needs_a_longer_context() -> None:
    """Only then is it worth another attempt; a refusal is not."""
    assert is_retryable(ContextTooLong("x"), longer_context=True)
    assert not is_retryable(RequestRefused("x"), longer_context=True)


@pytest.mark.parametrize(
    ("exc", "closed"),
    [
        (RuntimeError("Event loop is closed"), True),
        (RuntimeError("<Lock> is bound to a different event loop"), True),
        (RuntimeError("generator raised StopIteration"), False),
        (ValueError("Event loop is closed"), False),
    ],
)
def test_a_closed_loop_is_known(exc: Exception, closed: bool) -> None:
    """A client of another event loop is built anew, and is no trouble of the server's."""
    assert is_closed_loop(exc) is closed


@pytest.mark.parametrize("host", ["http://ada:s3cret@gpu", "http://ada:s3cret/x@gpu"])
@pytest.mark.parametrize(
    "exc", [httpx.ReadTimeout(""), httpx.ConnectError(""), httpx.ReadError(""), ollama.ResponseError("x", 500)]
)
def test_errors_show_no_password(host: str, exc: Exception) -> None:
    """Whatever the host was given as, and whatever went wrong there."""
    error = translate(exc, host, "m")

    assert error is not None
    assert "s3cret" not in f"{error} {error!r} {error.host}"


def test_the_servers_words_are_kept_short() -> None:
    """A failed load carries its last log lines along: the error stays one line."""
    error = translate(ollama.ResponseError("out of memory\n" * 500, 500), HOST, "m")

    assert "out of memory out of memory" in str(error)
    assert len(str(error)) < 400
    assert "\n" not in str(error)
