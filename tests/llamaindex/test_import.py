"""Importing costs nothing."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_package_imports_nothing() -> None:
    """LlamaIndex is loaded when a name is first used."""
    code = "import sys, zeta_llamaindex; print([m for m in sys.modules if m.startswith(('llama_index', 'httpx'))])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
