"""`TaskClassifier`: from a prompt to its task, with a bounded memory of prompts it has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log2

from zeta_router.tasks.answer_length import asked_tokens, expected_tokens
from zeta_router.tasks.boilerplate import Boilerplate
from zeta_router.tasks.complexity import bucket, complexity_score
from zeta_router.tasks.conversation import read_conversation
from zeta_router.tasks.linear_model import LinearModel, Scores, load_model
from zeta_router.tasks.ngrams import ngrams
from zeta_router.tasks.reasons import FILLERS, REASONS, worded
from zeta_router.tasks.sample import sample
from zeta_router.tasks.structure import observe
from zeta_router.tasks.task_guess import TaskGuess

GUESSABLE: tuple[str, ...] = (
    "chat", "code", "extract", "math", "qa", "reasoning", "summarize", "tools", "translate", "writing",
)  # fmt: skip
"""Tasks that can be found from a text; `embedding` cannot, it is known from the call."""

KINDS: tuple[str, ...] = (
    "creative text", "everyday sense", "exam question", "explanation", "higher mathematics", "puzzle",
    "school science", "search question", "short code exercise", "software work", "talk", "trivia question",
    "use of tools", "word problem", "work on a text",
)  # fmt: skip
"""Kinds of prompt, finer than tasks; their probabilities are the first traits."""

SUBJECTS: tuple[str, ...] = (
    "business and the rest", "computing", "economics", "health", "history", "mathematics", "natural science", "no exam",
)  # fmt: skip
"""Subjects of exam questions; their probabilities are traits, too."""

TRAITS: tuple[str, ...] = (*KINDS, *SUBJECTS, "length", "lines of code", "options", "foreign")
"""Names of `TaskGuess.traits`. All lie in [0, 1]; `length` is log2(characters) / 20."""

_DEMANDS = ("demand 1", "demand 2", "demand 3")
_TASK_HEADS = slice(0, len(GUESSABLE))
_KIND_HEADS = slice(_TASK_HEADS.stop, _TASK_HEADS.stop + len(KINDS))
_SUBJECT_HEADS = slice(_KIND_HEADS.stop, _KIND_HEADS.stop + len(SUBJECTS))

_STEP = 0.02
"""Traits are rounded down to it: enough for a learner, and too coarse to tell prompts apart by."""
_REMEMBERED = 512
"""Guesses kept, at least half of them at any time. A chain asks the same again: in retries, votes, and tests."""
FOLLOWED = 0.4
"""Share of the message before in the guess for a follow-up that is too short to stand alone."""
TEMPLATE = 0.35
"""Share of the part that never changes in the guess for a template's prompt; more, where the rest leaves it open."""
SYSTEM = 0.5
"""Share of the system prompt in what a guess leaves open."""
TOOLS_OFFERED = 4.0
"""How much more likely a call of a tool gets when tools are offered."""

_NOTHING = TaskGuess(
    task="chat",
    probability=0.28,
    probabilities={task: 0.28 if task == "chat" else 0.08 for task in GUESSABLE},
    reasons=("there is no text to go by", FILLERS[1]),
    traits=(0.0,) * len(TRAITS),
)


class TaskClassifier:
    """Guesses tasks. Remembers guesses by the hash of their prompts, never a prompt.

    Args:
        templates: Whether to learn which lines of prompts never change, and to listen to the others. Then a guess
            depends on the prompts before it.
    """

    def __init__(self, *, templates: bool = True) -> None:
        self._recent: dict[int, TaskGuess] = {}
        self._older: dict[int, TaskGuess] = {}
        self._boilerplate = Boilerplate() if templates else None

    def __repr__(self) -> str:
        return f"<TaskClassifier, {len(self._recent) + len(self._older)} guesses remembered>"

    def __call__(self, text_or_messages: object, *, tools: bool = False) -> TaskGuess:
        """Return the guess for a prompt or messages; as `classify`.

        Args:
            text_or_messages: The prompt, or messages of either framework.
            tools: Whether tools are offered to the model.
        """
        if isinstance(text_or_messages, str) and not tools:
            return self._of_text(text_or_messages)
        said = read_conversation(text_or_messages)
        guess = self._of_text(said.text)
        if said.before:
            guess = _mixed(guess, self._of_text(said.before), FOLLOWED)
        if said.system:
            guess = _mixed(guess, self._of_text(said.system), SYSTEM * (1 - guess.probability))
        return _offered_tools(guess) if tools or said.tools else guess

    def _of_text(self, text: str) -> TaskGuess:
        if not text or text.isspace():
            return _NOTHING
        key = hash(text)
        guess = self._recent.get(key)
        return guess if guess is not None else self._remember(key, self._older.get(key) or self._new_guess(text))

    def _new_guess(self, text: str) -> TaskGuess:
        if self._boilerplate is None:
            return _guess(text, len(text))
        varying, constant = self._boilerplate.split(text)
        guess = _guess(varying, len(text))
        if not constant:
            return guess
        key = hash(constant)
        known = self._recent.get(key) or self._remember(key, self._older.get(key) or _guess(constant, len(constant)))
        return _mixed(guess, known, TEMPLATE + SYSTEM * (1 - guess.probability))

    def _remember(self, key: int, guess: TaskGuess) -> TaskGuess:
        if len(self._recent) >= _REMEMBERED // 2:
            self._older, self._recent = self._recent, {}
        self._recent[key] = guess
        return guess


