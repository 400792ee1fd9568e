"""What a `ZetaLLM` says of itself: metadata that asks nobody, and no secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core import Settings
from llama_index.llms.ollama import Ollama

from tests.llamaindex.fakes import Scripted, ask, zeta_over
from tests.llamaindex.greeter import NOBODY
from zeta_llamaindex import ZetaLLM


def test_metadata_with_a_dead_server() -> None:
    """With a dead server, and an `Ollama` that would look up its context there, metadata is known all the same."""
    llm = ZetaLLM(models=["qwen3:8b", Ollama(model="llama3.2:3b", base_url=NOBODY)], hosts=[NOBODY])

    assert llm.metadata.is_chat_model
    assert llm.metadata.context_window == 3900  # LlamaIndex's own default, where nothing is known
    assert llm.metadata is llm.metadata


def test_metadata_survives_a_child_that_cannot_say() -> None:
    """A property that raises costs the defaults, and nothing else."""

    class Mute(Scripted):
        @property
        def metadata(self) -> Any:
            raise RuntimeError("unknown model")

    assert zeta_over(Mute("mute")).metadata.context_window == 3900


def test_settings_takes_it() -> None:
    """`Settings.llm` accepts it, as every place that resolves an LLM."""
    before = Settings._llm
    try:
        Settings.llm = zeta_over(Scripted("first"))
        assert isinstance(Settings.llm, ZetaLLM)
    finally:
        Settings._llm = before


def test_no_secret_is_shown() -> None:
    """Passwords and headers are in no repr, no JSON and no error."""
    llm = ZetaLLM(models=["qwen3:8b"], hosts=["http://user:hunter2@127.0.0.1:9"], headers={"X-Key": "hunter2"})
    with pytest.raises(Exception, match="every attempt failed") as caught:
        ask(llm, "chat")

    shown = [repr(llm), str(llm), llm.to_json(), json.dumps(llm.to_payload(), default=repr), str(caught.value)]
    shown.append(repr(llm._children.get(("qwen3:8b", "http://127.0.0.1:9")).llm))
    assert "hunter2" not in "".join(shown)
