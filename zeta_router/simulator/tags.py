"""Plausible models for Ollama tags: well-known ones with their true shapes, others guessed from their size."""

from __future__ import annotations

import math
import re

from zeta_router.simulator.catalog import SimulatedModel, canonical, hex_digest
from zeta_router.simulator.shapes import BITS_PER_WEIGHT, KNOWN, TYPICAL, Shape

_LATEST = {
    "deepseek-r1": "8b",
    "deepseek-coder-v2": "16b",
    "gemma2": "9b",
    "gemma3": "4b",
    "gpt-oss": "20b",
    "llama3.1": "8b",
    "llama3.2": "3b",
    "llama3.3": "70b",
    "mistral": "7b",
    "phi4": "14b",
    "qwen2.5": "7b",
    "qwen2.5-coder": "7b",
    "qwen3": "8b",
}
_DEFAULT_PARAMETERS = 7e9  # what "latest" most often is
_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_HUGGING_FACE = re.compile(r"hf\.co/.*/([^/]*?)-(\d+(?:\.\d+)?b)(?:-.*)?")  # hf.co/someone/gpt-oss-20b-GGUF
_EMBEDDER = re.compile(r"embed|minilm|bge-|arctic|paraphrase|\be5\b")
_THINKER = re.compile(r"deepseek-r1|qwq|qwen3|gpt-oss|magistral|think|reason")
_SEES = re.compile(r"llava|vision|-vl|vl:|gemma3|moondream|minicpm-v")


def model_from_tag(tag: str, *, num_ctx: int | None = None, rendered: bool = True) -> SimulatedModel:
    """Return a plausible model for any Ollama tag; the same tag always gives the same model.

    Args:
        tag: As a user writes it, e.g. `qwen2.5-coder:7b`, `llama3.1:8b-instruct-q8_0`, `someone/thing:3b`.
        num_ctx: The Modelfile's context, None for none.
        rendered: Whether Ollama makes the prompt (else the GGUF's own template).
    """
    name = canonical(tag)
    shape = _shape(name.lower())
    return SimulatedModel(
        name=name,
        digest=hex_digest(f"manifest {name.lower()}"),
        blob=hex_digest(f"weights {name.lower()}"),
        size_bytes=shape.size,
        family=shape.family,
        families=(shape.family,),
        parameter_size=_parameter_size(shape),
        parameter_count=shape.parameters,
        quantization=shape.quantization,
        layers=shape.layers,
        heads=shape.heads,
        kv_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        embedding_length=shape.width,
        context_length=shape.context,
        num_ctx=num_ctx,
        capabilities=shape.capabilities,
        active_share=shape.active_share,
        rendered=rendered,
    )


def _shape(name: str) -> Shape:
    """Return the known shape of a tag, its quantisation adjusted, or a guess."""
    family, _, tag = name.partition(":")
    size = tag.partition("-")[0]
    if packed := _HUGGING_FACE.fullmatch(family):
        family, size = packed.groups()
    known = KNOWN.get(name) or KNOWN.get(f"{family}:{_LATEST.get(family, '') if tag == 'latest' else size}")
    if known is None and tag != "latest":
        known = KNOWN.get(f"{family}:latest")
    quantization = _quantization(tag)
    if known is not None:
        return known if quantization in (None, known.quantization) else _requantized(known, quantization)
    return _guess(name, quantization)


def _guess(name: str, quantization: str | None) -> Shape:
    if _EMBEDDER.search(name):
        return KNOWN["nomic-embed-text:latest"]
    parameters = _parameters(name)
    typical = min(TYPICAL, key=lambda shape: abs(math.log(shape.parameters / parameters)))
    capabilities = ["completion", "tools"]
    for capability, pattern in (("thinking", _THINKER), ("vision", _SEES)):
        if pattern.search(name):
            capabilities.append(capability)
    if "cod" in name:
        capabilities.append("insert")
    family = re.split(r"[-:]", name.rpartition("/")[2])[0]
    shape = typical._replace(family=family, parameters=round(parameters), capabilities=tuple(capabilities))
    return _requantized(shape, quantization or "Q4_K_M")


def _requantized(shape: Shape, quantization: str) -> Shape:
    size = round(shape.parameters * BITS_PER_WEIGHT[quantization] / 8)
    return shape._replace(quantization=quantization, size=size)


def _parameters(name: str) -> float:
    match = _SIZE.search(name)
    if match is None:
        return _DEFAULT_PARAMETERS
    experts, number, unit = match.groups()
    return float(number) * int(experts or 1) * (1e9 if unit == "b" else 1e6) or _DEFAULT_PARAMETERS


def _quantization(tag: str) -> str | None:
    if "fp16" in tag or "f16" in tag:
        return "F16"
    upper = tag.upper()
    return next((name for name in sorted(BITS_PER_WEIGHT, key=len, reverse=True) if name in upper), None)


def _parameter_size(shape: Shape) -> str:
    """Return the size as Ollama shows it: 7.6B, 494.03M, and 137M for embedders, whose files round it."""
    if shape.parameters >= 1e9:
        return f"{shape.parameters / 1e9:.1f}B"
    millions = shape.parameters / 1e6
    return f"{millions:.0f}M" if "embedding" in shape.capabilities else f"{millions:.2f}M"
