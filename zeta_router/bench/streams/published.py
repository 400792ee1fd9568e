"""Published accuracies of open models, read as rows: facts only."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import NamedTuple


class Measured(NamedTuple):
    """One model on one benchmark."""

    table: str
    benchmark: str
    task: str
    tag: str
    """Nearest Ollama tag."""
    billions: float
    accuracy: float
    """In (0, 1)."""


AIDER = {
    "llama3-70b-8192": ("llama3:70b", 70.6), "command-r-plus": ("command-r-plus:104b", 104.0),
    "qwen1.5-110b-chat": ("qwen:110b", 111.0), "qwen2:72b-instruct-q8_0": ("qwen2:72b", 72.7),
    "codeqwen:7b-chat-v1.5-q8_0": ("codeqwen:7b", 7.3), "codestral:22b-v0.1-q8_0": ("codestral:22b", 22.2),
    "gemma2:27b-instruct-q8_0": ("gemma2:27b", 27.2), "llama-3.1-8b-instruct": ("llama3.1:8b", 8.0),
    "llama-3.1-70b-instruct": ("llama3.1:70b", 70.6), "Yi Coder 9B Chat": ("yi-coder:9b", 8.8),
    "qwen-2.5-72b-instruct (bf16)": ("qwen2.5:72b", 72.7), "ollama/codegeex4": ("codegeex4:9b", 9.4),
    "ollama/mistral-nemo:12b-instruct-2407-q4_K_M": ("mistral-nemo:12b", 12.2),
    "ollama/qwen2.5:32b": ("qwen2.5:32b", 32.8), "ollama/llama3.2:3b-instruct-fp16": ("llama3.2:3b", 3.2),
    "ollama/mistral-small": ("mistral-small:22b", 22.2), "ollama/hermes3:8b-llama3.1-fp16": ("hermes3:8b", 8.0),
    "Qwen2.5-Coder-0.5B-Instruct": ("qwen2.5-coder:0.5b", 0.5), "Qwen2.5-Coder-3B-Instruct": ("qwen2.5-coder:3b", 3.1),
    "Qwen2.5-Coder-1.5B-Instruct": ("qwen2.5-coder:1.5b", 1.5),
    "Qwen2.5-Coder-7B-Instruct": ("qwen2.5-coder:7b", 7.6),
    "Qwen2.5-Coder-14B-Instruct": ("qwen2.5-coder:14b", 14.8),
    "Qwen2.5-Coder-32B-Instruct": ("qwen2.5-coder:32b", 32.8), "ollama/tulu3": ("tulu3:8b", 8.0),
    "ollama/granite3-dense:8b": ("granite3-dense:8b", 8.2), "llama-3.3-70b-instruct": ("llama3.3:70b", 70.6),
    "Mistral Large 2 (2407)": ("mistral-large:123b", 123.0),
}  # fmt: skip
TABLE6 = {
    "DS-Qwen3": ("deepseek-r1:8b", 8.2), "DS-Qwen": ("deepseek-r1:7b", 7.6), "GLM-Z1": ("glm4:9b", 9.4),
    "Llama-3.1-it": ("llama3.1:8b", 8.0), "OpenThinker": ("openthinker:7b", 7.6),
    "Qwen-Coder": ("qwen2.5-coder:7b", 7.6), "Qwen3-8B": ("qwen3:8b", 8.2), "Cogito-v1": ("cogito:8b", 8.0),
    "Gemma-2-it": ("gemma2:9b", 9.2), "Glm-4-chat": ("glm4:9b", 9.4), "Granite-3.3-it": ("granite3.3:8b", 8.2),
}  # fmt: skip
TABLE6_TASKS = {
    "MATH500": "math", "LiveMathBench": "math", "MBPP": "code", "HumanEval": "code", "LiveCodeBench": "code",
    "KORBench": "reasoning", "KnightsKnaves": "reasoning", "BBH": "reasoning", "MMLUPro": "qa", "GPQA": "qa",
    "FinQA": "math", "MedQA": "qa",
}  # fmt: skip
LLMROUTER_TASKS = {
    "arc_challenge": "reasoning", "commonsense_qa": "reasoning", "gsm8k": "math", "mbpp": "code", "mmlu": "qa",
    "natural_qa": "qa", "trivia_qa": "qa",
}  # fmt: skip


def measured(data: Path) -> list[Measured]:
    """Return every measurement of an open model in the tables; models that are GLM's reasoning line count as GLM."""
    known = {
        row["table_model"]: (row["nearest_ollama_tag"], float(row["params_total_b"]))
        for row in _rows(data / "model_map.csv")
        if row["nearest_ollama_tag"]
    }
    return [row for row in (*_outcomes(data / "routing", known), *_tables(data, known)) if 0.0 < row.accuracy < 1.0]


def _outcomes(folder: Path, known: dict[str, tuple[str, float]]) -> Iterator[Measured]:
    for model, scores in _columns(folder / "zeroeval_gsm_outcomes.csv.gz").items():
        if model in known:
            yield Measured("zeroeval_gsm", "GSM8K", "math", *known[model], mean(scores))
    tasks = _rows(folder / "llmrouter_outcomes.csv.gz")
    for name, task in LLMROUTER_TASKS.items():
        for model in tasks[0]:
            if model in known:
                scores = [float(row[model]) for row in tasks if row["task"] == name]
                yield Measured("llmrouter", name, task, *known[model], mean(scores))
    for row in _rows(folder / "mmlupro_accuracy_by_category.csv"):
        if row["model"] in known:
            task = "math" if row["category"] == "math" else "reasoning" if row["category"] == "physics" else "qa"
            yield Measured("mmlupro", row["category"], task, *known[row["model"]], float(row["accuracy_pct"]) / 100)
    for model, scores in _columns(folder / "arenabench_scores.csv.gz").items():
        if model in known:
            yield Measured("arenabench", "GPT-4's grades", "writing", *known[model], mean(scores) / 10)


def _tables(data: Path, known: dict[str, tuple[str, float]]) -> Iterator[Measured]:
    for row in _rows(data / "routing" / "aider_edit_leaderboard.csv"):
        if row["model"] in AIDER:
            yield Measured("aider", "edits", "code", *AIDER[row["model"]], float(row["pass_rate_2_pct"]) / 100)
    for row in _rows(data / "published" / "llmrouterbench_table6_model_by_dataset.csv"):
        if row["model"] in TABLE6:
            for benchmark, task in TABLE6_TASKS.items():
                yield Measured("llmrouterbench", benchmark, task, *TABLE6[row["model"]], float(row[benchmark]) / 100)


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return list(csv.DictReader(lines))


def _columns(path: Path) -> dict[str, list[float]]:
    rows = _rows(path)
    return {name: [float(row[name]) for row in rows if row[name]] for name in rows[0] if name != "id"}
