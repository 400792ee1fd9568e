"""Code of models is judged without being trusted."""

from __future__ import annotations

import pytest

from zeta_router.own import code_check
from zeta_router.own.allowed import refusal, without_hints
from zeta_router.own.code_check import can_run, code_of, share_right

CASES = [([2], 4), ([3], 9), ([0], 0)]
needs_limits = pytest.mark.skipif(not can_run(), reason="this system cannot bound what a process takes")


@needs_limits
@pytest.mark.parametrize(
    ("answer", "share"),
    [
        ("def square(n):\n    return n * n", 1.0),
        ("Sure!\n```python\ndef square(n: int) -> int:\n    return n ** 2\n```\nThis squares.", 1.0),
        ("def square(n):\n    return n + n", 2 / 3),
        ("def square(n):\n    return [n * n]", 0.0),
        ("def other(n):\n    return n * n", 0.0),
        ("def square(n):\n    return n *", 0.0),
        ("I cannot help with that.", 0.0),
        ("", 0.0),
    ],
)
def test_a_function_is_judged_by_what_it_returns(answer: str, share: float) -> None:
    """By the share of cases that it gets right; what is no function gets nothing."""
    assert share_right(answer, "square", CASES) == pytest.approx(share)


@pytest.mark.parametrize(
    "hostile",
    [
        "import os\ndef square(n):\n    return n * n",
        "def square(n):\n    return __import__('os').system('true')",
        "def square(n):\n    return ().__class__.__base__.__subclasses__()",
        "def square(n):\n    return (lambda: 0).__globals__",
        "def square(n):\n    return '{0.__class__}'.format(n)",
        "class Square:\n    pass",
        "def square(n):\n    with open('x', 'w') as f:\n        pass",
        "async def square(n):\n    return n",
        "def square(n):\n    global secret\n    return n",
        "def square(n):\n    return (i for i in [n]).gi_frame.f_back",
        "def square(_n):\n    return _n",
        "x = '" + "a" * 5_000 + "'",
        "(" * 3_000,
        "\0",
    ],
)
def test_what_could_reach_out_is_not_run(hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wall: such code never gets to a process."""
    monkeypatch.setattr(code_check.subprocess, "run", lambda *a, **k: pytest.fail("it was run"))
    assert refusal(without_hints(hostile)) is not None
    assert share_right(hostile, "square", CASES) == 0.0


@needs_limits
@pytest.mark.parametrize(
    "greedy",
    [
        "def square(n):\n    while True:\n        pass",
        "def square(n):\n    return len([0] * 10 ** 11)",
        "def square(n):\n    return square(n)",
        "def square(n):\n    return open('/etc/passwd')",
    ],
)
def test_what_takes_too_much_is_stopped(greedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second wall: processor time, memory and builtins are bounded in the process that runs it."""
    monkeypatch.setattr(code_check, "CPU_SECONDS", 1)
    assert share_right(greedy, "square", CASES) == 0.0


def test_without_limits_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot bound a process, good code is not judged, and refused code is still wrong."""
    monkeypatch.setattr(code_check, "can_run", lambda: False)
    monkeypatch.setattr(code_check.subprocess, "run", lambda *a, **k: pytest.fail("it was run"))
    assert share_right("def square(n):\n    return n * n", "square", CASES) is None
    assert share_right("import os", "square", CASES) == 0.0


def test_code_is_found_in_fences_or_is_all_there_is() -> None:
    """Several blocks are one program."""
    assert code_of("a\n```python\nx = 1\n```\nb\n```\ny = 2\n```") == "x = 1\n\ny = 2\n"
    assert code_of("x = 1") == "x = 1"
