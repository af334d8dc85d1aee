"""The processing protocol by itself: a service that counts, on a real database and the embedded log."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from shared import db, events
from shared.db import Connection
from shared.lanes import Batch, DeadLetter, OutboxRow, Outcome, TryAgainError
from shared.lanes.session import Plan
from shared.lanes.start import prepare
from shared.lanes.store import LaneStore
from shared.lanes.worker import CLAIMS_AT_ONCE, LEASE_SECONDS, Worker
from shared.log import Entry, Log, LogUnavailableError, LostRecordsError, Record
from shared.log.postgres import PostgresLog
from shared.settings import RefusedError, Settings
from shared.topics import topics
from tests.until import until

TOPICS = (events.SHOP_EVENTS,)
SETTINGS = Settings.model_validate({"lanes": 2})


class Echo:
    """Says every record again; records named `bad` are dead letters, and `trouble` may fail a batch."""

    def __init__(self, lane: int, trouble: Callable[[Batch], None], asked: list[int]) -> None:
        self.lane = lane
        self.asked = asked
        self.trouble = trouble

    async def process(self, _: Connection, batch: Batch) -> Outcome:
        self.trouble(batch)
        good = [record for record in batch.records if record.value != b"bad"]
        rows = [OutboxRow(events.LADDER_EVENTS, self.lane, "k", r.value.decode(), "echo", 0, r.value) for r in good]
        dead = [DeadLetter(record, "it is bad", "/data") for record in batch.records if record.value == b"bad"]
        return Outcome(rows, dead)

    def committed(self) -> None:
        """There is no cache."""

    def unfinished(self) -> bool:
        return False

    async def due(self, _: Connection, __: int) -> bool:
        self.asked.append(self.lane)
        return False


class Service:
    """Workers of the counting service on one database."""

    def __init__(self, dsn: str, log: Log, store: LaneStore, pool: db.Pool) -> None:
        self.dsn, self.log, self.store, self.pool = dsn, log, store, pool
        self.asked: list[int] = []
        """In which lanes it was looked for deadlines, one entry a look."""

    @asynccontextmanager
    async def worker(
        self,
        name: str,
        trouble: Callable[[Batch], None] = lambda _: None,
        *,
        lanes: int = 2,
        control: "db.Pool | None" = None,
    ) -> AsyncIterator[Worker]:
        plan = Plan("ladder", TOPICS, lambda lane: Echo(lane, trouble, self.asked))
        worker = Worker(plan, self.log, self.pool, control or self.pool, worker_id=name, lanes=lanes, sweeps=True)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def say(self, lane: int, *values: str) -> None:
        await self.log.append([Entry(events.SHOP_EVENTS, lane, b"k", value.encode()) for value in values])

    async def heard(self, topic: str = events.LADDER_EVENTS, lane: int = 0) -> list[Record]:
        """All records of a topic's lane."""
        reader = await self.log.reader(lane, {topic: 0})
        ends = await self.log.end_positions(topic)
        records = await reader.take_until(topic, ends[lane])
        await reader.close()
        return records

    async def echoes(self, count: int, lane: int = 0) -> list[str]:
        """What was said again, once it is so much."""
        found: list[str] = []

        async def enough() -> bool:
            found[:] = [record.value.decode() for record in await self.heard(lane=lane)]
            return len(found) >= count

        await until(enough)
        return found


@asynccontextmanager
async def serving(database: str, settings: Settings) -> AsyncIterator[Service]:
    log = PostgresLog(database)
    await log.open(topics(settings))
    pool = await db.pool(database, size=10, name="test")
    store = LaneStore("ladder", lease_seconds=LEASE_SECONDS)
    await prepare(pool, store, log, TOPICS, settings)
    yield Service(database, log, store, pool)
    await log.close()
    await pool.close()


@pytest.fixture
async def service(database: str) -> AsyncIterator[Service]:
    async with serving(database, SETTINGS) as service:
        yield service


async def test_what_is_said_is_published_in_order(service: Service) -> None:
    """Records of a lane come out in the order in which they went in."""
    words = [str(number) for number in range(500)]
    async with service.worker("w1"):
        await service.say(0, *words[:250])
        await service.say(0, *words[250:])
        assert await service.echoes(500) == words


