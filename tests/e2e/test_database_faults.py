"""The database's sessions ended under the hands of ingest and of two ladders."""

import asyncio
from random import Random

from shared import events
from tests.e2e.deployment import SMALL, Deployment, deployed
from tests.integration.log_stores import Store
from tests.seen import Reading
from tests.until import until

ENDED = 60
"""Sessions that are ended during the replay."""


async def test_sessions_ended_at_random_statements_change_nothing(
    database: str, embedded: Store, some: list[events.PurchaseCompleted], some_expected: Reading
) -> None:
    """Whichever session of log, lanes or leases the database ends, and when, all is as in an undisturbed run."""
    async with deployed(database, embedded, SMALL, ladders=2) as system:
        await system.shared()
        ending = asyncio.create_task(end_sessions(system, Random(1)))
        await system.replay(some, 5)
        await ending
        await system.shared()
        await system.settled_at(some_expected.end)
        await system.whole(some_expected)


async def end_sessions(system: Deployment, random: Random) -> None:
    """End one session after another, most of them while they work on something."""
    for _ in range(ENDED):
        await until(lambda: _ended(system, random))


async def _ended(system: Deployment, random: Random) -> bool:
    rows = await system.pool.fetch(
        """
        select pid from pg_stat_activity where datname = current_database()
        and (application_name like 'ladder%' or application_name like 'log-%') and state <> 'idle'
        """
    )
    if not rows:
        return False
    chosen = random.choice(rows)["pid"]
    return bool(await system.pool.fetchval("select pg_terminate_backend($1)", chosen))
