"""Many questions with a progress bar: `python examples/langchain_batch.py`. Uses the Ollama at OLLAMA_HOST."""

from collections import Counter

from rich.progress import track

from zeta_langchain import ChatZeta

llm = ChatZeta.from_ollama()
questions = [f"What is {n} times {n + 1}?" for n in range(8)] + [
    f"Write a haiku about the number {n}." for n in range(4)
]

# Each input is routed by itself; what is in flight on each host is known, so that they share the work.
answers = llm.batch_as_completed(questions, {"max_concurrency": 4}, return_exceptions=True)
by_model: Counter[str] = Counter()
for number, answer in track(answers, total=len(questions), description="Asking"):
    if isinstance(answer, BaseException):
        print(f"{questions[number]} failed: {answer}")
    else:
        by_model[answer.response_metadata["zeta"]["model"]] += 1

for model, count in by_model.most_common():
    metrics = llm.router.performance_metrics[model]
    print(f"{model}: {count} answers, half of them within {metrics.p50_s:.2f} s")
print(f"{sum(by_model.values())} of {len(questions)} answered")
