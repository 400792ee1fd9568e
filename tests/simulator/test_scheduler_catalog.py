"""Simulated models from Ollama tags, and finding them by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeta_router.simulator.catalog import canonical
from zeta_router.simulator.library import ModelLibrary
from zeta_router.simulator.tags import model_from_tag


@pytest.mark.parametrize(
    ("tag", "parameter_size", "quantization", "gigabytes"),
    [
        ("qwen2.5-coder:7b", "7.6B", "Q4_K_M", 4.68),
        ("llama3.1:8b-instruct-q8_0", "8.0B", "Q8_0", 8.53),
        ("llama3.2", "3.2B", "Q4_K_M", 2.02),
        ("nomic-embed-text", "137M", "F16", 0.27),
        ("all-minilm", "23M", "F16", 0.046),
        ("someone/new-thing:32b", "32.0B", "Q4_K_M", 19.6),
        ("mixtral:8x7b", "56.0B", "Q4_K_M", 34.3),
        ("smollm:360m", "360.00M", "Q4_K_M", 0.22),
        ("hf.co/unsloth/gpt-oss-20b-GGUF:Q4_K_M", "20.9B", "Q4_K_M", 12.8),
        ("whatever", "7.0B", "Q4_K_M", 4.29),
    ],
)
def test_a_tag_says_how_big_a_model_is(tag: str, parameter_size: str, quantization: str, gigabytes: float) -> None:
    """Well-known tags have their true sizes; others are read from the tag, and 7B where it says nothing."""
    model = model_from_tag(tag)

    assert model.parameter_size == parameter_size
    assert model.quantization == quantization
    assert model.size_bytes / 1e9 == pytest.approx(gigabytes, rel=0.03)


@pytest.mark.parametrize(
    ("tag", "capabilities"),
    [
        ("qwen3:8b", {"completion", "tools", "thinking"}),
        ("gemma2:9b", {"completion"}),
        ("starcoder9:3b", {"completion", "tools", "insert"}),
        ("llava:13b", {"completion", "tools", "vision"}),
        ("bge-m3", {"embedding"}),
    ],
)
def test_a_name_says_what_a_model_can(tag: str, capabilities: set[str]) -> None:
    """Abilities are known for well-known models and guessed from the name for others."""
    model = model_from_tag(tag)

    assert set(model.capabilities) == capabilities
    assert model.embedding == ("completion" not in capabilities)
    assert model.thinks == ("thinking" in capabilities)


@given(st.from_regex(r"[a-zA-Z][a-zA-Z0-9._-]{0,20}(:[a-zA-Z0-9._-]{1,20})?", fullmatch=True))
def test_any_tag_makes_a_model(tag: str) -> None:
    """Whatever the tag, the model is the same every time and makes sense."""
    model = model_from_tag(tag)

    assert model == model_from_tag(tag)
    assert model.name == canonical(tag)
    assert len(model.digest) == len(model.blob) == 64
    assert min(model.size_bytes, model.parameter_count, model.layers, model.kv_heads, model.context_length) > 0


@pytest.mark.parametrize(
    "name", ["llama3.2:1b", "LLAMA3.2:1B", "registry.ollama.ai/library/llama3.2:1b", "library/llama3.2:1b"]
)
def test_lookup_ignores_case_and_the_default_registry(name: str) -> None:
    """All spellings find the same model."""
    library = ModelLibrary([model_from_tag("llama3.2:1b")])

    assert library[name].name == "llama3.2:1b"
    assert name in library
    assert "llama3.2" not in library


def test_latest_goes_without_saying() -> None:
    """A name without a tag means its `latest`, and that is how the model is listed."""
    library = ModelLibrary([model_from_tag("nomic-embed-text")])

    assert [model.name for model in library] == ["nomic-embed-text:latest"]
    assert library.get("nomic-embed-text") is library.get("nomic-embed-text:LATEST") is not None


def test_models_come_and_go() -> None:
    """`pull` installs what is missing once; `remove` forgets it, and removing it twice is an error."""
    library = ModelLibrary()
    pulled = library.pull("phi4:14b")

    assert library.pull("PHI4:14b") is pulled
    assert library.remove("phi4:14b") is pulled
    assert len(library) == 0
    with pytest.raises(KeyError):
        library.remove("phi4:14b")


def test_an_alias_shares_the_weights() -> None:
    """Another name has another manifest and the same blob, so both names use one runner."""
    model = model_from_tag("llama3.2:1b")
    alias = model.alias("mine")

    assert alias.name == "mine:latest"
    assert alias.blob == model.blob
    assert alias.digest != model.digest
