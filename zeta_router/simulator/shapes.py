"""True shapes of well-known models, as their GGUF files in Ollama's public library have them."""

from __future__ import annotations

from typing import NamedTuple

# Average bits per weight of whole files, norms and output layer included: file size / parameters of llama3.1:8b.
BITS_PER_WEIGHT = {
    "Q2_K": 3.2,
    "Q3_K_M": 4.0,
    "Q4_0": 4.65,
    "Q4_K_S": 4.7,
    "Q4_K_M": 4.9,
    "MXFP4": 5.3,
    "Q5_0": 5.6,
    "Q5_K_M": 5.7,
    "Q6_K": 6.6,
    "Q8_0": 8.5,
    "F16": 16.0,
}


class Shape(NamedTuple):
    """What a tag stands for, with sizes in bytes and counts of layers, heads and numbers."""

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
    active_share: float = 1.0
    """Share of the weights that one token uses: less than 1 for a mixture of experts."""


_TALK = ("completion",)
_TOOLS = ("completion", "tools")
_CODE = ("completion", "tools", "insert")
_SEE = ("completion", "vision")
_INSERT = ("completion", "insert")
_THINK = ("completion", "thinking")
_ALL = ("completion", "tools", "thinking")
_EMBED = ("embedding",)

# fmt: off
KNOWN = {
    "qwen2.5-coder:7b": Shape("qwen2", 7615616512, 28, 28, 4, 128, 3584, 32768, "Q4_K_M", 4683087332, _CODE),
    "qwen2.5-coder:14b": Shape("qwen2", 14770033664, 48, 40, 8, 128, 5120, 32768, "Q4_K_M", 8988124069, _CODE),
    "gemma3:1b": Shape("gemma3", 999885952, 26, 4, 1, 256, 1152, 32768, "Q4_K_M", 815319791, _TALK),
    "gemma3:4b": Shape("gemma3", 4299915632, 34, 8, 4, 256, 2560, 131072, "Q4_K_M", 3338801804, _SEE),
    "gemma3:12b": Shape("gemma3", 12187325040, 48, 16, 8, 256, 3840, 131072, "Q4_K_M", 8149190253, _SEE),
    "deepseek-r1:1.5b": Shape("qwen2", 1777088000, 28, 12, 2, 128, 1536, 131072, "Q4_K_M", 1117322599, _THINK),
    "deepseek-r1:8b": Shape("qwen3", 8190735360, 36, 32, 8, 128, 4096, 131072, "Q4_K_M", 5225376047, _ALL),
    "deepseek-coder-v2:16b": Shape(
        "deepseek2", 15706484224, 27, 16, 16, 160, 2048, 163840, "Q4_0", 8905126121, _INSERT, 2.4 / 15.7),
    "gpt-oss:20b": Shape(
        "gptoss", 20914757184, 24, 64, 8, 64, 2880, 131072, "MXFP4", 13793441244, _ALL, 3.6 / 20.9),
    # Latent attention: one compressed key-value vector of 576 numbers a layer, written here as one head of 288.
    "glm-4.7-flash:latest": Shape(
        "glm4moelite", 29943390976, 47, 20, 1, 288, 2048, 202752, "Q4_K_M", 19019270848, _ALL, 3.6 / 29.9),
    "qwen2.5:7b": Shape("qwen2", 7615616512, 28, 28, 4, 128, 3584, 32768, "Q4_K_M", 4683087332, _TOOLS),
    "qwen2.5:14b": Shape("qwen2", 14770033664, 48, 40, 8, 128, 5120, 32768, "Q4_K_M", 8988124069, _TOOLS),
    "deepseek-r1:7b": Shape("qwen2", 7615616512, 28, 28, 4, 128, 3584, 131072, "Q4_K_M", 4683075271, _THINK),
    "deepseek-r1:14b": Shape("qwen2", 14770033664, 48, 40, 8, 128, 5120, 131072, "Q4_K_M", 8988112040, _THINK),
    "phi4:14b": Shape("phi3", 14659507200, 40, 40, 10, 128, 5120, 16384, "Q4_K_M", 9053116391, _TALK),
    "llama3.2:1b": Shape("llama", 1235814432, 16, 32, 8, 64, 2048, 131072, "Q8_0", 1321098329, _TOOLS),
    "llama3.2:3b": Shape("llama", 3212749888, 28, 24, 8, 128, 3072, 131072, "Q4_K_M", 2019393189, _TOOLS),
    "llama3.1:8b": Shape("llama", 8030261312, 32, 32, 8, 128, 4096, 131072, "Q4_K_M", 4920753328, _TOOLS),
    "llama3.3:70b": Shape("llama", 70553706560, 80, 64, 8, 128, 8192, 131072, "Q4_K_M", 42520413916, _TOOLS),
    "mistral:7b": Shape("llama", 7248023552, 32, 32, 8, 128, 4096, 32768, "Q4_K_M", 4372824384, _TOOLS),
    "gemma2:2b": Shape("gemma2", 2614341888, 26, 8, 4, 256, 2304, 8192, "Q4_0", 1629518495, _TALK),
    "gemma2:9b": Shape("gemma2", 9241705984, 42, 16, 8, 256, 3584, 8192, "Q4_0", 5443152417, _TALK),
    "qwen3:8b": Shape("qwen3", 8190735360, 36, 32, 8, 128, 4096, 40960, "Q4_K_M", 5225388164, _ALL),
    "qwen3:14b": Shape("qwen3", 14768307200, 40, 40, 8, 128, 5120, 40960, "Q4_K_M", 9276198565, _ALL),
    "nomic-embed-text:latest": Shape(
        "nomic-bert", 136727040, 12, 12, 12, 64, 768, 2048, "F16", 274302450, _EMBED),
    "all-minilm:latest": Shape("bert", 22713216, 6, 12, 12, 32, 384, 512, "F16", 45960996, _EMBED),
    "mxbai-embed-large:latest": Shape("bert", 334092288, 24, 16, 16, 64, 1024, 512, "F16", 669615493, _EMBED),
}
# Stand-ins for models not named above: the nearest by parameter count lends its shape.
TYPICAL = (
    Shape("llama", 494032768, 24, 14, 2, 64, 896, 32768, "Q4_K_M", 0, _TOOLS),
    KNOWN["llama3.2:1b"], KNOWN["llama3.2:3b"], KNOWN["llama3.1:8b"], KNOWN["qwen3:14b"],
    Shape("llama", 32763876352, 64, 40, 8, 128, 5120, 32768, "Q4_K_M", 0, _TOOLS),
    KNOWN["llama3.3:70b"],
)
# fmt: on
