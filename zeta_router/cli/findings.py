"""What `zeta doctor` can find: one sentence on what is so, one on what to do about it."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from zeta_router import OllamaError, __version__
from zeta_router.cli.output import gigabytes
from zeta_router.cli.survey import HostSurvey
from zeta_router.limits import Limits
from zeta_router.ollama import Connection, translated
from zeta_router.ollama.wire import body_of, client_for

Level = Literal["ok", "warning", "problem"]

EXTRAS = {"langchain": "langchain-ollama", "llamaindex": "llama-index-llms-ollama", "simulator": "uvicorn"}
"""Extra → the distribution that shows that it is installed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    level: Level
    about: str
    what: str
    do: str = ""
    """What helps; empty where all is well."""


def host_findings(connection: Connection, found: HostSurvey) -> list[Finding]:
    """Return what is to be said of one host."""
    where = connection.address
    if found.error is not None:
        return [
            Finding(
                "problem", where, str(found.error), "start it, or name another with --host; `zeta demo` needs no Ollama"
            )
        ]
    findings = [Finding("ok", where, f"Ollama {_server_version(connection)} answers")]
    chat = [card for card in found.cards if card.can("completion")]
    if not found.cards:
        findings.append(Finding("problem", where, "it has no models", "ollama pull qwen2.5-coder:7b"))
    elif not chat:
        findings.append(Finding("problem", where, "none of its models can chat", "ollama pull llama3.2:3b"))
    else:
        names = ", ".join(card.name for card in found.cards)
        findings.append(Finding("ok", where, f"{len(found.cards)} models: {names}"))
    if len(chat) == 1:
        findings.append(
            Finding("warning", where, "with one model there is nothing to choose from", "ollama pull llama3.2:3b")
        )
    context = Limits().context
    for card in found.cards:
        loaded = found.in_memory(card)
        if loaded is None:
            continue
        if loaded.size is not None and loaded.size_vram is not None and loaded.size_vram < loaded.size:
            findings.append(
                Finding(
                    "warning",
                    f"{card.name} on {where}",
                    f"{gigabytes(loaded.size - loaded.size_vram)} of it run on the CPU, which is slow",
                    "lower its context, take a smaller quantization, or unload another model with `ollama stop NAME`",
                )
            )
        serving = min(card.context_length or context, context)
        if loaded.context_length is not None and loaded.context_length != serving:
            findings.append(
                Finding(
                    "warning",
                    f"{card.name} on {where}",
                    f"it is loaded with num_ctx {loaded.context_length}, Zeta asks for {serving}: it will be reloaded",
                    f"give the other program num_ctx {serving}, or give Zeta Limits(context={loaded.context_length})",
                )
            )
    return findings


def package_findings() -> list[Finding]:
    """Return what is installed here."""
    findings = [Finding("ok", "zeta", f"{__version__} on Python {platform.python_version()}")]
    for extra, distribution in EXTRAS.items():
        try:
            findings.append(Finding("ok", extra, f"{distribution} {version(distribution)}"))
        except PackageNotFoundError:
            findings.append(
                Finding("warning", extra, f"{distribution} is not installed", f"pip install 'zeta-router[{extra}]'")
            )
    return findings


def _server_version(connection: Connection) -> str:
    try:
        with translated(connection.address), client_for(connection) as client:
            return str(body_of(client.get("/api/version"), connection).get("version", "of unknown version"))
    except OllamaError:
        return "of unknown version"
