"""Objects out of text, from whichever model keeps to the schema: `python examples/llamaindex_extraction.py`."""

from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from zeta_llamaindex import ZetaLLM
from zeta_router import OutcomeSeen


class City(BaseModel):
    """A city."""

    name: str
    people: int


llm = ZetaLLM.from_ollama(task="extract")


def tell(event: object) -> None:
    if isinstance(event, OutcomeSeen):  # an answer that breaks the schema is `invalid`, and the next model is asked
        print(f"  {event.decision.model}: {event.outcome.fate.value}")


llm.router.subscribe(tell)
prompt = PromptTemplate("Which city is it? {text}")

print(llm.structured_predict(City, prompt, text="'Bern' has 134000 people."))
print(llm.as_structured_llm(City).complete("'Turin' has 850000 people.").raw)
