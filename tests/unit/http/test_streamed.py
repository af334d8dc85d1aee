"""A preview's answer gives its place free again, however it ends."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.types import Message, Send

from shared.http.streamed import PreviewResponse

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}}


class Ended:
    """Notes what has ended."""

    def __init__(self) -> None:
        self.place = self.work = False

    def place_free(self) -> None:
        self.place = True

    async def endless(self) -> AsyncGenerator[bytes]:
        try:
            while True:
                yield b"a line\n"
                await asyncio.sleep(0)
        finally:
            self.work = True


async def answered(send: Send, *, gone: bool, patience: float) -> Ended:
    """What has ended after an answer without end to a client that has `gone`, or is there and takes it by `send`."""
    ended = Ended()

    async def receive() -> Message:
        if not gone:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    response = PreviewResponse(ended.endless(), ended.place_free, {}, "application/jsonl", patience)
    await response(SCOPE, receive, send)
    return ended


async def test_the_place_is_free_when_the_client_has_gone() -> None:
    """And the work ends with it, or has not begun."""

    async def send(_: Message) -> None:
        await asyncio.sleep(0)

    ended = await answered(send, gone=True, patience=60)
    assert ended.place


async def test_the_place_is_free_when_the_client_does_not_read_on() -> None:
    """After a while the answer is broken off."""
    taken = []

    async def send(message: Message) -> None:
        taken.append(message)
        if len(taken) > 2:
            await asyncio.Event().wait()

    ended = await answered(send, gone=False, patience=0.05)
    assert (ended.place, ended.work, len(taken)) == (True, True, 3)
