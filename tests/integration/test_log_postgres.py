"""The log in PostgreSQL when the database is slow, ends sessions or is away."""

import asyncio

import asyncpg
import pytest

from shared.log import Entry, Log, LogUnavailableError, Topic
from shared.log.postgres import PostgresLog
from tests.integration.log_stores import PostgresStore, opened
from tests.integration.test_log import numbered, taken, values
from tests.until import until

FACTS = Topic("facts", lanes=2)

# A commit that comes late: between the raising of a position and the commit another appender has time to overtake.
SLOW_COMMITS = """
create function dawdle() returns trigger language plpgsql as
    $$ begin perform pg_sleep(random() * 0.02); return null; end $$;
create trigger dawdle after insert on log.record for each statement execute function dawdle();
"""


@pytest.fixture
def store(database: str) -> PostgresStore:
    """The log's tables in a fresh database."""
    return PostgresStore(database)


async def end_sessions(store: PostgresStore) -> None:
    """What a restart of the database does to the connections."""
    await store.run(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )


async def test_no_record_is_skipped_when_commits_come_late(store: PostgresStore) -> None:
    """Four processes whose commits dawdle: a reader at the end of the lane gets every record, in gap-free offsets."""
    await store.run(SLOW_COMMITS)
    logs = [PostgresLog(store.dsn, deadline=9, look_every=0.01) for _ in range(4)]
    for log in logs:
        await log.open([FACTS])
    reader = await logs[0].reader(1, {"facts": 0})
    reading = asyncio.create_task(taken(reader, 4 * 25))

    async def append(log: PostgresLog) -> None:
        for number in range(25):
            await log.append(numbered("facts", 0, [number]) + numbered("facts", 1, [number]))

    await asyncio.gather(*(append(log) for log in logs))
    assert [record.offset for record in await reading] == list(range(100))
    for log in logs:
        await log.close()


async def test_it_goes_on_after_its_sessions_were_ended(store: PostgresStore) -> None:
    """After every connection was cut, appending, reading and being woken by others work again by themselves."""
    async with opened(store, FACTS) as log, opened(store, FACTS) as other:
        await log.append(numbered("facts", 0, [1]))
        reader = await log.reader(0, {"facts": 0})
        assert values(await taken(reader, 1)) == [b"1"]
        await end_sessions(store)
        waiting = asyncio.create_task(reader.take(10, 30))
        await append_stubbornly(other, numbered("facts", 0, [2]))
        assert values(await waiting) == [b"2"]
        await reader.close()


async def append_stubbornly(log: Log, entries: list[Entry]) -> None:
    """Append again until it succeeds."""

    async def appended() -> bool:
        try:
            await log.append(entries)
        except LogUnavailableError:
            return False
        return True

    await until(appended)


async def test_nothing_acknowledged_is_lost_when_sessions_end_at_any_moment(store: PostgresStore) -> None:
    """While sessions are cut again and again, each append either raises or is there, in the order of the calls."""
    async with opened(store, FACTS) as log:
        acknowledged: list[int] = []

        async def append() -> None:
            for number in range(150):
                try:
                    await log.append(numbered("facts", 0, [number]))
                except LogUnavailableError:
                    continue
                acknowledged.append(number)

        appending = asyncio.create_task(append())
        while not appending.done():
            await end_sessions(store)
        await appending
        reader = await log.reader(0, {"facts": 0})
        end = (await log.end_positions("facts"))[0]
        found = [int(value) for value in values(await taken(reader, end))]
        assert found == sorted(set(found))
        assert set(acknowledged) <= set(found)
        await reader.close()


async def test_a_database_that_does_not_answer_is_unavailable(store: PostgresStore) -> None:
    """While another session holds the lane, appending raises; afterwards it works, and overtakes nothing."""
    async with opened(store, FACTS) as log:
        holder = await asyncpg.connect(store.dsn)
        async with holder.transaction():
            await holder.execute("select from log.position for update")
            with pytest.raises(LogUnavailableError):
                await log.append(numbered("facts", 0, [1]))
        await holder.close()
        await log.append(numbered("facts", 0, [2]))
        reader = await log.reader(0, {"facts": 0})
        end = (await log.end_positions("facts"))[0]
        assert values(await taken(reader, end)) in ([b"2"], [b"1", b"2"])
        await reader.close()


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    """Opening on an address where no server listens raises."""
    log = PostgresLog("postgresql://nobody@127.0.0.1:1/nothing", deadline=0.5)
    with pytest.raises(LogUnavailableError):
        await log.open([FACTS])
    await log.close()


async def test_a_schema_that_is_not_there_is_unavailable(store: PostgresStore) -> None:
    """Opening on a database without the log's tables says what is missing."""
    await store.run("drop schema log cascade")
    log = store.log()
    with pytest.raises(LogUnavailableError, match=r"log\.topic"):
        await log.open([FACTS])
    await log.close()


async def test_a_lane_that_lost_its_position_takes_nothing(store: PostgresStore) -> None:
    """Where a lane's row is gone, appending raises instead of losing records in silence."""
    async with opened(store, FACTS) as log:
        await store.run("delete from log.position where lane = 1")
        with pytest.raises(LogUnavailableError):
            await log.append(numbered("facts", 0, [1]) + numbered("facts", 1, [1]))
        assert await log.end_positions("facts") == {0: 0}


async def test_a_changed_retention_is_taken_over(store: PostgresStore) -> None:
    """Opening a topic with another retention than before changes it, and records older than it go."""
    async with opened(store, FACTS) as log:
        await log.append(numbered("facts", 0, range(5)))
        await store.run("update log.record set appended_at = now() - interval '3 days' where \"offset\" < 4")
    async with opened(store, Topic("facts", lanes=2, retention_days=2)) as log:

        async def forgotten() -> bool:
            return (await log.first_positions("facts"))[0] == 4

        await until(forgotten)


async def test_what_expired_is_deleted(store: PostgresStore) -> None:
    """Records behind the first position leave the table, however many they are."""
    async with opened(store, FACTS) as log:
        await log.append(numbered("facts", 0, range(12_000)))
        await store.forget("facts", 0, before=12_000)

        async def deleted() -> bool:
            connection = await asyncpg.connect(store.dsn)
            try:
                return bool(await connection.fetchval("select count(*) = 0 from log.record"))
            finally:
                await connection.close()

        await until(deleted)
        assert (await log.first_positions("facts"))[0] == (await log.end_positions("facts"))[0] == 12_000
        await log.append(numbered("facts", 0, [1]))
        reader = await log.reader(0, {"facts": 12_000})
        assert values(await taken(reader, 1)) == [b"1"]
        await reader.close()
