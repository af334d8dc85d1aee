"""The relay of one lane: publishes the outbox in order, at least once, nothing behind a failed message."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice

import structlog

from shared.lanes import OutboxRow
from shared.log import Entry, Log, LogUnavailableError

CHUNK = 2_000
"""Messages in one append."""
BACKLOG = 4_000
"""Unpublished messages above which the lane takes no new records: what cannot be told need not be found out yet."""

_log = structlog.get_logger("relay")


class Relay:
    """Holds the committed, unpublished rows of a lane and moves them to the log; never touches the database."""

    def __init__(self, log: Log, published_seq: int) -> None:
        self._to = log
        self._waiting: deque[tuple[int, OutboxRow]] = deque()
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.published_seq = published_seq
        """Everything up to this number is durably in the log."""

    def add(self, rows: Sequence[tuple[int, OutboxRow]]) -> None:
        """These rows have been committed, under these numbers."""
        self._waiting.extend(rows)
        if rows:
            self._more.set()
            self._empty.clear()
        if len(self._waiting) > BACKLOG:
            self._room.clear()

    async def drained(self) -> None:
        """Wait until everything that was added is published."""
        await self._empty.wait()

    async def room(self) -> None:
        """Wait until the backlog is small enough to go on."""
        await self._room.wait()

    async def run(self) -> None:
        """Publish until cancelled. What fails is tried again, the same rows first."""
        try:
            await self._publish()
        finally:
            self._room.set()  # whoever waits finds out that this has ended
            self._empty.set()

    async def _publish(self) -> None:
        while True:
            await self._more.wait()
            chunk = list(islice(self._waiting, CHUNK))
            try:
                await self._to.append([_entry(row) for _, row in chunk])
            except LogUnavailableError as error:
                _log.warning("relay.waiting", reason=str(error), messages=len(self._waiting))
                await asyncio.sleep(0.5)
                continue
            self._done(chunk)

    def _done(self, chunk: Sequence[tuple[int, OutboxRow]]) -> None:
        self.published_seq = chunk[-1][0]
        for _ in chunk:
            self._waiting.popleft()
        if not self._waiting:
            self._more.clear()
            self._empty.set()
        if len(self._waiting) <= BACKLOG:
            self._room.set()


def _entry(row: OutboxRow) -> Entry:
    return Entry(row.topic, row.lane, None if row.key is None else row.key.encode(), row.value)
