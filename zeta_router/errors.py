"""Everything Zeta raises on purpose.

```text
ZetaError
├── ConfigError              a setting is wrong (also a ValueError)
│   └── VectorsDoNotMix      another embedding model, or another version of it, than the index was made with
├── InvalidRequest           a request is wrong (also a ValueError); nothing was sent
├── UnknownDecision          feedback or an explanation for a decision nobody remembers (also a KeyError)
├── NoCapableModel           no model of the fleet can take this request; says which need excluded which model
├── EveryAttemptFailed       models were tried, and none answered; one failure per attempt
└── OllamaError              what a server said, translated once (`zeta_router.ollama`)
    ├── ServerUnreachable    nobody listens there, or the connection broke
    ├── ServerTimeout        no sign of life for longer than allowed
    ├── ServerBusy           503: too many loads are waiting
    ├── ModelMissing         404: the model is not installed there
    ├── ModelCrashed         the runner died, or could not be loaded
    ├── ContextTooLong       the prompt does not fit into the context
    ├── AnswerTruncated      the answer ended without `done: true`
    └── RequestRefused       400, 403: the server will refuse this request again
        ├── CapabilityMissing    the model cannot do what the request needs; another one may
        └── CloudModelRefused    the model runs in a cloud, and was not allowed by name
```
"""

from __future__ import annotations

from dataclasses import dataclass


class ZetaError(Exception):
    """Base of every error that Zeta raises on purpose."""


class ConfigError(ZetaError, ValueError):
    """A setting is wrong: the text names the field, the value and the way out."""


class VectorsDoNotMix(ConfigError):
    """Vectors of two models, or of two versions of one, would come into one index, where they mean nothing together."""


class InvalidRequest(ZetaError, ValueError):
    """A request is wrong: the text names the field, the value and the way out. Nothing was sent."""


class UnknownDecision(ZetaError, KeyError):
    """No decision with this id is remembered."""

    def __init__(self, decision_id: str) -> None:
        super().__init__(decision_id)
        self.decision_id = decision_id

    def __str__(self) -> str:
        return (
            f"no decision {self.decision_id!r} is remembered; ids stand in Decision.id and in "
            'response_metadata["zeta"]["decision_id"], and the oldest are forgotten first'
        )


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why one model was not considered for a request."""

    model: str
    host: str
    need: str
    """What the request needs and the model lacks, e.g. `tools` or `context of 9000 tokens (has 8192)`."""


class NoCapableModel(ZetaError):
    """No model of the fleet can take this request; `exclusions` has one entry per model that was ruled out."""

    def __init__(self, exclusions: tuple[Exclusion, ...]) -> None:
        super().__init__(exclusions)  # `args` rebuilds the error after pickling
        self.exclusions = exclusions

    def __str__(self) -> str:
        if not self.exclusions:
            return "the fleet has no models; name some, or pull one: `ollama pull llama3.2:3b`"
        lacks = "; ".join(f"{e.model} lacks {e.need}" for e in self.exclusions)
        way = "Add a model that can, or lower what the request needs"
        if any("a context of" in e.need for e in self.exclusions):
            way += "; models that were trained for more get it by Limits(context=...)"
        return f"no model can take this request: {lacks}. {way}"


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that did not bring an answer."""

    model: str
    host: str
    fate: str
    error: str


class EveryAttemptFailed(ZetaError):
    """Models were tried and none answered; `failures` has one entry per attempt, in order."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__(failures)
        self.failures = failures

    def __str__(self) -> str:
        tried = "; ".join(f"{f.model} on {f.host}: {f.error or f.fate}" for f in self.failures)
        return f"every attempt failed: {tried}. `zeta doctor` looks at the servers"


class OllamaError(ZetaError):
    """What an Ollama server answered, or did not; `host` never contains a password."""

    def __init__(self, message: str, *, host: str = "", model: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.host = host
        self.model = model
        self.status = status

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.host, self.model, self.status))


def _rebuild(kind: type[OllamaError], message: str, host: str, model: str | None, status: int | None) -> OllamaError:
    return kind(message, host=host, model=model, status=status)


class ServerUnreachable(OllamaError):
    """Nobody listens at this address, or the connection broke."""


class ServerTimeout(OllamaError):
    """The server gave no sign of life for longer than allowed."""


class ServerBusy(OllamaError):
    """503: too many loads are waiting on this server."""


class ModelMissing(OllamaError):
    """404: the model is not installed on this server."""


class ModelCrashed(OllamaError):
    """The runner died, ran out of memory, or could not be loaded."""


class ContextTooLong(OllamaError):
    """The prompt does not fit into the model's context."""


class AnswerTruncated(OllamaError):
    """The answer ended without `done: true`; what arrived is incomplete."""


class RequestRefused(OllamaError):
    """The server refuses this request and would refuse it again (400, 403)."""


class CapabilityMissing(RequestRefused):
    """The model cannot do what the request needs, e.g. call tools; another one may."""

    @property
    def capability(self) -> str:
        """What it cannot do, as `/api/show` names it: `tools`, `thinking`, `completion`, `insert`, `vision`."""
        word = self.message.rpartition("does not support ")[2].partition(" ")[0].strip(".\"'")
        return {"chat": "completion", "generate": "completion", "images": "vision"}.get(word, word)


class CloudModelRefused(RequestRefused):
    """The model runs in a cloud: prompts would leave the machine. It must be allowed by name."""
