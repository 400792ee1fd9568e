"""The public face: exports, imports, errors that travel."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

import zeta_router
from zeta_router import EveryAttemptFailed, Exclusion, Failure, NoCapableModel, ServerBusy, UnknownDecision, ZetaError


def test_everything_in_all_exists_and_is_sorted() -> None:
    """`__all__` is complete, and in an order that a reader can search."""
    assert all(hasattr(zeta_router, name) for name in zeta_router.__all__)
    assert zeta_router.__all__ == sorted(zeta_router.__all__)


def test_importing_zeta_router_loads_no_framework_and_no_client() -> None:
    """The core is light: httpx, ollama and the frameworks come when they are needed."""
    heavy = "httpx", "ollama", "pydantic", "langchain_core", "llama_index", "starlette", "numpy", "typer", "rich"
    code = f"import sys, zeta_router; print(sorted(m for m in {heavy!r} if m in sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


@pytest.mark.parametrize(
    "error",
    [
        NoCapableModel((Exclusion("a:7b", "http://h", "tools"),)),
        EveryAttemptFailed((Failure("a:7b", "http://h", "timeout", "too late"),)),
        ServerBusy("busy", host="http://h", model="a:7b", status=503),
        UnknownDecision("abc"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickling(error: ZetaError) -> None:
    """An error raised in a worker process arrives with its facts."""
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_every_error_stands_in_the_tree_that_the_docstring_draws() -> None:
    """The drawing in `errors.py` names every error class."""
    from zeta_router import errors

    drawn = errors.__doc__ or ""
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, Exception):
            assert name in drawn, f"{name} is missing from the tree"
