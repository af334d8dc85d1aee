"""A real HTTP receiver of webhooks that fails in whatever way a test wants it to."""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Manner(StrEnum):
    """What a receiver does besides answering with a status."""

    HANG = "hang"
    """Reads the request and says nothing, until `go_on` is set."""
    BREAK = "break"
    """Closes the connection without an answer."""
    GARBAGE = "garbage"
    """Answers something that is no HTTP."""
    ENDLESS = "endless"
    """Answers 200 with a body that never ends."""
    TORN = "torn"
    """Answers 200 and breaks off in the middle of the body."""


Said = int | Manner | tuple[int, dict[str, str]] | tuple[int, dict[str, str], bytes]
"""A status, perhaps with headers and a body, or something that goes wrong."""


@dataclass
class Post:
    """A request as it arrived; names of headers in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        """The event in it."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """What it answers next (the last of `answers` for ever), and what it has got."""

    answers: deque[Said] = field(default_factory=lambda: deque([204]))
    posts: list[Post] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    under_way: int = 0
    most_at_once: int = 0
    port: int = 0
    scheme: str = "http"

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        """Where it listens."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def say(self, *answers: Said) -> None:
        """Answer so from now on."""
        self.answers = deque(answers)

    def events(self) -> list[str]:
        """The ids that have arrived, in order."""
        return [post.headers["webhook-id"] for post in self.posts]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._answered(reader, writer):
                pass
        writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        self.posts.append(await _read(reader))
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            return await self._answer(writer, self.answers.popleft() if len(self.answers) > 1 else self.answers[0])
        finally:
            self.under_way -= 1

    async def _answer(self, writer: asyncio.StreamWriter, how: Said) -> bool:
        match how:
            case Manner.HANG:
                await self.go_on.wait()
                writer.write(_head(204, {}))
            case Manner.BREAK:
                return False
            case Manner.GARBAGE:
                writer.write(b"220 mail.example ESMTP\r\n")
                return False
            case Manner.ENDLESS:
                writer.write(_head(200, {}, length=10**12))
                while True:
                    writer.write(b"x" * 65_536)
                    await writer.drain()
            case Manner.TORN:
                writer.write(_head(200, {}, length=100) + b"half")
                return False
            case int():
                writer.write(_head(how, {}))
            case (status, headers):
                writer.write(_head(status, headers))
            case (status, headers, body):
                writer.write(_head(status, headers, length=len(body)) + body)
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Post:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Post(head[0], headers, body)


def _head(status: int, headers: dict[str, str], length: int | None = None) -> bytes:
    text = b"" if status == 204 else b"said %d" % status
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    if status != 204:
        lines.append(f"Content-Length: {len(text) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + (text if length is None else b"")


@asynccontextmanager
async def receiver(*answers: Said, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver on loopback, until the block ends."""
    made = Receiver(scheme="http" if tls is None else "https")
    if answers:
        made.say(*answers)
    tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks[asyncio.create_task(made.serve(reader, writer))] = writer

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.go_on.set()
        for task, writer in tasks.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*tasks, *(each.wait_closed() for each in tasks.values()), return_exceptions=True)
        await server.wait_closed()
