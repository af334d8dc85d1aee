"""Makes the estimates anew whenever something has happened, and takes no more than a fiftieth of the time for it."""

import asyncio
import time
from typing import Final

import numpy as np
import structlog

from services.ladder.core.rules import Rules
from services.ladder.estimates import queries, store
from services.ladder.estimates.people import reckoned
from services.ladder.estimates.snapshot import Snapshot, decode, encode, snapshot
from services.ladder.estimates.sums import Sums
from services.ladder.rulebook.book import Book
from services.ladder.settings import LadderSettings
from shared.db import Connection, DatabaseError, Pool
from shared.instants import HOUR

LOOK_SECONDS: Final = 5.0
"""How often it is looked whether something has happened."""
REST: Final = 50
"""So many times as long as it took it is rested."""
STALE: Final = HOUR
"""Chances sink by themselves: after this it is done anew though nothing has happened."""

_log = structlog.get_logger("ladder")


class Refresher:
    """Keeps `ladder.estimate` and the snapshot up to date; of several processes one at a time."""

    def __init__(self, pool: Pool, settings: LadderSettings, book: Book) -> None:
        self._pool = pool
        self._by_facts = settings.clock == "facts"
        self._lanes = settings.lanes
        self._book = book

    @property
    def _rules(self) -> Rules:
        return self._book.rules

    async def run(self) -> None:
        """For ever; when the database is away it waits."""
        while True:
            rest = LOOK_SECONDS
            try:
                made = await self.refresh()
                if made is not None:
                    rest = max(rest, REST * made.seconds)
            except DatabaseError as error:
                _log.warning("estimates.waiting", reason=repr(error))
            await asyncio.sleep(rest)

    async def refresh(self, *, always: bool = False) -> Snapshot | None:
        """Make them if something has happened, or `always`; None when there was nothing to do."""
        async with self._pool.acquire() as connection:
            if not await store.be_only_one(connection):
                return None
            try:
                return await self._refresh(connection, always=always)
            finally:
                await store.be_no_longer(connection)

    async def _refresh(self, connection: Connection, *, always: bool) -> Snapshot | None:
        made_at = await queries.now(connection, by_facts=False)
        at = await queries.now(connection, by_facts=self._by_facts)
        seen = f"{await queries.seen(connection)}/{self._rules.version}/{self._rules.digest}/{self._rules.value}"
        before = await queries.noted(connection)
        if at is None or made_at is None or not (always or _outdated(before, seen, made_at)):
            return None
        begun, sums = time.monotonic(), Sums(np.random.default_rng(at))
        async for stretch in reckoned(connection, self._lanes, at, self._rules, sums):
            await store.replace(connection, stretch.lane, stretch.after, stretch.last, stretch.rows)
        seconds = time.monotonic() - begun
        made = await asyncio.to_thread(snapshot, sums, self._rules, at, made_at, seconds, seen)
        await store.note(connection, encode(made))
        return made


def _outdated(before: str | None, seen: str, now: int) -> bool:
    noted = None if before is None else decode(before)
    if noted is None:
        return True
    if noted.seen == seen and now - noted.made_at < STALE:
        return False
    return now - noted.made_at >= REST * noted.seconds * 1_000_000
