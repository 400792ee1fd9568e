"""The prompts that the classifier learns from and is judged on."""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from training.synthetic import synthetic_prompts

TASK_OF_LABEL = {
    "code": "code",
    "math": "math",
    "reasoning": "reasoning",
    "factual_qa": "qa",
    "knowledge_qa": "qa",
    "knowledge_mcq": "qa",
    "reading_qa": "qa",
    "summarization": "summarize",
    "extraction": "extract",
    "text_classification": "extract",
    "writing": "writing",
    "rewriting": "writing",
    "chat_roleplay": "writing",
}
"""The data set's labels in Zeta's words; `other` is left out."""

SOURCES = {
    "ulab-uiuc/LLMRouter": "llmrouter",
    "lm-sys/RouteLLM (MT-bench)": "mt-bench",
    "lmarena/arena-hard-auto v0.1": "arena-0.1",
    "lmarena/arena-hard-auto v2.0": "arena-2.0",
    "yizhongw/self-instruct (T0/P3 templates)": "templates",
}
REAL = frozenset({"mt-bench", "arena-0.1", "arena-2.0"})
"""Sources in which people wrote the prompts to a chat model."""

OTHER_LICENCE = ("dbpedia_14", "adversarial_qa", "quarel", "paws")
"""Data sets whose texts are not under MIT or Apache 2.0 (but CC BY-SA, CC BY, or free use): judged on, not shipped."""

_ARENA_LABELS = Path(__file__).with_name("arena_labels.csv")

KIND_OF_SOURCE_LABEL = {
    "arc_challenge": "school science",
    "commonsense_qa": "everyday sense",
    "gsm8k": "word problem",
    "mbpp": "short code exercise",
    "mmlu": "exam question",
    "natural_qa": "search question",
    "trivia_qa": "trivia question",
    "quarel_logic_test": "puzzle",
    "quarel_heres_a_story": "puzzle",
}
"""Kinds of prompt that a data set consists of."""
KIND_OF_TASK = {
    "code": "software work",
    "math": "higher mathematics",
    "qa": "explanation",
    "reasoning": "puzzle",
    "writing": "creative text",
    "summarize": "work on a text",
    "extract": "work on a text",
    "translate": "work on a text",
    "chat": "talk",
    "tools": "use of tools",
}
"""Kinds of all other prompts."""


ASKS_A_FACT = (
    "who ", "when ", "where ", "which ", "in which ", "what is the capital", "what year", "how many ", "what's the",
    "wer ", "wie heißt", "qui ", "quelle est la capitale", "¿quién", "chi era", "кто ", "qual é a capital",
)  # fmt: skip
"""How short questions begin whose answer is a fact."""
FACT_MOST = 70
"""Characters of such a question."""


@dataclass(frozen=True)
class Example:
    """One labelled prompt."""

    id: str
    prompt: str
    task: str
    kind: str
    source: str
    """One of `SOURCES`' values, or `synthetic`."""
    scored: bool
    """Whether its label is the data set's own; ours and synthetic prompts only teach."""
    shipped: bool
    """Whether its licence lets it teach the model that ships."""


def shared_folder() -> Path:
    """Return the folder with the developers' data sets."""
    shared = os.environ.get("ZETA_SHARED")
    if not shared:
        sys.exit("set ZETA_SHARED to the folder that has data/classification/prompts_labelled.jsonl.gz")
    return Path(shared)


def examples() -> list[Example]:
    """Return every prompt with a task: the data set's, those of Arena-Hard 0.1 that we labelled, and synthetic ones."""
    with _ARENA_LABELS.open(encoding="utf-8") as lines:
        ours = {row["id"]: row["task"] for row in csv.DictReader(lines)}
    with gzip.open(shared_folder() / "data/classification/prompts_labelled.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found: list[Example] = []
    for row in rows:
        weak = row["label_kind"].startswith("weak")  # a keyword on a topic's name: no truth to learn or score
        task = ours.get(row["id"]) if weak else TASK_OF_LABEL.get(row["label"])
        if task is None:
            continue
        found.append(
            Example(
                id=row["id"],
                prompt=row["prompt"],
                task=task,
                kind=KIND_OF_SOURCE_LABEL.get(row["source_label"], KIND_OF_TASK[task]),
                source=SOURCES[row["source"]],
                scored=not weak,
                shipped=not row["source_label"].startswith(OTHER_LICENCE),
            )
        )
    found += [
        Example(f"synthetic-{number}", prompt, task, kind_of(prompt, task), "synthetic", scored=False, shipped=True)
        for number, (prompt, task) in enumerate(synthetic_prompts())
    ]
    return found


def kind_of(prompt: str, task: str) -> str:
    """Return the kind of a prompt that no data set names."""
    if task == "qa" and len(prompt) <= FACT_MOST and prompt.lower().startswith(ASKS_A_FACT):
        return "trivia question"
    return KIND_OF_TASK[task]
