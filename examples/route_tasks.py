"""Three tasks, three models, one router: `python examples/route_tasks.py`. Uses the Ollama at OLLAMA_HOST."""

from zeta_router import DriftFound, DriftOver, ZetaDynamicRouter

router = ZetaDynamicRouter.from_ollama()
router.subscribe(lambda event: print("noticed:", event) if isinstance(event, (DriftFound, DriftOver)) else None)

for task, data in [
    ("code", "Write a Python function that reverses a list."),
    ("reasoning", "A bat and a ball cost 1.10 together; the bat costs 1.00 more. What does the ball cost?"),
    ("embedding", "The quick brown fox"),
]:
    result = router.route_task(task, data)
    print(f"{task}: {result.model} in {result.timings.total:.2f} s, because {result.decision.reason}")

for model, metrics in router.performance_metrics.items():
    print(f"{model}: {metrics.calls} call(s), half of them within {metrics.p50_s:.2f} s")
