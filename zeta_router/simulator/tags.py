"""Plausible models for Ollama tags: well-known ones with their true shapes, others guessed from their size.

Shapes (layers, heads, key-value heads, widths, trained context) and file sizes are those of the GGUF files in Ollama's
public library.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import NamedTuple

from zeta_router.simulator.catalog import SimulatedModel, canonical, hex_digest

# Average bits per weight of whole files, norms and output layer included: file size / parameters of llama3.1:8b.
BITS_PER_WEIGHT = {
    "Q2_K": 3.2,
    "Q3_K_M": 4.0,
    "Q4_0": 4.65,
    "Q4_K_S": 4.7,
    "Q4_K_M": 4.9,
    "Q5_0": 5.6,
    "Q5_K_M": 5.7,
    "Q6_K": 6.6,
    "Q8_0": 8.5,
    "F16": 16.0,
}


class _Shape(NamedTuple):
    family: str
    parameters: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    width: int
    context: int
    quantization: str
    size: int
    capabilities: tuple[str, ...]


_TALK = ("completion",)
_TOOLS = ("completion", "tools")
_CODE = ("completion", "tools", "insert")
_THINK = ("completion", "thinking")
_ALL = ("completion", "tools", "thinking")
_EMBED = ("embedding",)

# fmt: off
_KNOWN = {
    "qwen2.5-coder:7b": _Shape("qwen2", 7615616512, 28, 28, 4, 128, 3584, 32768, "Q4_K_M", 4683087332, _CODE),
    "qwen2.5-coder:14b": _Shape("qwen2", 14770033664, 48, 40, 8, 128, 5120, 32768, "Q4_K_M", 8988124069, _CODE),
    "qwen2.5:7b": _Shape("qwen2", 7615616512, 28, 28, 4, 128, 3584, 32768, "Q4_K_M", 4683087332, _TOOLS),
    "qwen2.5:14b": _Shape("qwen2", 14770033664, 48, 40, 8, 128, 5120, 32768, "Q4_K_M", 8988124069, _TOOLS),
    "deepseek-r1:7b": _Shape("qwen2", 7615616512, 28, 28, 4, 128, 3584, 131072, "Q4_K_M", 4683075271, _THINK),
    "deepseek-r1:14b": _Shape("qwen2", 14770033664, 48, 40, 8, 128, 5120, 131072, "Q4_K_M", 8988112040, _THINK),
    "phi4:14b": _Shape("phi3", 14659507200, 40, 40, 10, 128, 5120, 16384, "Q4_K_M", 9053116391, _TALK),
    "llama3.2:1b": _Shape("llama", 1235814432, 16, 32, 8, 64, 2048, 131072, "Q8_0", 1321098329, _TOOLS),
    "llama3.2:3b": _Shape("llama", 3212749888, 28, 24, 8, 128, 3072, 131072, "Q4_K_M", 2019393189, _TOOLS),
    "llama3.1:8b": _Shape("llama", 8030261312, 32, 32, 8, 128, 4096, 131072, "Q4_K_M", 4920753328, _TOOLS),
    "llama3.3:70b": _Shape("llama", 70553706560, 80, 64, 8, 128, 8192, 131072, "Q4_K_M", 42520413916, _TOOLS),
    "mistral:7b": _Shape("llama", 7248023552, 32, 32, 8, 128, 4096, 32768, "Q4_K_M", 4372824384, _TOOLS),
    "gemma2:2b": _Shape("gemma2", 2614341888, 26, 8, 4, 256, 2304, 8192, "Q4_0", 1629518495, _TALK),
    "gemma2:9b": _Shape("gemma2", 9241705984, 42, 16, 8, 256, 3584, 8192, "Q4_0", 5443152417, _TALK),
    "qwen3:8b": _Shape("qwen3", 8190735360, 36, 32, 8, 128, 4096, 40960, "Q4_K_M", 5225388164, _ALL),
    "qwen3:14b": _Shape("qwen3", 14768307200, 40, 40, 8, 128, 5120, 40960, "Q4_K_M", 9276198565, _ALL),
    "nomic-embed-text:latest": _Shape(
        "nomic-bert", 136727040, 12, 12, 12, 64, 768, 2048, "F16", 274302450, _EMBED),
    "all-minilm:latest": _Shape("bert", 22713216, 6, 12, 12, 32, 384, 512, "F16", 45960996, _EMBED),
    "mxbai-embed-large:latest": _Shape("bert", 334092288, 24, 16, 16, 64, 1024, 512, "F16", 669615493, _EMBED),
}
# Stand-ins for models not named above: the nearest by parameter count lends its shape.
_TYPICAL = (
    _Shape("llama", 494032768, 24, 14, 2, 64, 896, 32768, "Q4_K_M", 0, _TOOLS),
    _KNOWN["llama3.2:1b"], _KNOWN["llama3.2:3b"], _KNOWN["llama3.1:8b"], _KNOWN["qwen3:14b"],
    _Shape("llama", 32763876352, 64, 40, 8, 128, 5120, 32768, "Q4_K_M", 0, _TOOLS),
    _KNOWN["llama3.3:70b"],
)
# fmt: on
_LATEST = {
    "deepseek-r1": "8b",
    "gemma2": "9b",
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
    capabilities = shape.capabilities
    return SimulatedModel(
        name=name,
        digest=hex_digest(f"manifest {name.lower()}"),
        blob=hex_digest(f"weights {name.lower()}"),
        size_bytes=shape.size,
        family=shape.family,
        families=(shape.family,),
        parameter_size=_parameter_size(shape.parameters),
        parameter_count=shape.parameters,
        quantization=shape.quantization,
        layers=shape.layers,
        heads=shape.heads,
        kv_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        embedding_length=shape.width,
        context_length=shape.context,
        num_ctx=num_ctx,
        capabilities=capabilities,
        rendered=rendered,
    )


def with_num_ctx(model: SimulatedModel, num_ctx: int | None) -> SimulatedModel:
    """Return the model with another context in its Modelfile."""
    return replace(model, num_ctx=num_ctx)


def _shape(name: str) -> _Shape:
    """Return the known shape of a tag, its quantisation adjusted, or a guess."""
    family, _, tag = name.partition(":")
    size = tag.partition("-")[0]
    known = _KNOWN.get(name) or _KNOWN.get(f"{family}:{_LATEST.get(family, '') if tag == 'latest' else size}")
    if known is None and tag != "latest":
        known = _KNOWN.get(f"{family}:latest")
    quantization = _quantization(tag)
    if known is not None:
        return known if quantization in (None, known.quantization) else _requantized(known, quantization)
    return _guess(name, quantization)


def _guess(name: str, quantization: str | None) -> _Shape:
    if _EMBEDDER.search(name):
        return _KNOWN["nomic-embed-text:latest"]
    parameters = _parameters(name)
    typical = min(_TYPICAL, key=lambda shape: abs(math.log(shape.parameters / parameters)))
    capabilities = ["completion", "tools"]
    for capability, pattern in (("thinking", _THINKER), ("vision", _SEES)):
        if pattern.search(name):
            capabilities.append(capability)
    if "cod" in name:
        capabilities.append("insert")
    family = re.split(r"[-:]", name.rpartition("/")[2])[0]
    shape = typical._replace(family=family, parameters=round(parameters), capabilities=tuple(capabilities))
    return _requantized(shape, quantization or "Q4_K_M")


def _requantized(shape: _Shape, quantization: str) -> _Shape:
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


def _parameter_size(parameters: int) -> str:
    if parameters >= 1e9:
        return f"{parameters / 1e9:.1f}B"
    return f"{parameters / 1e6:.0f}M" if parameters >= 1e8 else f"{parameters / 1e6:.2f}M"
