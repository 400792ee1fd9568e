"""`Words`: what is said for a person to read, put together only when somebody reads it."""

from __future__ import annotations

from typing import Protocol


class Words(Protocol):
    """A text that is put together when somebody reads it. Plain data, because a decision may be stored unread."""

    def __str__(self) -> str:
        """Return the text."""
        ...


class Text:
    """A field that is set to a text or to `Words`, and read as a text."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, thing: object, owner: type) -> str:
        if thing is None:
            raise AttributeError(self._name)  # of the class there is none: the field has no default
        text = vars(thing)[self._name]
        if not isinstance(text, str):
            text = vars(thing)[self._name] = str(text)
        return text

    def __set__(self, thing: object, text: str | Words) -> None:
        vars(thing)[self._name] = text
