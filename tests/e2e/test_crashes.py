"""Processes killed, stopped and woken in the middle of a replay: all that shows of it is the time it takes."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import asyncpg

from shared import events, instants
from tests.e2e.deployment import PATIENCE, SMALL, Deployment, deployed
from tests.integration.community import arrivals, community
from tests.integration.log_stores import Store
from tests.seen import Reading, expected_standings
from tests.until import until

Purchases = list[events.PurchaseCompleted]


TODAY = instants.parse("2026-01-01T00:00:00Z")
"""What is later may be refused as too far in the future."""


async def test_a_ladder_killed_again_and_again_loses_and_doubles_nothing(
    database: str, either_log: Store, some: Purchases, some_expected: Reading
) -> None:
    """However often ladders are killed with -9 at random moments, all is as in an undisturbed run."""
    async with deployed(database, either_log, SMALL, ladders=2) as system:
        await killed_while_told(system, some, 4)
        await system.settled_at(some_expected.end)
        await system.whole(some_expected)


async def test_what_a_killed_ladder_had_not_published_is_published_by_the_next(
    database: str, embedded: Store, some: Purchases, some_expected: Reading
) -> None:
    """What was committed while the log took no announcements is not lost with the process that would have told it."""
    async with deployed(database, embedded, SMALL) as system:
        await system.shared()
        async with held(database):
            await system.replay(some, 200)
            await until(lambda: _unpublished(system, 500), PATIENCE)
            await killed(system)
        await system.add_ladder()
        await system.settled_at(some_expected.end)
        await system.whole(some_expected)


HOLD_ANNOUNCEMENTS = """
select from log.position p join log.topic t on t.id = p.topic where t.name = 'ladder.events' for update of p
"""


@asynccontextmanager
async def held(dsn: str) -> AsyncIterator[None]:
    """Nothing can be announced meanwhile; in a session that nobody ends for being idle."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(HOLD_ANNOUNCEMENTS)
            yield
    finally:
        await connection.close()


async def _unpublished(system: Deployment, messages: int) -> bool:
    """Whether so many are committed and not in the log."""
    return bool(await system.pool.fetchval("select sum(seq - published_seq) >= $1 from ladder.lane", messages))


async def test_people_who_know_each_other_stand_as_they_should_after_kills(database: str, embedded: Store) -> None:
    """With referrals across lanes, refunds, late and repeated facts, kills change nobody's standing."""
    facts = [fact for fact in community(7, people=60) if fact.at < TODAY]
    told = arrivals(facts, 7, late=0.1, twice=0.1)
    end = max(fact.at for fact in facts)
    async with deployed(database, embedded, SMALL, ladders=2) as system:
        await killed_while_told(system, told, 3)
        await system.settled_at(end)
        assert await system.standings(end) == expected_standings(facts, end)
        await system.announced()
        await system.consistent()


async def killed_while_told(system: Deployment, facts: Sequence[events.Fact], kills: int) -> None:
    """Post facts, and so many times meanwhile kill the oldest ladder at a random moment and start another."""
    random = Random(kills)
    for part in range(kills):
        stretch = facts[len(facts) * part // kills : len(facts) * (part + 1) // kills]
        posting = asyncio.create_task(system.replay(stretch, 10))
        await progressed(system, random.randrange(1, len(stretch)))
        await killed(system)
        await system.add_ladder()
        await posting


async def progressed(system: Deployment, records: int) -> None:
    """Wait until so many more records have been processed."""
    before = await system.processed()
    await until(lambda: _reached(system, before + records), PATIENCE)


async def _reached(system: Deployment, records: int) -> bool:
    return await system.processed() >= records


async def killed(system: Deployment) -> None:
    """Kill the oldest ladder; its leases run out at once instead of after some seconds, which changes nothing else."""
    ladder = system.ladders.pop(0)
    owner = await worker_of(system, ladder.pid)
    await ladder.kill()
    await system.pool.execute("update ladder.lane set lease_until = clock_timestamp() where owner = $1", owner)


async def worker_of(system: Deployment, pid: int) -> str:
    """The name under which the program with this pid works; each bears its pid."""
    return str(await system.pool.fetchval("select id from ladder.worker where id like $1", f"%-{pid}-%"))


async def test_a_ladder_that_was_stopped_and_wakes_does_no_harm(
    database: str, either_log: Store, some: Purchases, some_expected: Reading
) -> None:
    """A ladder stopped past its lease finds its lanes taken, writes nothing, and gets its share again."""
    half = len(some) // 2
    async with deployed(database, either_log, SMALL, ladders=2) as system:
        sleeper = system.ladders[0]
        await system.shared()
        posting = asyncio.create_task(system.replay(some[:half], 10))
        await progressed(system, half // 2)
        name = await worker_of(system, sleeper.pid)
        sleeper.send(signal.SIGSTOP)
        await posting
        await until(lambda: _gone(system, name), PATIENCE)
        sleeper.send(signal.SIGCONT)
        await system.replay(some[half:], 10)
        await system.settled_at(some_expected.end)
        await system.shared()
        await system.whole(some_expected)


async def _gone(system: Deployment, owner: str) -> bool:
    """Whether all lanes are held, none of them by this one."""
    owners = await system.owners()
    return None not in owners and owner not in owners
