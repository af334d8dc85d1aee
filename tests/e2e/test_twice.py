"""Every record delivered twice, by the shop and by the log."""

from shared import events
from shared.log import Entry
from shared.log.partitioner import lane_of
from shared.topics import topics
from tests.e2e.deployment import REPLAY, Deployment, deployed
from tests.integration.log_stores import Store
from tests.seen import Reading

Purchases = list[events.PurchaseCompleted]


async def test_what_is_posted_twice_is_taken_once(
    database: str, either_log: Store, some: Purchases, some_expected: Reading
) -> None:
    """Each request posted twice in a row, and the whole history once more, changes nothing."""
    async with deployed(database, either_log, REPLAY, ladders=2) as system:
        for start in range(0, len(some), 50):
            await system.post(some[start : start + 50])
            await system.post(some[start : start + 50])
        await system.replay(some, 500)
        await system.settled_at(some_expected.end)
        await system.whole(some_expected)


async def test_what_the_log_holds_twice_is_taken_once(
    database: str, either_log: Store, some: Purchases, some_expected: Reading
) -> None:
    """Records that a log client has repeated, each right behind itself and all of them later, change nothing."""
    async with deployed(database, either_log, REPLAY) as system:
        await append(system, [fact for fact in some for _ in range(2)])
        await append(system, some)
        await system.settled_at(some_expected.end)
        await system.whole(some_expected)


async def append(system: Deployment, facts: Purchases) -> None:
    """Append facts to the log past ingest."""
    lanes = system.settings.lanes
    log = system.store.log()
    await log.open(topics(system.settings))
    try:
        await log.append(
            [
                Entry(events.SHOP_EVENTS, lane_of(fact.subject, lanes), fact.subject.encode(), events.encode(fact))
                for fact in facts
            ]
        )
    finally:
        await log.close()
