"""One uninterrupted piece of work on an owned lane: its reader, relay and handler, and the batch transaction.

A session ends with the first error whose outcome is unknown; the lane's task then begins a new one from what the
database says.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from shared import instants, telemetry
from shared.db import Connection, Pool
from shared.lanes import Batch, LaneHandler, OutboxRow, Outcome, TryAgainError
from shared.lanes.letters import letter_row
from shared.lanes.relay import BACKLOG, Relay
from shared.lanes.store import Lane, LaneStore
from shared.log import Log, Reader, Record

_log = structlog.get_logger("lane")

HOUSEKEEPING_SECONDS = 60
AT_ONCE = 0.001
"""Seconds in which records that are there are found."""
MARK_SECONDS = 0.05
"""What is published is noted with the next batch, or, when none comes for so long, by itself."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """`ends` were the ends of the lanes at or after the instant `now`: who has read up to them may sweep to `now`."""

    now: int
    ends: Mapping[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a service works on its lanes."""

    service: str
    topics: tuple[str, ...]
    handler: Callable[[int], LaneHandler]
    ahead: tuple[str, ...] = ()
    """Topics that are read to the end they had when the batch was taken, before what comes from those behind them and
    from the other topics is decided: the first before all others, the second before all but the first."""
    tidy: Callable[[Connection, int], Awaitable[None]] | None = None
    """Called now and then with a connection and the number of an owned lane: forget what is old."""
    batch_limit: int = 5_000
    poll_seconds: float = 0.5
    retain_outbox_days: int = 90


