"""The ladder's lanes at work in this process, on a real database and a real log."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from services.ladder.lanes import TOPICS, plan_of
from services.ladder.rulebook.book import Book
from services.ladder.rulebook.opening import open_book
from services.ladder.settings import LadderSettings
from shared import db, events, instants
from shared.lanes.lag import lag
from shared.lanes.start import prepare
from shared.lanes.store import LaneStore
from shared.lanes.worker import LEASE_SECONDS, Worker
from shared.log import Entry, Log
from shared.log.partitioner import lanes_of
from shared.topics import topics
from tests.until import until


@dataclass
class Lanes:
    """A running worker of the ladder."""

    log: Log
    pool: db.Pool
    store: LaneStore
    worker: Worker
    settings: LadderSettings
    book: Book

    async def tell(self, facts: Iterable[events.Fact]) -> None:
        """Append facts to the log, in this order, and a tick behind them under `CLOCK=facts`."""
        facts = list(facts)
        keys = [fact.subject.encode() for fact in facts]
        lanes = lanes_of(keys, self.settings.lanes)
        entries = [
            Entry(events.SHOP_EVENTS, lane, key, events.encode(fact))
            for fact, key, lane in zip(facts, keys, lanes, strict=True)
        ]
        await self.log.append(entries)
        if self.settings.clock == "facts":
            await self.tick(max(fact.at for fact in facts))

    async def tick(self, to: int) -> None:
        """Let time be `to` in every lane."""
        tick = events.encode(events.Tick(id=f"tick-{to}", source="ingest", time=instants.text(to)))
        await self.log.append([Entry(events.SHOP_EVENTS, lane, None, tick) for lane in range(self.settings.lanes)])

    async def settled(self, seconds: float = 60) -> None:
        """Wait until every record has been processed and every message published."""

        async def done() -> bool:
            return await lag(self.pool, self.store, self.log, TOPICS) == 0

        await until(done, seconds)

    async def announcements(self) -> list[events.Announcement]:
        """What was announced, lane by lane in order."""
        rows = await self.pool.fetch(
            "select value from ladder.outbox where topic = $1 and type <> 'clock.tick' order by lane, seq",
            events.LADDER_EVENTS,
        )
        return [msgspec.json.decode(row["value"], type=events.Announcement) for row in rows]


@asynccontextmanager
async def working(dsn: str, log: Log, **settings: object) -> AsyncIterator[Lanes]:
    """A worker on all lanes until the block ends."""
    chosen = LadderSettings.model_validate({"lanes": 4, "clock": "facts", **settings})
    store = LaneStore("ladder", lease_seconds=LEASE_SECONDS)
    pool = await db.pool(dsn, size=4, name="test")
    control = await db.pool(dsn, size=4, name="test-control")
    await log.open(topics(chosen))
    await prepare(control, store, log, TOPICS, chosen)
    book = await open_book(control, chosen)
    worker = Worker(
        plan_of(chosen, book), log, pool, control, worker_id="w1", lanes=chosen.lanes, sweeps=chosen.clock == "wall"
    )
    running = [asyncio.create_task(worker.run()), asyncio.create_task(book.follow(control))]
    try:
        yield Lanes(log, control, store, worker, chosen, book)
    finally:
        for task in running:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await log.close()
        await pool.close()
        await control.close()
