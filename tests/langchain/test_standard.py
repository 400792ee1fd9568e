"""LangChain's own standard tests, nothing overridden: over scripted models, and over `ChatOllama` on a simulator.

What is skipped: videos, audio, PDFs and Anthropic's blocks, which Ollama does not read; serialization, which
`ChatOllama` does not have either; and a test that replays a recording of a provider's network traffic.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from tests.langchain.fakes import Scripted
from zeta_langchain import ChatZeta
from zeta_router import ModelCard, ZetaDynamicRouter
from zeta_router.simulator import SimulatedOllama

MODELS = ["qwen2.5-coder:7b", "llama3.2:3b"]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


class HostsAre:
    """Equals a router of these hosts."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = list(hosts)

    def __eq__(self, router: object) -> bool:
        return isinstance(router, ZetaDynamicRouter) and list(router.connections) == self.hosts

    __hash__ = None  # type: ignore[assignment]


class OverScriptedModels:
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatZeta

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"models": [Scripted(model=name) for name in MODELS]}

    @property
    def model_override_value(self) -> str:
        return MODELS[1]

    @property
    def supports_json_mode(self) -> bool:
        return True


class OverASimulatedOllama:
    names: ClassVar[list[str]] = MODELS
    url: str

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls) -> Iterator[None]:
        with SimulatedOllama(models=cls.names, time_scale=1000, responder="schema") as server:
            cls.url = server.url
            yield

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatZeta

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"models": self.names, "base_url": self.url}

    @property
    def init_from_env_params(self) -> Any:
        return {"OLLAMA_HOST": "gpu-box:11434"}, {"models": MODELS}, {"router": HostsAre("http://gpu-box:11434")}

    @property
    def model_override_value(self) -> str:
        return self.names[1]

    @property
    def supports_json_mode(self) -> bool:
        return True


class TestUnitsOverScriptedModels(OverScriptedModels, ChatModelUnitTests):
    pass


class TestIntegrationOverScriptedModels(OverScriptedModels, ChatModelIntegrationTests):
    pass


class TestUnitsOverASimulatedOllama(OverASimulatedOllama, ChatModelUnitTests):
    pass


class TestIntegrationOverASimulatedOllama(OverASimulatedOllama, ChatModelIntegrationTests):
    """Pictures go to the model that sees: the others are left out by what they can do."""

    names: ClassVar[list[str]] = [*MODELS, "qwen3-vl:8b"]

    @pytest.fixture(autouse=True)
    def _picture(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(httpx, "get", lambda *args, **kwargs: httpx.Response(200, content=PICTURE))

    @property
    def chat_model_params(self) -> dict[str, Any]:
        talks = [ModelCard(name=name, capabilities=frozenset({"completion", "tools"})) for name in MODELS]
        sees = ModelCard(name=self.names[-1], capabilities=frozenset({"completion", "tools", "vision"}))
        return {"models": [*talks, sees], "base_url": self.url}

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_image_urls(self) -> bool:
        return False
