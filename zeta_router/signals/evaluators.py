"""Scores of LangSmith's and LlamaIndex's evaluators, as feedback. Neither is imported: their results are looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zeta_router.router import ZetaDynamicRouter


def feedback_from_langsmith(router: ZetaDynamicRouter, run: Any, results: Any) -> int:
    """Hand what LangSmith evaluators said of a run to the router.

    Args:
        router: Whose answer it was.
        run: The run of a `ChatZeta`, or its decision's id: it is looked for in the run's outputs and metadata.
        results: An `EvaluationResult`, an `EvaluationResults` mapping, or a sequence of either. Scores that are no
            numbers in [0, 1] are passed over.

    Returns:
        How many scores were handed on.

    Raises:
        UnknownDecision: The router does not remember the decision.
    """
    decision_id = run if isinstance(run, str) else _decision_of(run)
    told = 0
    for result in _each(results) if decision_id is not None else ():
        score = _in_unit(_field(result, "score"))
        if score is not None and decision_id is not None:
            router.feedback(decision_id, score, source=f"langsmith: {_field(result, 'key') or 'evaluator'}")
            told += 1
    return told


def feedback_from_llamaindex(
    router: ZetaDynamicRouter, decision_id: str, result: Any, *, worst: float = 0.0, best: float = 1.0
) -> bool:
    """Hand a LlamaIndex `EvaluationResult` to the router.

    Args:
        router: Whose answer it was.
        decision_id: In `response.metadata["zeta"]["decision_id"]`.
        result: Its `score` counts, else its `passing`; one with `invalid_result` is passed over.
        worst: Lowest score of this evaluator; `CorrectnessEvaluator` gives 1 to 5.
        best: Highest.

    Returns:
        Whether there was something to hand on.

    Raises:
        UnknownDecision: The router does not remember the decision.
    """
    if _field(result, "invalid_result"):
        return False
    score, passing = _field(result, "score"), _field(result, "passing")
    if isinstance(score, (int, float)) and not isinstance(score, bool) and best > worst:
        score = (score - worst) / (best - worst)
    value = _in_unit(score if score is not None else passing)
    if value is None:
        return False
    router.feedback(decision_id, value, source="llamaindex: evaluator")
    return True


def _decision_of(run: Any) -> str | None:
    """Return the id of the decision that a LangSmith run was made on, wherever in its outputs it stands."""
    waiting: list[tuple[Any, int]] = [(_field(run, "outputs"), 0), (_field(run, "extra"), 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, Mapping):
            zeta = value.get("zeta")
            if isinstance(zeta, Mapping) and isinstance(zeta.get("decision_id"), str):
                return str(zeta["decision_id"])
            if depth < 8:
                waiting.extend((child, depth + 1) for child in value.values())
        elif isinstance(value, (list, tuple)):
            if depth < 8:
                waiting.extend((child, depth + 1) for child in value)
        elif hasattr(value, "response_metadata"):
            waiting.append((value.response_metadata, depth + 1))
    return None


def _each(results: Any) -> Iterator[Any]:
    inner = results.get("results") if isinstance(results, Mapping) else None
    if isinstance(inner, (list, tuple)):
        results = inner
    for result in results if isinstance(results, (list, tuple)) else (results,):
        if isinstance(result, Mapping) and "results" in result:
            yield from _each(result)
        else:
            yield result


def _field(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _in_unit(score: Any) -> float | None:
    if not isinstance(score, (bool, int, float)) or math.isnan(score) or not 0 <= score <= 1:
        return None
    return float(score)
