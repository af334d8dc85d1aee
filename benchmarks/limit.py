"""`python -m benchmarks.limit`: a ladder without logic, the limit of the real one.

The same lanes, records and tables, the same rows in number and size; but nothing is decoded, folded or told apart.
What the rows look like is told by `SHAPE`, which is measured on a run of the real ladder.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec
from fastapi import APIRouter

from services.ladder import store
from services.ladder.lanes import TOPICS
from services.ladder.settings import LadderSettings
from services.ladder.store import StandingRow, Written
from shared import db, instants
from shared.db import Connection
from shared.events import LADDER_EVENTS
from shared.http import Part
from shared.lanes import Batch, OutboxRow, Outcome
from shared.lanes.session import Plan
from shared.lanes.start import prepare
from shared.lanes.store import LaneStore
from shared.lanes.worker import LEASE_SECONDS, Worker
from shared.program import Runtime, background, main

ID = "01234567-0123-5123-8123-012345678901"
TALLIES = Counter({("announced", f"type-{number}"): 1 for number in range(12)})


class Shape(msgspec.Struct, frozen=True):
    """What the ladder writes: announcements per fact, and of its rows the mean sizes in bytes."""

    announced: float
    state: int
    message: int
    data: int


class LimitSettings(LadderSettings):
    """The ladder's, and the shape as JSON."""

    shape: str


class LimitLane:
    """Writes what the ladder would write; makes nothing of the records."""

    def __init__(self, shape: Shape, cached_persons: int, lane: int) -> None:
        self._shape = shape
        self._lane = lane
        self._known: dict[str, None] = {}
        self._cached_persons = cached_persons
        self._owed = 0.0

    async def process(self, tx: Connection, batch: Batch) -> Outcome:
        """Write the rows of a batch."""
        persons = [(record.key or b"").decode() for record in batch.records]
        strangers = [person for person in dict.fromkeys(persons) if person not in self._known]
        if strangers:
            await store.load(tx, self._lane, strangers)
        self._known.update(dict.fromkeys(persons))
        outbox = self._announcements(persons)
        if persons:
            await self._write(tx, batch, persons, outbox)
        return Outcome(outbox)

    def _announcements(self, persons: list[str]) -> list[OutboxRow]:
        self._owed += self._shape.announced * len(persons)
        count, self._owed = int(self._owed), self._owed % 1
        message, lane = bytes(self._shape.message), self._lane
        return [
            OutboxRow(LADDER_EVENTS, lane, persons[each % len(persons)], ID, "phase.changed", 1, message)
            for each in range(count)
        ]

    async def _write(self, tx: Connection, batch: Batch, persons: list[str], outbox: list[OutboxRow]) -> None:
        lane, now, state, data = self._lane, batch.now, bytes(self._shape.state), bytes(self._shape.data)
        facts = [
            (lane, person, "shop", f"o{record.offset}", now, f"order:o{record.offset}", record.value)
            for person, record in zip(persons, batch.records, strict=True)
        ]
        due = now + instants.WEEK
        standings = [
            StandingRow(person, 4, "active", "retention", now, due + place, state)
            for place, person in enumerate(dict.fromkeys(persons))
        ]
        transitions = [
            (lane, row.key or "", seq, ID, row.type, now, now, False, data, 1)
            for seq, row in enumerate(outbox, batch.seq + 1)
        ]
        await store.write(tx, lane, Written(facts, standings, transitions, TALLIES, Counter()))

    def committed(self) -> None:
        """Keep the cache as large as the ladder's."""
        for person in [*self._known][: max(0, len(self._known) - self._cached_persons)]:
            del self._known[person]

    def unfinished(self) -> bool:
        """Nothing ever is."""
        return False

    async def due(self, connection: Connection, until: int) -> bool:
        """Nobody ever is, but it is looked up."""
        return await store.any_due(connection, self._lane, until) and False


@asynccontextmanager
async def open_part(settings: LimitSettings, runtime: Runtime) -> AsyncIterator[Part]:
    """As the ladder's, without questions."""
    assert runtime.dsn is not None
    shape = msgspec.json.decode(settings.shape, type=Shape)
    lanes = LaneStore("ladder", lease_seconds=LEASE_SECONDS)
    pool = await db.pool(runtime.dsn, size=4, name="limit")
    control = await db.pool(runtime.dsn, size=4, name="limit-control")
    await prepare(control, lanes, runtime.log, TOPICS, settings)
    plan = Plan("ladder", TOPICS, partial(LimitLane, shape, settings.cached_persons // settings.lanes))
    worker = Worker(plan, runtime.log, pool, control, worker_id=runtime.worker_id, lanes=settings.lanes, sweeps=True)
    async with background(runtime.tasks, worker.run):
        yield Part("limit", APIRouter())
    await pool.close()
    await control.close()


if __name__ == "__main__":
    main("The ladder's limit", LimitSettings, [open_part])