class Session:
    """Works on `lane` as it was read from the database."""

    def __init__(
        self,
        plan: Plan,
        log: Log,
        pool: Pool,
        store: LaneStore,
        lane: Lane,
        limit: int,
    ) -> None:
        self._plan = plan
        self._log = log
        self._pool = pool
        self._store = store
        self._lane = lane
        self.limit = limit
        """Records in one transaction at most; doubles with each success up to the plan's."""
        self._handler = plan.handler(lane.lane)
        self._relay = Relay(log, lane.published_seq)
        self._marked = lane.published_seq
        self._loaded = lane.published_seq
        """Up to here the relay knows what was committed before this session."""
        self._swept_to = 0
        self._more_due = True  # an earlier owner may have stopped in the middle of a sweep
        self._tidied = time.monotonic()
        self._reader: Reader | None = None
        self._relaying: asyncio.Task[None] | None = None

    @property
    def positions(self) -> Mapping[str, int]:
        """What comes next, by topic."""
        return self._lane.positions

    async def open(self) -> None:
        """Begin to read where the checkpoints are, and to publish what was left unpublished."""
        lane = self._lane
        self._reader = await self._log.reader(lane.lane, lane.positions)
        self._relaying = asyncio.create_task(self._relay.run())

    async def close(self) -> None:
        """Stop reading and publishing at once; what is committed is in the outbox."""
        if self._relaying is not None:
            self._relaying.cancel()
            await asyncio.wait([self._relaying])
        if self._reader is not None:
            await self._reader.close()

    async def drain(self, seconds: float) -> None:
        """Give the relay so long to publish what is committed, and note how far it came."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._relay.drained(), seconds)
        await self._mark_published()

    # -- one turn ------------------------------------------------------------------------------------------------

    async def turn(self, horizon: Horizon | None) -> None:
        """Do the next thing there is to do: go on sweeping, a sweep, new records, or note what is published."""
        await self._relay.room()
        if self._relaying is not None and self._relaying.done():
            self._relaying.result()
        if self._loaded < self._lane.seq:
            await self._load_unpublished()
        elif self._more_due:
            await self._transact([], self._swept_to or None)
        elif (until := self._sweepable(horizon)) is not None:
            await self._sweep(until)
        elif records := await self._take():
            await self._transact(records)
        elif self._handler.unfinished():
            await self._transact([])
        else:
            await self._mark_published()
        await self._tidy()

    async def _load_unpublished(self) -> None:
        """The next part of what an earlier owner committed and did not publish; nothing new goes before it."""
        await self._relay.drained()
        lane = self._lane
        async with self._pool.acquire() as connection:
            rows = await self._store.unpublished(connection, lane.lane, self._loaded, BACKLOG)
        self._relay.add(rows)
        self._loaded = rows[-1][0] if len(rows) == BACKLOG else lane.seq

    async def _take(self) -> list[Record]:
        assert self._reader is not None
        records = await self._reader.take(self.limit, self._patience())
        return await self._behind(self._plan.ahead, records)

    def _patience(self) -> float:
        """For so many seconds new records are waited for."""
        if self._handler.unfinished():
            return AT_ONCE
        return self._plan.poll_seconds if self._marked == self._relay.published_seq else MARK_SECONDS

    async def _behind(self, ahead: Sequence[str], records: list[Record]) -> list[Record]:
        """The records behind all that the topics `ahead` hold now, the last of them read first."""
        for place in reversed(range(len(ahead))):
            if any(record.topic not in ahead[: place + 1] for record in records):
                records = await self._read_ahead(ahead[: place + 1], records)
        return records

    async def _read_ahead(self, topics: Sequence[str], records: list[Record]) -> list[Record]:
        """The records behind all that the last of the topics holds now; of much the greater part is processed alone."""
        assert self._reader is not None
        *before, ahead = topics
        end = (await self._log.end_positions(ahead))[self._lane.lane]
        held = [record for record in records if record.topic in before]
        first = [record for record in records if record.topic == ahead]
        others = [record for record in records if record.topic not in topics]
        while (position := first[-1].offset + 1 if first else self._lane.positions[ahead]) + self.limit < end:
            part = held + first + await self._reader.take_until(ahead, position + self.limit)
            if not part:
                break  # offsets may have gaps
            await self._transact(await self._behind(before, part))
            held, first = [], []
        return held + first + await self._reader.take_until(ahead, end) + others

    def _sweepable(self, horizon: Horizon | None) -> int | None:
        """How far the lane may be swept, if that is news and everything before it has been processed."""
        if horizon is None or horizon.now <= self._swept_to:
            return None
        lane = self._lane
        read = all(offset >= horizon.ends.get((topic, lane.lane), 0) for topic, offset in lane.positions.items())
        return horizon.now if read else None

    async def _sweep(self, until: int) -> None:
        async with self._pool.acquire() as connection:
            due = await self._handler.due(connection, until)
        if due:
            await self._transact([], until)
        self._swept_to = until

    # -- the transaction -----------------------------------------------------------------------------------------

    async def _transact(self, records: Sequence[Record], sweep_to: int | None = None) -> None:
        begun = time.perf_counter()
        try:
            await self._commit(records, sweep_to)
        except TryAgainError:
            await self._commit(records, sweep_to)
        telemetry.TRANSACTION_SECONDS.labels(self._plan.service).observe(time.perf_counter() - begun)
        telemetry.BATCH_SIZE.labels(self._plan.service).observe(len(records))

    async def _commit(self, records: Sequence[Record], sweep_to: int | None) -> None:
        """One batch, one transaction; only behind its commit does anything change in memory."""
        lane, store = self._lane, self._store
        positions = {**lane.positions, **{record.topic: record.offset + 1 for record in records}}
        async with self._pool.acquire() as tx, tx.transaction():
            now = await store.begin(tx, lane.lane, lane.epoch, lane.turn)
            outcome = await self._handler.process(tx, Batch(lane.lane, records, now, lane.seq, lane.time, sweep_to))
            rows = self._numbered(outcome, now)
            after = lane._replace(
                turn=lane.turn + 1,
                seq=lane.seq + len(rows),
                published_seq=self._relay.published_seq,
                time=lane.time if outcome.time is None else outcome.time,
                positions=positions,
            )
            await self._write(tx, after, outcome, rows, now)
        self._lane, self._marked, self._more_due = after, after.published_seq, outcome.more_due
        self._loaded = after.seq
        self.limit = min(self._plan.batch_limit, 2 * self.limit)
        self._handler.committed()
        self._relay.add(rows)

    def _numbered(self, outcome: Outcome, now: int) -> list[tuple[int, OutboxRow]]:
        letters = [letter_row(self._plan.service, letter, instants.text(now), now) for letter in outcome.dead]
        return list(enumerate([*outcome.outbox, *letters], self._lane.seq + 1))

    async def _write(
        self, tx: Connection, after: Lane, outcome: Outcome, rows: Sequence[tuple[int, OutboxRow]], now: int
    ) -> None:
        if outcome.dead:
            await self._store.bury(tx, after.lane, now, outcome.dead)
            telemetry.DEAD_LETTERS.labels(self._plan.service).inc(len(outcome.dead))
            _log.warning("lane.dead_letters", lane=after.lane, records=len(outcome.dead))
        await self._store.save(tx, after, now, rows)

    # -- besides -------------------------------------------------------------------------------------------------

    async def _mark_published(self) -> None:
        published = self._relay.published_seq
        if published == self._marked:
            return
        async with self._pool.acquire() as connection:
            await self._store.mark_published(connection, self._lane.lane, self._lane.epoch, published)
        self._marked = published

    async def _tidy(self) -> None:
        """Forget messages that have been kept long enough."""
        if time.monotonic() < self._tidied + HOUSEKEEPING_SECONDS:
            return
        self._tidied = time.monotonic()
        days = self._plan.retain_outbox_days
        async with self._pool.acquire() as connection:
            await self._store.forget_outbox(connection, self._lane.lane, days, limit=10_000)
            if self._plan.tidy is not None:
                await self._plan.tidy(connection, self._lane.lane)
