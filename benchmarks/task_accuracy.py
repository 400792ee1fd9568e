"""How often `classify` finds the task of the labelled developer prompts, and what a guess costs.

Run: `ZETA_SHARED=... python benchmarks/task_accuracy.py [--confused]`. Weak labels (a keyword on a topic cluster's
name) and the label `other` are left out, since they are no truth to score against.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from time import perf_counter

from zeta_router.tasks import classify

TASK_OF_LABEL = {
    "code": "code",
    "math": "math",
    "reasoning": "reasoning",
    "factual_qa": "qa",
    "knowledge_qa": "qa",
    "knowledge_mcq": "qa",
    "reading_qa": "qa",
    "chat_roleplay": "chat",
    "summarization": "summarize",
    "extraction": "extract",
    "text_classification": "extract",
    "writing": "writing",
    "rewriting": "writing",
}
"""The data set's labels in Zeta's words."""


def prompts() -> list[dict[str, str]]:
    """Return the labelled prompts that can be scored."""
    shared = os.environ.get("ZETA_SHARED")
    if not shared:
        sys.exit("set ZETA_SHARED to the folder that has data/classification/prompts_labelled.jsonl.gz")
    with gzip.open(Path(shared) / "data/classification/prompts_labelled.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if row["label"] in TASK_OF_LABEL and not row["label_kind"].startswith("weak")]


def microseconds_per_guess(text: str, rounds: int = 300) -> float:
    """Return the median time of one guess."""
    times = []
    for _ in range(rounds):
        began = perf_counter()
        classify(text)
        times.append(perf_counter() - began)
    return sorted(times)[rounds // 2] * 1e6


def main() -> None:
    """Print accuracy by label, the confusions, and the cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--confused", action="store_true", help="print what each label was taken for")
    show_confused = parser.parse_args().confused

    rows = prompts()
    taken: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        taken[row["label"], row["source_label"]][classify(row["prompt"]).task] += 1
    by_task: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (label, source), guesses in sorted(taken.items()):
        right, of = guesses[TASK_OF_LABEL[label]], sum(guesses.values())
        by_task[TASK_OF_LABEL[label]][0] += right
        by_task[TASK_OF_LABEL[label]][1] += of
        print(f"{label:20} {source[:34]:34} {right:4}/{of:<4} {right / of:6.1%}", end="")
        print(f"  {dict(guesses.most_common(4))}" if show_confused else "")
    print()
    for task, (right, of) in sorted(by_task.items()):
        print(f"{task:10} {right:4}/{of:<4} {right / of:6.1%}")
    right = sum(pair[0] for pair in by_task.values())
    core = [by_task[task] for task in ("code", "math", "qa", "chat")]
    print(f"all        {right}/{len(rows)} {right / len(rows):.1%}")
    print(f"code, math, qa, chat: {sum(r for r, _ in core) / sum(n for _, n in core):.1%}")
    for length in (200, 2_000, 200_000):
        text = " ".join(row["prompt"] for row in rows[::7])[:length]
        print(f"{length:7} characters: {microseconds_per_guess(text):.0f} µs")


if __name__ == "__main__":
    main()
