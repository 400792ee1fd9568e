"""Who makes the answers of simulated models: plausible text, scripts, echoes, or JSON by the schema."""

from zeta_router.simulator.responders.base import Answer, Embedder, Message, Prompt, Responder, Tool, ToolCall
from zeta_router.simulator.responders.default import DefaultResponder
from zeta_router.simulator.responders.echo import EchoResponder
from zeta_router.simulator.responders.embedding import HashedNgrams
from zeta_router.simulator.responders.schema import SchemaResponder
from zeta_router.simulator.responders.scripted import ScriptedResponder

__all__ = [
    "Answer",
    "DefaultResponder",
    "EchoResponder",
    "Embedder",
    "HashedNgrams",
    "Message",
    "Prompt",
    "Responder",
    "SchemaResponder",
    "ScriptedResponder",
    "Tool",
    "ToolCall",
]