async def test_a_new_worker_goes_on_where_the_last_one_stopped(service: Service) -> None:
    """Nothing is said twice or left out when one worker follows another."""
    async with service.worker("w1"):
        await service.say(0, "a", "b")
        await service.echoes(2)
    await service.say(0, "c")
    async with service.worker("w2"):
        assert await service.echoes(3) == ["a", "b", "c"]


async def test_what_cannot_be_read_is_kept_with_the_reason_and_the_rest_goes_on(service: Service) -> None:
    """A dead letter names topic, lane, offset, reason and place; its value stays in the table alone."""
    async with service.worker("w1"):
        await service.say(1, "a", "bad", "b")
        assert await service.echoes(2, lane=1) == ["a", "b"]
        await until(lambda: service.pool.fetchval("select published_seq from ladder.lane where lane = 1"))
    (kept,) = await service.pool.fetch('select topic, lane, "offset", reason, pointer, value from ladder.dead_letter')
    assert tuple(kept) == (events.SHOP_EVENTS, 1, 1, "it is bad", "/data", b"bad")
    (letter,) = await service.heard(events.DEAD_LETTERS, lane=1)
    assert b'"reason":"it is bad"' in letter.value
    assert b"value" not in letter.value


async def test_a_failing_batch_is_tried_again_and_nothing_overtakes_it(service: Service) -> None:
    """Whatever a handler raises, its records come again, in order, and come out once."""
    left = iter([RuntimeError("odd"), asyncpg.PostgresError("gone"), TryAgainError(), ConnectionResetError()])

    def trouble(batch: Batch) -> None:
        if batch.records and (error := next(left, None)) is not None:
            raise error

    async with service.worker("w1", trouble):
        await service.say(0, "a", "b", "c")
        assert await service.echoes(3) == ["a", "b", "c"]


async def test_a_worker_whose_lane_was_taken_writes_nothing(service: Service) -> None:
    """A batch under way when the lane changes hands is dropped whole; the new owner processes it."""
    taken = asyncio.Event()

    def trouble(batch: Batch) -> None:
        if batch.records and batch.seq == 0 and not taken.is_set():
            raise ConnectionResetError

    async with service.worker("w1", trouble) as first:
        await until(lambda: len(first.owned()) == 2)
        await service.pool.execute(
            "update ladder.lane set epoch = epoch + 1, owner = 'w2', lease_until = now() + interval '1 h'"
        )
        await service.say(0, "a")
        await until(lambda: not first.owned())
    assert await service.pool.fetchval("select sum(seq) from ladder.lane") == 0
    taken.set()
    await service.pool.execute("update ladder.lane set owner = null, lease_until = null")
    async with service.worker("w3"):
        assert await service.echoes(1) == ["a"]


async def test_an_expired_lane_is_taken_from_a_session_that_holds_it(service: Service) -> None:
    """Who takes an expired lane ends the session that still holds its row."""
    stuck = await asyncpg.connect(service.dsn)
    await stuck.execute("begin; update ladder.lane set owner = 'gone', lease_until = now() - interval '1 s'")
    await service.pool.execute("select 1")
    async with service.worker("w1") as worker:
        await service.say(0, "a")
        assert await service.echoes(1) == ["a"]
        await until(lambda: len(worker.owned()) == 2)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await stuck.execute("commit")
    with contextlib.suppress(Exception):
        await stuck.close(timeout=1)


async def test_two_workers_share_the_lanes_and_one_that_ends_gives_them_back(service: Service) -> None:
    """Each has its fair share; after an orderly end the other has all."""
    async with service.worker("w1") as first:
        await until(lambda: len(first.owned()) == 2)
        async with service.worker("w2") as second:
            await until(lambda: len(first.owned()) == len(second.owned()) == 1)
        await until(lambda: len(first.owned()) == 2)


