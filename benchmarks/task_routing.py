"""What routing loses when tasks are found from the text instead of declared, on prompts the classifier never saw.

Run: `ZETA_SHARED=... python benchmarks/task_routing.py [--seeds 60]`. Real prompts and real scores of six models (the
LLMRouter outcomes), bandit feedback: only the picked model's score is told. Prompts that taught the classifier are
left out. Picked is by `PhaseTimes`' qualities where all models are as fast.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from training.examples import examples, shared_folder
from zeta_router.bench.streams.outcomes import Step, Stream, stream
from zeta_router.bench.streams.run import PROTOCOLS, best_single, play
from zeta_router.tasks import TaskGuess

TASK_OF_ORIGIN = {
    "arc_challenge": "reasoning",
    "commonsense_qa": "reasoning",
    "gsm8k": "math",
    "mbpp": "code",
    "mmlu": "qa",
    "natural_qa": "qa",
    "trivia_qa": "qa",
}
BOUND = 0.01
"""Quality that finding tasks may cost."""


VARIANTS: dict[str, Callable[[Step], TaskGuess]] = {
    "data set declared, text not read": lambda step: TaskGuess.told(step.declared),
    "task declared, text not read": lambda step: TaskGuess.told(TASK_OF_ORIGIN[step.declared]),
    "task declared, text read": lambda step: step.guess.declared(TASK_OF_ORIGIN[step.declared]),
    "task found from the text": lambda step: step.guess,
}
"""What a router is told. The first knows more than a task: which of seven data sets a prompt is from."""


def never_taught() -> Stream:
    """Return the stream without the prompts that taught the classifier what their tasks are."""
    data = shared_folder() / "data"
    taught = {example.prompt for example in examples() if example.source == "llmrouter"}
    with gzip.open(data / "routing/llmrouter_prompts.jsonl.gz", "rt") as lines:
        prompts = {row["id"]: row["prompt"] for row in map(json.loads, lines)}
    with gzip.open(data / "routing/llmrouter_outcomes.csv.gz", "rt") as lines:
        order = [row["id"] for row in csv.DictReader(lines)]
    whole = stream(data, "LLMRouter")
    return whole._replace(
        steps=tuple(step for name, step in zip(order, whole.steps, strict=True) if prompts[name] not in taught)
    )


def main() -> None:
    """Print the mean score per variant, and fail where finding tasks costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=60)
    seeds = range(parser.parse_args().seeds)
    found = never_taught()
    print(f"{len(found.steps)} prompts, best single model {best_single(found):.4f}")
    scores = {}
    for name, guess_of in VARIANTS.items():
        told = found._replace(steps=tuple(step._replace(guess=guess_of(step)) for step in found.steps))
        played = play(told, "Zeta", PROTOCOLS[0], seeds)
        scores[name] = played.whole
        print(f"  {name:34} {played.whole:.4f} ± {played.spread:.4f}, last quarter {played.last_quarter:.4f}")
    for name in list(scores)[:3]:
        print(f"found from the text against {name}: {scores['task found from the text'] - scores[name]:+.4f}")
    if scores["task found from the text"] < max(list(scores.values())[1:3]) - BOUND:
        sys.exit(f"finding tasks costs more than {BOUND}")


if __name__ == "__main__":
    main()
