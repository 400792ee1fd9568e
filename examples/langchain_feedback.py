"""Thumbs up, thumbs down: `python examples/langchain_feedback.py`. Uses the Ollama at OLLAMA_HOST."""

from langchain_core.runnables import RunnableConfig

from zeta_langchain import ChatZeta

llm = ChatZeta.from_ollama()
config: RunnableConfig = {"configurable": {"zeta_task": "writing"}}


def likes(text: str, model: str) -> bool:
    """Stand for a user who has a favourite; yours clicks on a thumb."""
    return model == "llama3.2:3b"


picks = []
for number in range(60):
    answer = llm.invoke(f"Write a slogan for shop number {number}.", config)
    stamp = answer.response_metadata["zeta"]
    picks.append(stamp["model"])
    # Any time later, and from anywhere that has the id:
    llm.router.feedback(stamp["decision_id"], 1.0 if likes(str(answer.content), stamp["model"]) else 0.0)

print("first ten:", " ".join(picks[:10]))
print("last ten: ", " ".join(picks[-10:]))
print(f"the favourite wrote {picks.count('llama3.2:3b')} of {len(picks)}")
