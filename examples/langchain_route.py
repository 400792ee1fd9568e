"""Chains side by side, learned from: `python examples/langchain_route.py`. Uses the Ollama at OLLAMA_HOST."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from zeta_langchain import ChatZeta, ZetaRunnable

llm = ChatZeta.from_ollama()
short = ChatPromptTemplate.from_template("Answer in one sentence: {q}") | llm | StrOutputParser()
careful = ChatPromptTemplate.from_template("Think step by step, then answer: {q}") | llm | StrOutputParser()


def broken(_: dict[str, str]) -> str:
    """Stand for a service that is down."""
    raise ConnectionError("no answer")


# Where `RunnableBranch` stood: the first condition that holds, and the default if that branch fails.
route = ZetaRunnable.from_branches((lambda asked: "why" in asked["q"].lower(), broken), short)
print(route.invoke({"q": "Why is the sky blue?"})[:70])

# Learned: seconds, failures and feedback decide which of them serves.
learned = ZetaRunnable({"short": short, "careful": careful}, task="homework", accept=bool)
for n in range(5):
    learned.invoke({"q": f"What is {n} plus {n}?"})
print(learned.router.explain(learned.request({"q": "What is 6 plus 6?"})))
for name, metrics in learned.router.performance_metrics.items():
    print(f"{name}: {metrics.calls} run(s), half of them within {metrics.p50_s:.2f} s")
