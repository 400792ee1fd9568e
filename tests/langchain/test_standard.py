"""LangChain's own standard tests, nothing overridden: over scripted models, and over `ChatOllama` on a simulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from tests.langchain.fakes import Scripted
from zeta_langchain import ChatZeta
from zeta_router.simulator import SimulatedOllama

MODELS = ["qwen2.5-coder:7b", "llama3.2:3b"]


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


class OverASimulatedOllama:
    url: str

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls) -> Iterator[None]:
        with SimulatedOllama(models=MODELS, time_scale=1000, responder="schema") as server:
            cls.url = server.url
            yield

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatZeta

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"models": MODELS, "base_url": self.url}

    @property
    def model_override_value(self) -> str:
        return MODELS[1]

    @property
    def supports_json_mode(self) -> bool:
        return True


class TestUnitsOverScriptedModels(OverScriptedModels, ChatModelUnitTests):
    pass


class TestIntegrationOverScriptedModels(OverScriptedModels, ChatModelIntegrationTests):
    pass


class TestIntegrationOverASimulatedOllama(OverASimulatedOllama, ChatModelIntegrationTests):
    pass
