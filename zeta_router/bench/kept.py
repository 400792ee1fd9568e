"""Runs kept in a file, one JSON object a line: a long comparison that was cut short goes on where it was."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zeta_router.bench.affected import Moved
from zeta_router.bench.measures import Measures
from zeta_router.errors import ConfigError

Key = tuple[str, str, float, int, int]
"""Policy, scenario, load, seed, requests."""


def key_of(measures: Measures) -> Key:
    """Return what tells a run from others."""
    return (measures.policy, measures.scenario, measures.load, measures.seed, measures.requests)


def keep(file: Path, measures: Measures, trace: str) -> None:
    """Add a run of one trace to the file.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"trace": trace, **asdict(measures)}) + "\n")
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}; give another --keep FILE") from error


def kept(file: Path, trace: str) -> dict[Key, Measures]:
    """Return the runs of one trace that the file has; none where there is no file yet.

    Raises:
        ConfigError: The file is no such file.
    """
    found: dict[Key, Measures] = {}
    if not file.exists():
        return found
    try:
        for line in file.read_text(encoding="utf-8").splitlines():
            row: dict[str, Any] = json.loads(line)
            if row.pop("trace") == trace:
                row |= {"moved": Moved(*row["moved"]), "curve": tuple(row["curve"]), "troubles": tuple(row["troubles"])}
                measures = Measures(**row)
                found[key_of(measures)] = measures
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{file} does not hold runs of this bench ({error}); give another --keep FILE") from error
    return found
