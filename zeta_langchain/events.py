"""Streams of events in LangChain's version 3, filled from the events of the child that answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any

from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream


def event_stream(events: Generator[Any, None, None]) -> ChatModelStream:
    """Return the stream that some events make; nothing runs before it is read."""
    stream = ChatModelStream()

    def pump() -> bool:
        try:
            event = next(events)
            if event.get("event") == "message-finish":
                for _ in events:  # nobody asks for more after this one: let the run end
                    pass
        except StopIteration:
            return False
        except BaseException as error:  # whoever reads the stream gets it, cancellations as well
            stream.fail(error)
            return False
        stream.dispatch(event)
        return True

    stream.bind_pump(pump)
    return stream


async def aevent_stream(events: AsyncGenerator[Any, None]) -> AsyncChatModelStream:
    """Return the stream that some events make, awaited."""
    return PulledStream(events)


class PulledStream(AsyncChatModelStream):
    """A stream that pulls its events when it is read, not from a task of its own: to stop reading stops the model."""

    def __init__(self, events: AsyncGenerator[Any, None]) -> None:
        super().__init__()
        self._source = events
        self._turn = asyncio.Lock()  # text, reasoning and tool calls may be read side by side
        self.set_arequest_more(self._pull)

    async def _pull(self) -> bool:
        async with self._turn:
            if self.done:
                return False
            try:
                event = await anext(self._source)
                if event.get("event") == "message-finish":
                    async for _ in self._source:  # as above
                        pass
            except StopAsyncIteration:
                return False
            except asyncio.CancelledError as error:
                self.fail(error)
                raise
            except BaseException as error:  # whoever reads the stream gets it
                self.fail(error)
                return False
            self.dispatch(event)
            return True

    async def aclose(self) -> None:
        """End the stream, and with it the model's work. Closing it twice, or at its end, changes nothing."""
        await self._source.aclose()
        if not self.done:
            self.fail(asyncio.CancelledError())
