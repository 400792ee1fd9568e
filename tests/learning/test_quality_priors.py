"""What is believed of models before they have answered."""

from __future__ import annotations

import pytest

from zeta_router.learning.quality_priors import ABOUT, FILE, quality, shipped
from zeta_router.model import ModelCard

TABLE = {"gemma2:9b": {"": 0.02, "code": 0.08}, "qwen2.5:7b": {"": 0.10}, "llama3:8b-text": {"": -0.12}}


def prior(name: str, task: str = "code", **known: object) -> float:
    card = ModelCard.from_name(name)
    return quality(ModelCard(name=name, parameter_count=card.parameter_count, **known), task, TABLE)  # type: ignore[arg-type]


def by_size(name: str) -> float:
    return quality(ModelCard.from_name(name), "code", {})


def test_the_table_shifts_what_the_size_says() -> None:
    """On the task it names; on others by what holds for all."""
    assert prior("gemma2:9b") == pytest.approx(by_size("gemma2:9b") + 0.08)
    assert prior("gemma2:9b", "chat") == pytest.approx(by_size("gemma2:9b") + 0.02)


@pytest.mark.parametrize("tag", ["gemma2:9b-instruct-q4_K_M", "someone/gemma2:9b", "GEMMA2:9b"])
def test_tags_of_one_model_are_one(tag: str) -> None:
    """Whoever pushed it, however it is spelled."""
    assert prior(tag) == pytest.approx(prior("gemma2:9b"))


def test_another_size_of_the_family_is_believed_less() -> None:
    """The further away, the less."""
    near = prior("gemma2:12b") - by_size("gemma2:12b")
    far = prior("gemma2:27b") - by_size("gemma2:27b")
    assert 0.08 > near > far > 0.0


def test_another_generation_is_believed_half() -> None:
    """qwen3 is no qwen2.5, but it is kin."""
    assert prior("qwen3:7b") == pytest.approx(by_size("qwen3:7b") + 0.05)


def test_a_base_model_is_not_its_taught_sibling() -> None:
    """`-text` models answer worse, and say nothing of the others."""
    assert prior("llama3:8b-text") == pytest.approx(by_size("llama3:8b") - 0.12)
    assert prior("llama3:8b") == by_size("llama3:8b")


def test_what_no_table_has_is_judged_by_its_size_and_name() -> None:
    """Larger is better, and a coder is for code."""
    assert by_size("new:3b") < by_size("new:7b") < by_size("new:30b")
    assert prior("new-coder:7b") > prior("new:7b") > prior("new-coder:7b", "chat")


def test_two_bits_are_worse_than_eight() -> None:
    """Told by Ollama, or read from the tag."""
    assert prior("new:7b-instruct-q2_K") < prior("new:7b") < prior("new:7b-instruct-q8_0")
    assert prior("new:7b", quantization="Q2_K") == prior("new:7b-instruct-q2_K")
    assert prior("new:7b", quantization="F16") == prior("new:7b-fp16") == prior("new:7b", quantization="Q8_0")


def test_the_users_own_word_wins() -> None:
    """A card with a quality knows better than any table."""
    assert prior("gemma2:9b", quality={"code": 0.33}) == 0.33


def test_the_table_that_ships_names_its_sources() -> None:
    """Every model's tables are described, every shift is bounded, and every tag is lower case with a size."""
    assert "quality_priors.json" in str(FILE)
    assert len(shipped()) >= 60
    assert all(abs(shift) <= 0.25 for shifts in shipped().values() for shift in shifts.values())
    assert all(tag == tag.lower() and ":" in tag for tag in shipped())
    text = FILE.read_text(encoding="utf-8")
    tables = ABOUT["tables"]
    assert isinstance(tables, dict)
    assert all(f'"{table}"' in text for table in tables)


def test_a_family_that_is_named_for_chat_is_better_at_it_and_worse_elsewhere() -> None:
    chatty, plain = ModelCard.from_name("somechat:8b"), ModelCard.from_name("some:8b")
    tagged = ModelCard.from_name("some:8b-chat")
    assert quality(chatty, "chat") > quality(plain, "chat") == quality(tagged, "chat")
    assert quality(chatty, "code") < quality(plain, "code") == quality(tagged, "code")
