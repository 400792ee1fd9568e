"""A model's code is parsed without a word about it, whatever filters there are and however many threads parse."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from zeta_router.own.allowed import refusal, without_hints
from zeta_router.parsing import parse_quietly
from zeta_router.signals.code import parses

WARNED_OF = [r'x = "\d+"', r'x = b"\d+"', r'x = "\777"', r'x = f"\d{1}"', "x = 1or 2", "x = 0xfor 2", "x = 1if 2else 3"]
"""Python of which the parser of some version warns."""


def test_the_parser_warns_of_these() -> None:
    """Else the tests below would show nothing."""
    for code in set(WARNED_OF) - {r'x = "\777"'} - ({"x = 0xfor 2"}):
        with pytest.warns((DeprecationWarning, SyntaxWarning)):
            ast.parse(code)


@pytest.mark.parametrize("code", WARNED_OF)
def test_code_that_is_warned_of_parses(code: str) -> None:
    """Warnings are errors in these tests, as in the programs of many users."""
    assert parses("python", code)
    assert without_hints(code)
    assert refusal("x = 1or 2") is None


def test_filters_that_come_later_change_nothing() -> None:
    """A filter that is set after the first parse stands before ours; it is passed again."""
    for action in ("error", "always", "default"):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter(action)  # type: ignore[arg-type]
            assert parses("python", WARNED_OF[0])
            assert parses("python", "x = = 1") is False
        assert heard == []


def test_what_is_not_an_answers_warns_as_ever() -> None:
    """The filter holds for one name, and there is one of it however often it is set."""
    with warnings.catch_warnings(record=True) as heard:
        for _ in range(5):
            warnings.simplefilter("always")
            parse_quietly(WARNED_OF[0])
        before = len(warnings.filters)
        parse_quietly(WARNED_OF[0])
        assert len(warnings.filters) == before
        ast.parse(WARNED_OF[0])
        warnings.warn("something else", UserWarning, stacklevel=1)
    assert len(heard) == 2


def test_threads_leave_the_filters_alone() -> None:
    """What one thread filters stays while others parse, and all of them judge alike."""

    def judge(number: int) -> bool | None:
        return parses("python", f"{WARNED_OF[0]}\ny = {number}\n" * 20)

    with ThreadPoolExecutor(8) as threads:
        verdicts = threads.map(judge, range(400))
        for number in range(200):
            warnings.filterwarnings("ignore", f"number {number}", append=True)
        assert set(verdicts) == {True}

    assert sum(str(entry[1]).startswith("re.compile('number ") for entry in warnings.filters) == 200


@pytest.mark.parametrize("options", [[], ["-W", "error"], ["-W", "always"], ["-W", "default"]])
def test_a_program_of_its_own_hears_nothing(options: list[str]) -> None:
    """Neither by the filters that Python starts with nor by those of its command line."""
    program = "from zeta_router.signals.code import parses\n" + "".join(
        f"assert parses('python', {code!r})\n" for code in WARNED_OF
    )
    done = subprocess.run([sys.executable, *options, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
