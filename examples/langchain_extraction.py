"""Objects out of text: `python examples/langchain_extraction.py`. Uses the Ollama at OLLAMA_HOST."""

from pydantic import BaseModel, Field

from zeta_langchain import ChatZeta


class Invoice(BaseModel):
    """One invoice."""

    company: str = Field(description="Who sent it")
    amount: float = Field(description="What it costs, in euros")
    paid: bool


# An answer off the schema counts against its model, and the next one is asked.
extract = ChatZeta.from_ollama().with_structured_output(Invoice, include_raw=True)

for letter in ["'Miller Ltd' asks for 250 euros.", "Thank you for the 99 euros! Yours, 'Smith & Sons'"]:
    found = extract.invoke(letter)
    print(f"{found['parsed']}  by {found['raw'].response_metadata['zeta']['model']}")

print(extract.batch(["'Acme' billed us 12 euros."])[0]["parsed"])
