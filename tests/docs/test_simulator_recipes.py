"""The recipe that is a test itself is run here; the others are run where they stand, by sybil."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulator.md"
_recipe = next(
    block for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL) if "mark" in block
)
exec(compile(_recipe, str(DOCUMENT), "exec"))  # defines the recipe's test in this module
