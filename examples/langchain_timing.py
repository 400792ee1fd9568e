"""Measuring what knows nothing of Zeta: `python examples/langchain_timing.py`. Uses the Ollama at OLLAMA_HOST."""

import os

from langchain_ollama import ChatOllama

from zeta_langchain import ChatZeta, install_global, zeta_timings

plain = ChatOllama(model="llama3.2:3b", base_url=os.environ.get("OLLAMA_HOST"))

with zeta_timings() as timings:
    plain.invoke("Name three rivers.")
    list(plain.stream("Name three seas."))
for call in timings.calls:
    print(f"{call.model}: {call.fate.value} after {call.timings.total:.2f} s, {call.output_tokens} tokens")

# What the rest of the program calls teaches the router, too: how fast its models are, and how busy their host is.
llm = ChatZeta.from_ollama()
install_global(llm.router)
for n in range(3):
    plain.invoke(f"Say something about the number {n}.")
print("the router has seen", llm.router.performance_metrics["llama3.2:3b"].calls, "calls of a model it never chose")
