"""What is believed of a model's answers before anybody said how good they are: its size, its family, its quantisation.

The table `quality_priors.json` says of some sixty models by how much published results are above or below what their
size says. It is readable, lists its sources, and was fitted by `training/quality_priors.py`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from zeta_router.model import ModelCard, parameters_in

FILE = Path(__file__).with_name("quality_priors.json")
ABOUT = {
    "what": "Shift of quality, in [0, 1], against 0.42 + 0.13 ln(billions of parameters); '' is for tasks not listed.",
    "fitted by": "training/quality_priors.py, with zeta_router/bench/streams/fitting.py, which has the model",
    "tables": {
        "aider": "Aider-AI/aider, aider/website/_data/edit_leaderboard.yml, commit 5dc9490b, Apache-2.0",
        "arenabench": "lmarena/arena-hard-auto, data/arena-bench-v1 (GPT-4's grades), commit 9a01b42f, Apache-2.0",
        "llmrouter": "ulab-uiuc/LLMRouter, data/dcrouter_preprocessed/train.json, commit 4e7a7969, MIT",
        "llmrouterbench": "ynulihao/LLMRouterBench, Table 6, commit 0e267fb1; facts only",
        "mmlupro": "TIGER-AI-Lab/MMLU-Pro, eval_results, commit f418b116, Apache-2.0",
        "zeroeval_gsm": "WildEval/ZeroEval, result_dirs/gsm, commit 8c1485ed, Apache-2.0",
    },
}

NOT_THAT_SIZE = 0.5
"""Share of a shift that is believed of another size of the family, for each unit of ln(billions) between them."""
NOT_THAT_FAMILY = 0.5
"""Share of a shift that is believed of another generation of the family: qwen2.5 of qwen3.5."""
BASE_MODEL = -0.15
"""Shift of a model that was not taught to answer (`-text`, `-base`), where the table has no shift for it."""
QUANTISED = {"f": 0.02, "b": 0.02, "8": 0.02, "6": 0.01, "5": 0.01, "4": 0.0, "3": -0.03, "2": -0.06, "1": -0.12}
"""Shift by the bits of a weight, against 4 bits, Ollama's usual. Source: qwen2.5-coder:32b on Aider's exercises, fp16
71.4 %, q4_K_M 66.9, q2_K 61.7 (commit 5dc9490b, `quant.yml`; n = 133, so ±4 points); the rest lies between.
"""

_CODER_TASKS = frozenset({"code", "extract"})
_REASONER_NAMES = ("reason", "-r1", "phi4", "qwq", "think", "o1")
_BASE = re.compile(r"[-:](?:text|base)\b")
_BITS = re.compile(r"(?:i?q|f|bf|fp)(\d+)")

Shifts = Mapping[str, Mapping[str, float]]
"""Tag → task ("" for all) → shift."""


def quality(card: ModelCard, task: str, shifts: Shifts | None = None) -> float:
    """Return the expected quality in [0.15, 0.9]: by size, shifted by what is published of the model or its family.

    A card's own `quality` wins. A model of a family that no table has is judged by its size and by what its name says
    it is for. Source of the line: the Zeta learning study, section 4.

    Args:
        card: The model.
        task: The task.
        shifts: The table; None takes the one that ships.
    """
    told = card.quality.get(task)
    if told is not None:
        return told
    value = 0.42 + 0.13 * math.log(max(card.billions, 0.1)) + _by_bits(card)
    shift = _published(card, task, shipped() if shifts is None else shifts)
    if shift is None:
        shift = _by_name(card, task)
    return min(max(value + shift, 0.15), 0.9)


@lru_cache(maxsize=1)
def shipped() -> Shifts:
    """Return the table that ships. Read from its file once, when first needed."""
    return {model["tag"]: model["shifts"] for model in json.loads(FILE.read_text(encoding="utf-8"))["models"]}


def _published(card: ModelCard, task: str, shifts: Shifts) -> float | None:
    """Return the shift of the nearest size of the family, or of its newest relatives; None where there are none."""
    family, base = _family(card.name), _is_base(card.name)
    alike = [tag for tag in shifts if _is_base(tag) is base]
    kin, share = [tag for tag in alike if _family(tag) == family], 1.0
    if not kin:
        kin, share = [tag for tag in alike if _stem(_family(tag)) == _stem(family)], NOT_THAT_FAMILY
    if not kin:
        return None

    def apart(tag: str) -> float:
        return abs(math.log((parameters_in(tag) or 7e9) / 1e9 / max(card.billions, 0.1)))

    newest = max(_family(tag) for tag in kin)
    nearest = min((tag for tag in kin if _family(tag) == newest), key=apart)
    shift = shifts[nearest].get(task, shifts[nearest].get("", 0.0))
    fading: float = NOT_THAT_SIZE ** apart(nearest)
    return share * fading * shift


def _by_name(card: ModelCard, task: str) -> float:
    name = card.name.lower()
    value = BASE_MODEL if _is_base(name) else 0.0
    if "coder" in name or "code" in name:
        value += 0.10 if task in _CODER_TASKS else -0.08
    if task in ("reasoning", "math") and any(piece in name for piece in _REASONER_NAMES):
        value += 0.08
    if "chat" in _family(card.name):  # a tag that says `-chat` tells an instructed model from its base, no specialist
        value += 0.05 if task == "chat" else -0.05
    return value


def _by_bits(card: ModelCard) -> float:
    told = (card.quantization or card.name.partition(":")[2].rpartition("-")[2]).lower()
    if told.startswith(("f16", "fp16", "bf16", "f32", "fp32")):
        return QUANTISED["f"]
    found = _BITS.search(told)
    return QUANTISED.get(found[1][0], 0.0) if found is not None else 0.0


def _family(name: str) -> str:
    """Return `qwen2.5-coder` of `someone/qwen2.5-coder:7b-instruct`."""
    return name.lower().rpartition("/")[2].partition(":")[0]


def _stem(family: str) -> str:
    """Return `qwen-coder` of `qwen2.5-coder`: the family without its generation."""
    return re.sub(r"[\d.]+", "", family)


def _is_base(name: str) -> bool:
    return _BASE.search(name.lower()) is not None
