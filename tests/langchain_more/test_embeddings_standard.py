"""LangChain's own standard tests of embeddings, nothing overridden, on a simulated Ollama."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from zeta_langchain import ZetaEmbeddings
from zeta_router.simulator import SimulatedOllama


class OverASimulatedOllama:
    url: str

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls) -> Iterator[None]:
        with SimulatedOllama(models=["nomic-embed-text"], time_scale=1000) as server:
            cls.url = server.url
            yield

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return ZetaEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": "nomic-embed-text", "base_url": self.url}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {}, self.embedding_model_params, {"model": "nomic-embed-text"}


class TestUnits(OverASimulatedOllama, EmbeddingsUnitTests):
    pass


class TestIntegration(OverASimulatedOllama, EmbeddingsIntegrationTests):
    pass
