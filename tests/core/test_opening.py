"""Prompts that begin alike belong together, where nobody says so."""

from __future__ import annotations

from zeta_router.opening import HEAD, opening


def test_prompts_that_begin_alike_share_a_name_and_others_do_not() -> None:
    again = opening(["You are kind.", "Hello"])
    others = [["You are kind.", "Hello!"], ["You are kind.Hello"], ["Hello", "You are kind."], ["You are kind."], []]
    assert opening(["You are kind.", "Hello"]) == again
    assert again not in [opening(texts) for texts in others]


def test_a_long_text_is_told_by_its_beginning_and_its_length() -> None:
    long = "a" * HEAD
    assert opening([long + "b"]) == opening([long + "c"])
    assert opening([long + "b"]) != opening([long + "bb"])


def test_a_name_holds_no_word_and_any_text_has_one() -> None:
    name = opening(["secret \udc80 \0 " + "x" * 1_000_000, ""])
    assert "secret" not in name
    assert len(name) == len(opening([]))