def _guess(text: str, characters: int) -> TaskGuess:
    model = load_model()
    part = sample(text)
    scores = model.scores(ngrams(part), observe(part, characters))
    chances = _softmax(scores.heads[_TASK_HEADS])
    kinds = _softmax(scores.heads[_KIND_HEADS])
    longer, difficulty = scores.heads[_SUBJECT_HEADS.stop :]
    length = longer + sum([share * mean for share, mean in zip(kinds, model.lengths, strict=True)])
    probability = max(chances)
    place = chances.index(probability)
    probabilities = dict(zip(GUESSABLE, chances, strict=True))
    seen = scores.seen
    return TaskGuess(
        task=GUESSABLE[place],
        probability=probability,
        probabilities=probabilities,
        reasons=_two_reasons(model, scores, place),
        traits=(
            *[int(share / _STEP) * _STEP for share in kinds],
            *[int(share / _STEP) * _STEP for share in _softmax(scores.heads[_SUBJECT_HEADS])],
            min(int(log2(characters) + 0.5), 20) / 20,
            1.0 if "code lines" in seen else 0.5 if "code line" in seen else 0.0,
            1.0 if "options" in seen else 0.0,
            1.0 if "foreign" in seen else 0.0,
        ),
        output_tokens=expected_tokens(
            probabilities,
            log_tokens=length,
            characters=characters,
            asked=asked_tokens(part),
        ),
        complexity=bucket(
            complexity_score(
                length,
                difficulty,
                model.complexity["slope"],
                characters,
                sum([step in seen for step in _DEMANDS]),
            ),
            model.complexity,
        ),
    )


def _mixed(guess: TaskGuess, other: TaskGuess, share: float) -> TaskGuess:
    """Return a guess of which a share comes from another text."""
    chances = {task: (1 - share) * p + share * other.probabilities[task] for task, p in guess.probabilities.items()}
    task = max(chances, key=chances.__getitem__)
    reasons = (
        guess.reasons if task == guess.task else (*other.reasons[:1], "what stands around it, or came before, says so")
    )
    return replace(guess, task=task, probability=chances[task], probabilities=chances, reasons=reasons)


def _offered_tools(guess: TaskGuess) -> TaskGuess:
    """Return the guess when the model may call tools."""
    odds = {task: p * TOOLS_OFFERED if task == "tools" else p for task, p in guess.probabilities.items()}
    total = sum(odds.values())
    chances = {task: p / total for task, p in odds.items()}
    task = max(chances, key=chances.__getitem__)
    reasons = guess.reasons if task == guess.task else ("tools are offered", guess.reasons[0])
    return replace(guess, task=task, probability=chances[task], probabilities=chances, reasons=reasons)


def _softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores)
    shares = [exp(score - top) for score in scores]
    total = sum(shares)
    return [share / total for share in shares]


def _two_reasons(model: LinearModel, scores: Scores, place: int) -> tuple[str, str]:
    """Return what spoke most for the task at `place`, against the mean of all tasks."""
    weights = model.weights_seen
    spoke: dict[str, float] = {}
    for name in scores.seen:
        reason = REASONS.get(name) or REASONS[name[:-2]]  # the steps of a group are one reason
        spoke[reason] = spoke.get(reason, 0.0) + weights[name][place]
    spoke[worded(GUESSABLE[place])] = scores.heads[place] - model.biases[place] - sum(spoke.values())
    best = sorted(((weight, reason) for reason, weight in spoke.items() if weight > 0), reverse=True)[:2]
    found = [reason for _, reason in best]
    found += FILLERS[: 2 - len(found)]
    return found[0], found[1]
