"""A mail server that keeps nothing, and `python -m benchmarks.sink PORT COUNT CONNECTIONS BYTES`: who only fills it.

Both speak just enough SMTP (RFC 5321), so that what is measured is the notifier and not its counterpart.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

ANSWERS = {b"QUIT": b"221 bye\r\n", b"DATA": b"354 go on\r\n", b"EHLO": b"250-sink\r\n250 8BITMIME\r\n"}


class Sink:
    """Counts texts. While `open` is not set, whoever wants to send is kept waiting."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.port = 0
        self.taken = 0
        self.size = 0
        """Bytes of the newest text."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(b"220 sink\r\n")
        try:
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"MAIL":
                    await self.open.wait()
                writer.write(ANSWERS.get(verb, b"250 OK\r\n"))
                if verb == b"DATA":
                    self.size = len(await reader.readuntil(b"\r\n.\r\n"))
                    self.taken += 1
                    writer.write(b"250 OK\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def sink() -> AsyncIterator[Sink]:
    """A server on loopback, closed at first, until the block ends."""
    found = Sink()
    server = await asyncio.start_server(found.talk, "127.0.0.1", 0, limit=2**22)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


async def fill(port: int, count: int, connections: int, size: int) -> float:
    """Hand over so many texts of that size, a command at a time as mail programs do; returns the seconds it took."""
    text = (b"x" * 76 + b"\r\n") * (size // 78) + b".\r\n"
    left = iter(range(count))

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        for _ in left:
            for command in (b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<b@example.org>\r\n", b"DATA\r\n", text):
                writer.write(command)
                await reader.readline()
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return time.perf_counter() - begun


if __name__ == "__main__":
    print(asyncio.run(fill(*map(int, sys.argv[1:]))))
