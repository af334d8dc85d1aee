"""The feed as it happens: server-sent events. One look at the outbox serves all who listen.

Whoever listens first reads the feed up to now, then what the watch brings. Where the watch does not continue what a
listener has seen (it began later, or the listener was too slow), the listener reads the feed again: nothing is left
out. Only when the feed no longer goes back that far is there an event `resync`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
import structlog
from fastapi.responses import StreamingResponse
from msgspec import Struct
from starlette.types import Send

from services.ladder import cursors
from services.ladder.cursors import FeedCursor
from services.ladder.feed import Feed
from services.ladder.queries import Announced
from shared.http import Problem

POLL_SECONDS: Final = 0.25
HEARTBEAT_SECONDS: Final = 15.0
PAGE: Final = 1_000
WAITING: Final = 64
"""Pieces of news that wait for one listener at most."""

_log = structlog.get_logger("ladder")


class News(NamedTuple):
    """What was announced between two positions."""

    since: FeedCursor
    items: list[Announced]
    until: FeedCursor


class Watch:
    """Looks for new announcements while anybody listens."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._listeners: set[asyncio.Queue[News]] = set()
        self._watching: asyncio.Task[None] | None = None

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[News]]:
        """The news from now on; what does not fit into the queue is lost, and everything before it."""
        queue: asyncio.Queue[News] = asyncio.Queue(WAITING)
        self._listeners.add(queue)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    async def _watch(self) -> None:
        position: FeedCursor | None = None
        while self._listeners:
            try:
                position = await self._look(position or await self._feed.newest())
            except Problem as problem:
                _log.warning("stream.interrupted", reason=str(problem))
                position = None
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self, position: FeedCursor) -> FeedCursor:
        more = True
        while more:
            items, until, more = await self._feed.page(position, PAGE)
            if until != position:
                self._tell(News(position, items, until))
            position = until
        return position

    def _tell(self, news: News) -> None:
        for queue in self._listeners:
            if queue.full():
                _empty(queue)
            queue.put_nowait(news)


def _empty(queue: asyncio.Queue[News]) -> None:
    with suppress(asyncio.QueueEmpty):
        while True:
            queue.get_nowait()


# -- one listener ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a listener asked for."""

    types: frozenset[str]
    person: str | None
    historical: bool

    def __contains__(self, row: Announced) -> bool:
        if row.type not in self.types or self.person not in {None, row.person}:
            return False
        return self.historical or not _envelope.decode(row.value).data.historical


class _Data(Struct):
    historical: bool = False


class _Envelope(Struct):
    data: _Data


_envelope = msgspec.json.Decoder(_Envelope)


async def events(feed: Feed, watch: Watch, cursor: FeedCursor, wanted: Wanted) -> AsyncGenerator[bytes]:
    """The announcements behind the cursor, for ever; ends when the database cannot be asked."""
    listener = _Listener(feed, cursor, wanted)
    try:
        with watch.listen() as queue:
            yield listener.beat()
            while True:
                async for chunk in listener.catch_up():
                    yield chunk
                async for chunk in listener.follow(queue):
                    yield chunk
    except Problem as problem:
        _log.warning("stream.ended", reason=str(problem))


class _Listener:
    """Where one listener is in the feed, and what is to be sent to them."""

    def __init__(self, feed: Feed, cursor: FeedCursor, wanted: Wanted) -> None:
        self._feed = feed
        self._positions = list(cursor.positions)
        self._wanted = wanted

    async def catch_up(self) -> AsyncIterator[bytes]:
        """Everything up to now."""
        cursor, more = FeedCursor(0, list(self._positions)), True
        while more:
            try:
                items, cursor, more = await self._feed.page(cursor, PAGE)
            except Problem as problem:
                if problem.status != 410:
                    raise
                cursor, items = await self._feed.newest(), []
                self._positions = list(cursor.positions)
                yield self._event(b'{"reason":"cursor-expired"}', b"resync")
            if chunk := self._chunk(items):
                yield chunk
            self._positions = list(cursor.positions)

    async def follow(self, queue: asyncio.Queue[News]) -> AsyncIterator[bytes]:
        """What the watch brings, as long as it continues what was sent; now and then a sign of life."""
        loop = asyncio.get_running_loop()
        silent_since = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(silent_since + HEARTBEAT_SECONDS):
                    news = await queue.get()
            except TimeoutError:
                yield self.beat()
                silent_since = loop.time()
                continue
            if any(since > seen for since, seen in zip(news.since.positions, self._positions, strict=True)):
                return
            if chunk := self._chunk(news.items):
                yield chunk
                silent_since = loop.time()
            self._positions = [*map(max, self._positions, news.until.positions)]

    def beat(self) -> bytes:
        """A comment, and how far the listener has come even where nothing concerned them."""
        return b": still here\nid: %b\n\n" % self._id()

    def _chunk(self, items: Sequence[Announced]) -> bytes:
        sent = []
        for row in items:
            if row.seq > self._positions[row.lane]:
                self._positions[row.lane] = row.seq
                if row in self._wanted:
                    sent.append(self._event(row.value))
        return b"".join(sent)

    def _event(self, data: bytes, kind: bytes = b"") -> bytes:
        named = b"event: %b\n" % kind if kind else b""
        return b"%bid: %b\ndata: %b\n\n" % (named, self._id(), data)

    def _id(self) -> bytes:
        return cursors.encode(FeedCursor(0, self._positions)).encode()


class EventStream(StreamingResponse):
    """A stream of server-sent events that is closed at once when its client has gone."""

    def __init__(self, chunks: AsyncGenerator[bytes]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(chunks, headers=headers, media_type="text/event-stream")
        self._chunks = chunks

    async def stream_response(self, send: Send) -> None:
        """Send chunk after chunk."""
        async with aclosing(self._chunks):
            await super().stream_response(send)
