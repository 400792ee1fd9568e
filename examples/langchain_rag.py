"""Questions over own texts: `python examples/langchain_rag.py`. Uses the Ollama at OLLAMA_HOST."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore

from zeta_langchain import ChatZeta, ZetaEmbeddings

TEXTS = [
    "The library opens at nine and closes at six, on Saturdays at two.",
    "Books are lent for four weeks; each day after that costs ten cents.",
    "The reading room on the second floor has forty seats and is silent.",
]

embeddings = ZetaEmbeddings("nomic-embed-text")  # hosts=[...]: all that have the same version of it
store = InMemoryVectorStore.from_texts(TEXTS, embeddings)
print("index made with", embeddings.identity())  # written down with an index that is kept: another model is refused

retriever = store.as_retriever(search_kwargs={"k": 2})
prompt = ChatPromptTemplate.from_template("Answer from these texts only.\n{texts}\n\nQuestion: {question}")
chain = (
    {"texts": retriever | (lambda found: "\n".join(d.page_content for d in found)), "question": RunnablePassthrough()}
    | prompt
    | ChatZeta.from_ollama()
    | StrOutputParser()
)

for question in ["When does the library close?", "What does a late book cost?"]:
    print(f"{question}\n  {chain.invoke(question)[:70]}")
