"""Which tools a model is shown, where there are more than it can choose among well: by words and by use."""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Collection, Sequence

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

USE_WEIGHT = 0.5
"""What a tool that was always called is worth, in parts of one whose words all match."""
PSEUDO = 2.0
"""Times shown that the first guess counts for."""
FIRST_GUESS = 0.2
KINDS_MOST = 64
"""Kinds of questions whose uses are counted apart."""
WORDS_MOST = 1_000
"""Tools whose words are kept ready; they are read anew when needed."""

_WORD = re.compile(r"[a-z]+|\d+|[^\W\d_a-z]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ENDINGS = ("ings", "ing", "ies", "ied", "es", "ed", "s", "e", "y")
_COMMON = frozenset(
    {
        *("a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "for", "from", "get", "give", "given"),
        *("has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "of", "on", "or", "our"),
        *("please", "return", "returns", "that", "the", "their", "then", "this", "to", "tool", "use", "used", "using"),
        *("want", "was", "what", "when", "which", "who", "will", "with", "you", "your"),
    }
)


class ToolSelection:
    """Ranks tools for a question: by the words they share, rare ones more, and by how often each was called so far.

    Args:
        limit: Tools that are shown at most; those that are always shown come on top.
        always: Names that are shown whatever the question.
    """

    def __init__(self, limit: int, always: Collection[str] = ()) -> None:
        self._limit = limit
        self._always = frozenset(always)
        self._words: dict[tuple[str, str], frozenset[str]] = {}
        self._shown: Counter[tuple[str, str]] = Counter()
        self._called: Counter[tuple[str, str]] = Counter()
        self._kinds: set[str] = set()
        self._lock = threading.Lock()

    def hidden(self, tools: Sequence[BaseTool], question: str, kind: str, *, called: Collection[str]) -> list[str]:
        """Return the names of the tools that are not shown.

        Args:
            tools: All there are.
            question: What the person asked.
            kind: Of question, under which uses are counted.
            called: Tools that were called for this question already; they stay.
        """
        loose = [tool for tool in tools if tool.name not in self._always and tool.name not in called]
        room = self._limit - sum(tool.name in called and tool.name not in self._always for tool in tools)
        if len(loose) <= max(room, 0):
            return []
        asked = words_in(question)
        words = [self._words_of(tool) for tool in loose]
        rarity = {word: math.log(1.0 + len(loose) / sum(word in of for of in words)) for word in set().union(*words)}
        known = sum(rarity.get(word, 0.0) for word in asked) or 1.0

        def worth(place: int) -> float:
            shared = sum(rarity[word] for word in asked & words[place])
            return shared / known + USE_WEIGHT * self._use(kind, loose[place].name)

        ranked = sorted(range(len(loose)), key=lambda place: (-worth(place), place))
        return sorted(loose[place].name for place in ranked[max(room, 0) :])

    def note(self, kind: str, *, shown: Collection[str], called: Collection[str]) -> None:
        """Count what was shown for a new question, and what was called."""
        with self._lock:
            if kind not in self._kinds and len(self._kinds) >= KINDS_MOST:
                kind = "other"
            self._kinds.add(kind)
            self._shown.update((kind, name) for name in shown)
            self._called.update((kind, name) for name in called)

    def _use(self, kind: str, name: str) -> float:
        key = (kind if kind in self._kinds else "other", name)
        use = (self._called[key] + PSEUDO * FIRST_GUESS) / (self._shown[key] + PSEUDO)
        return min(use, 1.0)

    def _words_of(self, tool: BaseTool) -> frozenset[str]:
        key = (tool.name, tool.description)
        found = self._words.get(key)
        if found is None:
            if len(self._words) >= WORDS_MOST:
                self._words.clear()
            parameters = convert_to_openai_tool(tool)["function"].get("parameters") or {}
            texts = [tool.name, tool.description]
            for name, part in parameters.get("properties", {}).items():
                texts += [name, str(part.get("description", "")) if isinstance(part, dict) else ""]
            found = self._words[key] = words_in(" ".join(texts))
        return found


def words_in(text: str) -> frozenset[str]:
    """Return the telling words of a text, without their endings: `getWeather` and "weather's" share one."""
    words = _WORD.findall(_CAMEL.sub(" ", text).replace("_", " ").lower())
    return frozenset(_stem(word) for word in words if word not in _COMMON and len(word) > 1)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
