"""How far a service is behind."""

import asyncio

from shared import telemetry
from shared.db import Pool
from shared.lanes.store import LaneStore
from shared.log import Log


async def lag(pool: Pool, store: LaneStore, log: Log, topics: tuple[str, ...]) -> int:
    """Records of these topics that the service has not processed, plus outbox rows it has not published."""
    async with pool.acquire() as connection:
        checkpoints, unpublished = await store.backlog(connection)
    ends = await asyncio.gather(*(log.end_positions(topic) for topic in topics))
    unread = sum(
        max(0, end - checkpoints.get((topic, lane), 0))
        for topic, lanes in zip(topics, ends, strict=True)
        for lane, end in lanes.items()
    )
    return unread + unpublished


async def observe(pool: Pool, store: LaneStore) -> None:
    """Set the gauge of the oldest unpublished message's age."""
    async with pool.acquire() as connection:
        age = await store.oldest_unpublished(connection)
    telemetry.OLDEST_OUTBOX_SECONDS.labels(store.schema).set(age)
