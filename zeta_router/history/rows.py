"""Attempts as flat rows, for tables and other programs: one value a column, times in seconds."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from zeta_router.errors import ConfigError
from zeta_router.history.attempts import LoggedAttempt

PHASES = ("wait", "load", "prefill", "decode", "first_token", "total")
FORMATS = ("csv", "jsonl", "parquet")

Row = Mapping[str, Any]


def row_of(attempt: LoggedAttempt) -> dict[str, Any]:
    """Return an attempt as a row; what is not known is None. Every row has the same columns."""
    decision, outcome = attempt.decision, attempt.outcome
    row: dict[str, Any] = {
        "id": decision.id,
        "request_id": decision.request_id,
        "attempt": decision.attempt,
        "writer": attempt.writer,
        "began_at": attempt.began_at,
        "ended_at": attempt.ended_at,
        "task": decision.task,
        "task_probability": None if decision.guess is None else float(decision.guess.probability),
        "model": decision.model,
        "host": decision.host,
        "best_model": decision.candidates[0].model if decision.candidates else None,
        "propensity": float(decision.propensity),
        "explored": decision.explored,
        "expected_quality": decision.quality,
        "utility": float(decision.utility),
        "reason": decision.reason,
        "fate": None if outcome is None else outcome.fate.value,
        "prompt_tokens": decision.prompt_tokens if outcome is None else outcome.prompt_tokens,
        "output_tokens": None if outcome is None else outcome.output_tokens,
        "done_reason": None if outcome is None else outcome.done_reason,
        "score": attempt.score,
        "opinions": len(attempt.opinions),
    }
    for phase in PHASES:
        row[f"expected_{phase}_s"] = getattr(decision.predicted, phase)
    for phase in PHASES:
        row[f"{phase}_s"] = None if outcome is None else getattr(outcome.timings, phase)
    return row


def write_csv(rows: Sequence[Row], out: IO[str]) -> None:
    """Write rows under one line of names; what is not known is empty."""
    writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else list(COLUMNS))
    writer.writeheader()
    writer.writerows(rows)


def write_jsonl(rows: Sequence[Row], out: IO[str]) -> None:
    """Write one JSON object a line."""
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_parquet(rows: Sequence[Row], path: Path) -> None:
    """Write a Parquet file.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ConfigError("Parquet needs pyarrow: pip install 'zeta-router[export]', or take --format jsonl") from error
    whole, words, flags = pa.int64(), pa.string(), pa.bool_()
    kinds = dict.fromkeys(COLUMNS, pa.float64())
    kinds |= dict.fromkeys(("attempt", "prompt_tokens", "output_tokens", "opinions"), whole) | {"explored": flags}
    named = ("id", "request_id", "writer", "task", "model", "host", "best_model", "reason", "fate", "done_reason")
    kinds |= dict.fromkeys(named, words)
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(list(kinds.items()))), path)


COLUMNS: tuple[str, ...] = (
    *("id", "request_id", "attempt", "writer", "began_at", "ended_at", "task", "task_probability", "model", "host"),
    *("best_model", "propensity", "explored", "expected_quality", "utility", "reason", "fate", "prompt_tokens"),
    *("output_tokens", "done_reason", "score", "opinions"),
    *(f"expected_{phase}_s" for phase in PHASES),
    *(f"{phase}_s" for phase in PHASES),
)
"""Names of the columns, in their order."""
