"""What is under way and must be finished before a log is closed."""

import asyncio
from contextlib import suppress

from shared.log import LogUnavailableError
from shared.log.together import CLOSE_SECONDS


class UnderWay:
    """Used as a context around each append."""

    def __init__(self) -> None:
        self._count = 0
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()

    def __enter__(self) -> None:
        """Raises LogUnavailableError once the log is closing."""
        if self._closed:
            raise LogUnavailableError("the log is closed")
        self._count += 1
        self._idle.clear()

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        if not self._count:
            self._idle.set()

    async def finish(self) -> None:
        """Let nothing new begin and wait a moment for the rest."""
        self._closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._idle.wait()
