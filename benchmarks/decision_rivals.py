"""Microseconds per decision beside other packages, in one run: `python benchmarks/decision_rivals.py`.

Needs the extra `rivals`: litellm (its Router with latency-based picking) and mabwiser (LinUCB). Models have answered
about twenty times before. The packages do not do the same: LiteLLM and Zeta take a request and return a deployment,
mabwiser takes features and returns an arm; and only Zeta predicts times.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from statistics import median, quantiles

from decision_speed import learned_router

from zeta_router import Request, TaskGuess

ROUNDS = 2_000
ANSWERS = 20
PROMPT = "def f(x): ..."


def zeta(models: int) -> Callable[[], object]:
    """Return one decision of Zeta's default policy, the router's own work included."""
    decide = learned_router(models)[0]._dispatcher.decide
    request, guess = Request(text=PROMPT, task="code", prompt_tokens=400), TaskGuess.told("code")
    return lambda: decide(request, guess)


def litellm_router(models: int) -> Callable[[], object]:
    """Return one decision of LiteLLM's Router; its answers are mocked."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else importing it asks the network, with retries
    import litellm

    litellm.suppress_debug_info = True
    deployments = [
        {
            "model_name": "all",
            "litellm_params": {"model": f"ollama/model-{i}", "mock_response": "yes", "api_base": "http://127.0.0.1:1"},
            "model_info": {"id": f"model-{i}"},
        }
        for i in range(models)
    ]
    router = litellm.Router(model_list=deployments, routing_strategy="latency-based-routing")
    messages = [{"role": "user", "content": PROMPT}]
    for _ in range(5):
        for _ in range(ANSWERS * models // 5):
            router.completion(model="all", messages=messages)
        time.sleep(1.0)  # it learns in threads of its own
    return lambda: router.get_available_deployment(model="all", messages=messages)


def mabwiser_linucb(models: int) -> Callable[[], object]:
    """Return one decision of mabwiser's LinUCB on nine features."""
    import numpy as np
    from mabwiser.mab import MAB, LearningPolicy

    draw = np.random.default_rng(1)
    arms = list(range(models))
    bandit = MAB(arms, LearningPolicy.LinUCB(alpha=0.35))
    decisions = np.repeat(arms, ANSWERS)
    bandit.fit(decisions, draw.random(len(decisions)), draw.random((len(decisions), 9)))
    features = draw.random((1, 9))
    return lambda: bandit.predict(features)


def measure(decide: Callable[[], object]) -> tuple[float, float]:
    """Return median and p99 of the microseconds that one decision takes."""
    for _ in range(50):
        decide()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        decide()
        taken.append((time.perf_counter() - began) * 1e6)
    return median(taken), quantiles(taken, n=100)[98]


def main() -> None:
    """Print one line per package and number of candidates, with the ratio of medians."""
    warnings.simplefilter("ignore")
    makers = {"zeta": zeta, "litellm.Router": litellm_router, "mabwiser LinUCB": mabwiser_linucb}
    for models in (8, 50):
        own = 0.0
        for name, make in makers.items():
            try:
                middle, late = measure(make(models))
            except ModuleNotFoundError as error:
                print(f"{models:3d} candidates, {name:16}: {error.name} is not installed (extra `rivals`)")
                continue
            own = own or middle
            print(
                f"{models:3d} candidates, {name:16}: median {middle:8.1f} µs, p99 {late:9.1f} µs, "
                f"{middle / own:6.1f} times Zeta's median"
            )


if __name__ == "__main__":
    main()
