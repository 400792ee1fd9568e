"""Runs the Python blocks of the README and the docs as tests, against a simulated Ollama."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

pytest_plugins = ["zeta_router.testing.pytest_plugin"]

# How fast a machine is must not decide whether a test passes.
settings.register_profile("zeta", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("zeta")

MODELS = ["qwen2.5-coder:7b", "phi4:14b", "llama3.2:3b", "nomic-embed-text"]


def setup(namespace: dict[str, Any]) -> None:
    """Start a simulated Ollama where the documents expect a real one, in a folder where they may leave files."""
    from zeta_router.simulator import SimulatedOllama

    server = SimulatedOllama(models=MODELS, time_scale=500, responder="schema", seed=7)
    server.start()
    namespace["_server"] = server
    namespace["_folder"] = tempfile.TemporaryDirectory()
    namespace["_back"] = Path.cwd()
    os.chdir(namespace["_folder"].name)
    namespace["_host"] = os.environ.get("OLLAMA_HOST")
    os.environ["OLLAMA_HOST"] = server.url


def teardown(namespace: dict[str, Any]) -> None:
    """Stop it, and leave the environment as it was."""
    namespace["_server"].stop()
    os.chdir(namespace["_back"])
    namespace["_folder"].cleanup()
    if namespace["_host"] is None:
        del os.environ["OLLAMA_HOST"]
    else:
        os.environ["OLLAMA_HOST"] = namespace["_host"]


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/*.md"],
    setup=setup,
    teardown=teardown,
).pytest()
