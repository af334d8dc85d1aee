"""What a preview tells, on its way to whoever asked."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Final

import structlog
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

PATIENCE: Final = 60.0
"""Seconds in which a piece must be taken: others wait for the place of whoever does not read on."""

_log = structlog.get_logger("preview")


class PreviewResponse(StreamingResponse):
    """Made as long as somebody reads; whatever ends it, `ended` is called."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes],
        ended: Callable[[], None],
        headers: Mapping[str, str],
        media_type: str,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__(chunks, headers=headers, media_type=media_type)
        self._chunks = chunks
        self._ended = ended
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or as much of it as is wanted."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()

    async def stream_response(self, send: Send) -> None:
        """Send chunk after chunk; end the work when the client has gone or no longer reads."""

        async def patiently(message: Message) -> None:
            async with asyncio.timeout(self._patience):
                await send(message)

        async with aclosing(self._chunks):
            try:
                await super().stream_response(patiently)
            except TimeoutError:
                _log.warning("preview.not_read", seconds=self._patience)
