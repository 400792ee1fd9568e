"""`MISTAKES`: errors that no model is to blame for."""

from __future__ import annotations

MISTAKES = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    NameError,
    AssertionError,
    NotImplementedError,
    ImportError,
)
"""What wrong code or wrong input raises, e.g. `stop` given twice, or a budget of tokens that is spent: another model
would raise it again. What Ollama and its clients raise is known by name, and looked for first."""
