"""Fixtures of the tests of Ollama's wire."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ollama.stub import Answer, Stub, serving
from zeta_router import ollama

Asking = Callable[..., Any]
Recorded = Callable[[str], Answer]


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as server:
        yield server


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Asking:
    """Call a function of `zeta_router.ollama` by name, or its async twin with an `a` before its name."""

    def call(name: str, *arguments: Any, **keywords: Any) -> Any:
        if request.param == "sync":
            return getattr(ollama, name)(*arguments, **keywords)
        return asyncio.run(getattr(ollama, f"a{name}")(*arguments, **keywords))

    return call


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture(scope="session")
def recorded(shared: Path) -> Recorded:
    """Return what a real server answered, by the name of the example."""
    index = json.loads((shared / "ollama-wire-examples" / "index.json").read_text())

    def example(name: str) -> Answer:
        return Answer((shared / "ollama-wire-examples" / name).read_bytes(), index[name]["status"])

    return example
