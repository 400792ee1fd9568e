"""LlamaIndex with a model picked per request: `python examples/llamaindex_chat.py`. Uses the Ollama at OLLAMA_HOST."""

from llama_index.core.llms import ChatMessage

from zeta_llamaindex import ZetaLLM

llm = ZetaLLM.from_ollama()

for question in ["Write a Python function that reverses a list.", "Name three rivers."]:
    response = llm.chat([ChatMessage(role="user", content=question)])
    print(f"{response.additional_kwargs['zeta']['model']}: {str(response.message.content)[:70]}")

for piece in llm.stream_complete("Tell me about the sea."):
    print(piece.delta, end="", flush=True)
print()
