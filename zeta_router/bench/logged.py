"""Your own log as the trace: when your requests came, for which task, how long they were."""

from __future__ import annotations

from pathlib import Path

from zeta_router.bench.traces import Row
from zeta_router.bench.zoo import CHAT, CODE, EXTRACT, REASONING
from zeta_router.errors import ConfigError
from zeta_router.outcome import Fate
from zeta_router.store import AttemptBegan, AttemptEnded, StoreTrouble, open_store

NEAREST = {CODE: CODE, REASONING: REASONING, "math": REASONING, EXTRACT: EXTRACT, "tools": EXTRACT}
"""Your task → the task of the bench whose qualities and patience it gets; all others are chat."""


def logged(log: Path) -> tuple[Row, ...]:
    """Return the answered requests of a log in order of time. Nothing of it but times and lengths is used.

    Raises:
        ConfigError: It cannot be read, or has no answered requests.
    """
    began: dict[str, AttemptBegan] = {}
    rows: list[Row] = []
    store = open_store(log)
    try:
        for entry in store.read():
            record = entry.record
            if isinstance(record, AttemptBegan):
                began[record.decision.id] = record
            elif isinstance(record, AttemptEnded) and record.outcome.fate is Fate.ok:
                beginning = began.pop(record.decision_id, None)
                if beginning is not None and beginning.decision.task != "embedding":
                    decision, outcome = beginning.decision, record.outcome
                    tokens = outcome.prompt_tokens if outcome.prompt_tokens is not None else decision.prompt_tokens
                    task = NEAREST.get(decision.task, CHAT)
                    rows.append(
                        Row(beginning.at, max(tokens, 1), max(outcome.output_tokens or 1, 1), task == CODE, task)
                    )
    except StoreTrouble as error:
        raise ConfigError(f"--data {log}: {error}") from error
    finally:
        store.close()
    if not rows:
        raise ConfigError(f"--data {log} has no answered requests yet")
    first = min(row.at for row in rows)
    return tuple(sorted(row._replace(at=row.at - first) for row in rows))
