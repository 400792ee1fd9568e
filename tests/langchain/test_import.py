"""Importing is cheap: what is not used is not loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("code", ["import zeta_langchain", "from zeta_langchain import ChatZeta"])
def test_importing_loads_neither_ollama_nor_agents(code: str) -> None:
    """`langchain_ollama` is loaded when the first child is built, `langchain.agents` when middleware is used."""
    heavy = ["langchain_ollama", "ollama", "langchain.agents"]
    script = f"{code}; import sys; print([name for name in {heavy} if name in sys.modules])"

    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "[]"


def test_every_name_is_there() -> None:
    """`__all__`, `dir()` and the lazy names agree."""
    import zeta_langchain

    for name in zeta_langchain.__all__:
        assert getattr(zeta_langchain, name).__name__ == name
        assert name in dir(zeta_langchain)
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = zeta_langchain.Nonsense