async def test_a_lane_that_is_its_own_in_the_database_only_is_taken_anew(service: Service) -> None:
    """A claim whose answer was lost with its connection leaves no lane without anybody who works on it."""
    await service.pool.execute(
        "update ladder.lane set owner = 'w1', epoch = 1, lease_until = now() + interval '1 s' where lane = 0"
    )
    async with service.worker("w1") as worker:
        await service.say(0, "a")
        assert await service.echoes(1) == ["a"]
        assert len(worker.owned()) == 2


async def test_idle_lanes_taken_while_a_worker_slept_are_noticed(service: Service) -> None:
    """A worker that wakes counts as its own only what still is, though no record has come to tell it otherwise."""
    async with service.worker("w1") as first:
        await until(lambda: len(first.owned()) == 2)
        await service.pool.execute(
            "update ladder.lane set epoch = epoch + 1, owner = 'w2', lease_until = now() + interval '1 h'"
        )
        await until(lambda: not first.owned())


async def test_many_lanes_held_by_stopped_sessions_are_taken_all_the_same(database: str) -> None:
    """However many claims are held up, there are connections left to end the sessions that do it."""
    lanes = CLAIMS_AT_ONCE + 2
    async with serving(database, Settings.model_validate({"lanes": lanes})) as service:
        stopped = [await asyncpg.connect(service.dsn) for _ in range(lanes)]
        for lane, connection in enumerate(stopped):
            taken = "update ladder.lane set owner = 'gone', lease_until = now() - interval '1 s'"
            await connection.execute(f"begin; {taken} where lane = {lane}")
        control = await db.pool(service.dsn, size=CLAIMS_AT_ONCE + 1, name="test-control")
        async with service.worker("w1", control=control, lanes=lanes) as worker:
            await until(lambda: len(worker.owned()) == lanes)
        for connection in stopped:
            connection.terminate()
        await control.close()


class Unwilling:
    """A log that takes nothing until told to; everything else is as in the real one."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.willing = False
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, entries: list[Entry]) -> None:
        if not self.willing:
            self.refused += 1
            raise LogUnavailableError("not now")
        await self._log.append(entries)


async def test_while_the_log_takes_nothing_the_outbox_keeps_it(service: Service) -> None:
    """What was committed is published, in order, as soon as the log takes it again."""
    await service.say(0, "a", "b")
    real = service.log
    unwilling = Unwilling(real)
    service.log = unwilling  # type: ignore[assignment]
    async with service.worker("w1"):
        await until(lambda: unwilling.refused)
        assert await service.pool.fetchval("select seq - published_seq from ladder.lane where lane = 0") == 2
        unwilling.willing = True
        assert await service.echoes(2) == ["a", "b"]
        await until(lambda: service.pool.fetchval("select seq = published_seq from ladder.lane where lane = 0"))


async def test_another_number_of_lanes_is_refused(service: Service) -> None:
    """Lanes are for ever: a start with another number is refused in one line."""
    with pytest.raises(RefusedError, match="LANES: ladder was made with 2 lanes"):
        await prepare(service.pool, service.store, service.log, TOPICS, Settings.model_validate({"lanes": 3}))


async def test_the_clock_goes_over_to_the_wall_once(service: Service) -> None:
    """From the wall there is no way back to the facts."""
    facts = Settings.model_validate({"lanes": 2, "clock": "facts"})
    with pytest.raises(RefusedError, match="CLOCK"):
        await prepare(service.pool, service.store, service.log, TOPICS, facts)


async def test_a_log_that_lost_records_is_refused(service: Service) -> None:
    """A position beyond what the log holds means that records were lost."""
    await service.pool.execute("update ladder.checkpoint set next_offset = 7 where lane = 1")
    with pytest.raises(LostRecordsError, match="lane 1 up to 7"):
        await prepare(service.pool, service.store, service.log, TOPICS, SETTINGS)


async def test_deadlines_are_looked_for_however_many_records_come(service: Service) -> None:
    """A lane that always has something to read is swept all the same."""

    async def chatter() -> None:
        while True:
            await service.say(0, *"abcdefghij")

    async with service.worker("w1"):
        talking = asyncio.create_task(chatter())
        await until(lambda: service.asked.count(0) >= 3)
        talking.cancel()
        await asyncio.wait([talking])
