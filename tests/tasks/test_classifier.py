"""The memory of a classifier, and what its model is made of."""

from __future__ import annotations

import threading
from zlib import crc32

from zeta_router import Request, ZetaDynamicRouter
from zeta_router.tasks import TaskClassifier
from zeta_router.tasks.classifier import _REMEMBERED
from zeta_router.tasks.linear_model import FILE, LinearModel, load_model
from zeta_router.tasks.ngrams import ngrams


def test_the_same_prompt_is_not_read_twice() -> None:
    """A guess comes back as it was, the same object."""
    classify = TaskClassifier()
    assert classify("Write a haiku about rain.") is classify("Write a haiku about rain.")


def test_memory_is_bounded_and_lets_go_of_the_oldest() -> None:
    """A prompt that keeps coming stays; one that came long ago is guessed anew."""
    classify = TaskClassifier()
    first, steady = classify("first"), classify("steady")
    for n in range(2 * _REMEMBERED):
        classify(f"number {n}")
        assert classify("steady") is steady
    assert classify("first") is not first
    assert len(classify._recent) + len(classify._older) <= _REMEMBERED


def test_two_routers_share_no_memory() -> None:
    """Each has a classifier of its own."""
    with ZetaDynamicRouter(["a:7b"]) as one, ZetaDynamicRouter(["a:7b"]) as other:
        request = Request(text="Write a haiku about rain.")
        assert one.guess_of(request) is not other.guess_of(request)
        assert one.guess_of(request) == other.guess_of(request)


def test_many_threads_may_ask_at_once() -> None:
    """Nothing is lost or mixed up between them."""
    classify = TaskClassifier()
    expected = {text: TaskClassifier()(text).task for text in ("Solve x^2 = 4", "Translate to French: hello", "hey")}
    wrong: list[str] = []

    def ask() -> None:
        for n in range(300):
            for text, task in expected.items():
                if classify(text).task != task:
                    wrong.append(text)
                classify(f"{text} {n}")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_model_is_small_and_read_once() -> None:
    """At most 2 MB, and one object per process."""
    assert FILE.stat().st_size <= 2_000_000
    assert load_model() is load_model()


def test_the_model_holds_no_words() -> None:
    """Its header names heads, observations and groups; n-grams are numbers."""
    head = FILE.read_bytes().partition(b"\n")[0]
    assert b"python" not in head
    assert b"photosynthesis" not in FILE.read_bytes().lower()


def test_ngrams_are_numbers_of_32_bits_and_the_same_everywhere() -> None:
    """They are written into the model's file: a change of any of them is a change of its format."""
    found = ngrams("Write C++ code, 42 lines")
    assert all(0 <= gram < 2**32 for family in found for gram in family)
    assert found.words == ngrams("WRITE c++ CODE: 17 lines!").words
    assert crc32(b"c++") in found.words
    assert found.opening == {
        crc32(b"write", 0),
        crc32(b"c++", 1),
        crc32(b"code", 2),
        crc32(b"c++", crc32(b"write", 3)),
        crc32(b"lines", 4),
    }
    assert int.from_bytes(b"writ", "little") in found.edges


def test_a_model_without_grams_still_scores() -> None:
    """An empty text gets the biases, whatever else is observed."""
    model = load_model()
    scores = model.scores(ngrams(""), [])
    assert scores.heads == list(model.biases)
    assert isinstance(LinearModel(FILE.read_bytes()).scores(ngrams("a b"), ["short"]).heads[0], float)
