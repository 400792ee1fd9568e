"""What a real server sent, read by the calls: answers whole, failures as what they mean."""

from __future__ import annotations

import json

import pytest

from tests.ollama.conftest import Asking, Recorded
from tests.ollama.stub import Stub
from zeta_router.errors import AnswerTruncated, ContextTooLong, ModelCrashed, ModelMissing, OllamaError

HELLO = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.mark.parametrize(
    ("example", "content", "thinking", "calls"),
    [
        ("chat-stream.ndjson", "Paris is the capital of France.", False, 0),
        ("chat-nonstream.json", "Paris is the capital of France.", False, 0),
        ("chat-think-stream.ndjson", "No: 91 = 7 × 13.", True, 0),
        ("chat-tools-rendered-stream.ndjson", "", False, 2),
        ("chat-tools-native-stream.ndjson", "", False, 2),
        ("chat-load.json", "", False, 0),
    ],
)
def test_recorded_answers_are_read(
    ask: Asking, stub: Stub, recorded: Recorded, example: str, content: str, thinking: bool, calls: int
) -> None:
    """What a real server sent is read whole: text, thoughts, calls."""
    stub.answers["/api/chat"] = recorded(example)

    reply = ask("run_chat", stub.connection(), "m", HELLO)

    assert (reply.content, bool(reply.thinking), len(reply.tool_calls)) == (content, thinking, calls)


@pytest.mark.parametrize(
    ("example", "error"),
    [
        ("stream-error-crash.ndjson", ModelCrashed),
        ("stream-error-native.ndjson", ModelCrashed),
        ("stream-truncated.ndjson", AnswerTruncated),
        ("nonstream-truncated.json", AnswerTruncated),
        ("error-404-chat.json", ModelMissing),
        ("error-400-context-native.json", ContextTooLong),
    ],
)
def test_recorded_failures_are_raised(
    ask: Asking, stub: Stub, recorded: Recorded, example: str, error: type[OllamaError]
) -> None:
    """What a real server sent when it failed becomes the error that it means."""
    stub.answers["/api/chat"] = recorded(example)

    with pytest.raises(error):
        ask("run_chat", stub.connection(), "m", HELLO)


def test_recorded_vectors_are_read(ask: Asking, stub: Stub, recorded: Recorded) -> None:
    """The vectors of a real answer arrive as they were sent."""
    stub.answers["/api/embed"] = recorded("embed.json")

    reply = ask("run_embed", stub.connection(), "nomic-embed-text", ["a", "b"])

    assert [list(v) for v in reply.vectors] == json.loads(recorded("embed.json").body)["embeddings"]
