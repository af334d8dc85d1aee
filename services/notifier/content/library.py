"""Keeps the shelf filled: reads the folder, asks the feed now and then, and takes what the database has."""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from services.notifier.content import store
from services.notifier.content.feed import LARGEST_FEED, UnreadableFeedError, read_feed
from services.notifier.content.folder import ORIGIN, Found, read_folder
from services.notifier.content.shelf import Shelf
from services.notifier.content.store import Turn
from services.notifier.outgoing.client import Client, NoAnswerError
from services.notifier.settings import NotifierSettings
from shared.db import DatabaseError, Pool

EVERY_SECONDS: Final = 60.0
"""Between two looks into folder and database."""
FEED_SECONDS: Final = 30.0
"""For the whole of a request."""

_log = structlog.get_logger("content")


class Library:
    """Works for one shelf; several processes share what is kept in the database behind `pool`."""

    def __init__(self, pool: Pool, client: Client, shelf: Shelf, settings: NotifierSettings) -> None:
        self._pool = pool
        self._client = client
        self._shelf = shelf
        self._settings = settings
        self._by_facts = settings.clock == "facts"
        self._faults: object = None

    async def open(self, *, rhythm: bool) -> None:
        """Have at hand what there is before anything is decided.

        `rhythm`: everybody who has bought before comes into it; while a history is played they come by their orders.
        """
        if not self._shelf.on:
            return
        await self._look_into_folder()
        await self._fill()
        if rhythm and not self._by_facts:
            for lane in range(self._settings.lanes):
                async with self._pool.acquire() as connection:
                    await store.wake(connection, lane)

    async def run(self) -> None:
        """Look again and again; what goes wrong is logged, and what was there stays."""
        while self._shelf.on:
            try:
                await self._look_into_folder()
                await self._ask_feed()
                await self._fill()
            except DatabaseError as error:
                _log.warning("content.database_away", reason=repr(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def _fill(self) -> None:
        async with self._pool.acquire() as connection:
            kept = await store.all_pieces(connection)
        origins = {ORIGIN} if self._settings.content_dir else set[str]()
        if self._settings.content_feed_url:
            origins.add(str(self._settings.content_feed_url))
        offered = [each.piece for each in kept if each.origin in origins and not each.withdrawn]
        self._shelf.put(offered, {each.piece.key: each.piece for each in kept})

    # -- the folder ----------------------------------------------------------------------------------------------

    async def _look_into_folder(self) -> None:
        """A file that cannot be read leaves its piece as it was; one that is gone takes it along."""
        folder = self._settings.content_dir
        found = None if folder is None else await asyncio.to_thread(self._found, folder)
        if found is None:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            await store.keep(connection, ORIGIN, found.pieces)
            await store.withdraw_others(connection, ORIGIN, found.keys)

    def _found(self, folder: Path) -> Found | None:
        try:
            found = read_folder(folder, self._settings.zone)
        except OSError as error:
            self._say({"": str(error)})
            return None
        self._say(found.faults)
        return found

    def _say(self, faults: dict[str, str]) -> None:
        """Once, until there are others."""
        if faults != self._faults:
            self._faults = faults
            for name, why in faults.items():
                _log.error("content.unreadable_file", file=name, reason=why)

    # -- the feed ------------------------------------------------------------------------------------------------

    async def _ask_feed(self) -> None:
        """Whose turn it is asks, for all processes; under `CLOCK=facts` nobody does."""
        if self._settings.content_feed_url is None or self._by_facts:
            return
        url = str(self._settings.content_feed_url)
        async with self._pool.acquire() as connection:
            turn = await store.take_turn(connection, url, self._settings.content_feed_minutes * 60)
        if turn is None:
            return
        try:
            await self._take_in(url, turn)
        except (NoAnswerError, UnreadableFeedError) as error:
            _log.error("content.feed_failed", url=url, reason=str(error))

    async def _take_in(self, url: str, turn: Turn) -> None:
        told = {"If-None-Match": turn.etag, "If-Modified-Since": turn.modified}
        headers = {name: value for name, value in told.items() if value is not None and value.isascii()}
        answer = await self._client.request("GET", url, headers=headers, seconds=FEED_SECONDS, most=LARGEST_FEED + 1)
        if answer.status == 304:
            return
        if answer.status != 200:
            raise UnreadableFeedError(f"the answer was {answer.status}")
        if len(answer.body) > LARGEST_FEED:
            raise UnreadableFeedError(f"has more than {LARGEST_FEED} bytes")
        pieces = await asyncio.to_thread(read_feed, answer.body, url, self._settings.content_feed_days)
        async with self._pool.acquire() as connection, connection.transaction():
            await store.keep(connection, url, pieces)
            await store.note_state(connection, url, answer.headers.get("etag"), answer.headers.get("last-modified"))
        _log.info("content.feed_read", url=url, pieces=len(pieces))
