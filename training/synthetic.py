"""Training prompts made of our own sentences, for tasks and languages that the labelled data lacks."""

from __future__ import annotations

import re
from random import Random

from training.phrases import FILLERS, FOREIGN_TEXTS, PROMPTS, SNIPPETS, TEXTS, TRACES

PER_TEMPLATE = 5
"""Prompts made of one template that has something to fill in."""

_HOLE = re.compile(r"\{(" + "|".join(("text", "foreign", "snippet", "trace", *FILLERS)) + r")\}")


def synthetic_prompts(seed: int = 8) -> list[tuple[str, str]]:
    """Return (prompt, task) pairs, the same for the same seed; no prompt occurs twice."""
    rng = Random(seed)
    pools = {"text": TEXTS, "foreign": FOREIGN_TEXTS, "snippet": SNIPPETS, "trace": TRACES, **FILLERS}
    made: dict[str, str] = {}
    for task, templates in PROMPTS.items():
        for template in templates:
            for _ in range(PER_TEMPLATE if _HOLE.search(template) else 1):
                prompt = _HOLE.sub(lambda hole: rng.choice(pools[hole[1]]), template)
                made[_typed(prompt, rng)] = task
    return list(made.items())


def _typed(prompt: str, rng: Random) -> str:
    """Return the prompt as people type it: at times without capitals, or without the mark at its end."""
    if len(prompt) < 200 and rng.random() < 0.2:
        prompt = prompt[0].lower() + prompt[1:]
    if len(prompt) < 200 and rng.random() < 0.2:
        prompt = prompt.rstrip(".?!")
    return prompt or "?"
