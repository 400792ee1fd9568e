"""A chain whose model is picked per request: `python examples/langchain_chain.py`. Uses the Ollama at OLLAMA_HOST."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from zeta_langchain import ChatZeta

llm = ChatZeta.from_ollama()
chain = ChatPromptTemplate.from_template("Answer briefly: {question}") | llm | StrOutputParser()

questions = ["What does `git rebase` do?", "Who wrote Faust?", "What is 17 times 23?"]
for question, answer in zip(questions, chain.batch([{"question": question} for question in questions]), strict=True):
    print(f"{question}\n  {answer[:70]}")

for chunk in llm.stream("Write a Python function that reverses a list."):
    print(chunk.content, end="", flush=True)
    if "zeta" in chunk.response_metadata:
        zeta = chunk.response_metadata["zeta"]
        print(f"\n\n{zeta['model']} answered, because {zeta['reason']}")
