"""What a service with lanes checks before it works: lanes, positions and clock are as its tables remember them."""

from shared.db import Connection, Pool
from shared.lanes.store import LaneStore
from shared.log import Log, LostRecordsError
from shared.settings import RefusedError, Settings


async def prepare(pool: Pool, store: LaneStore, log: Log, topics: tuple[str, ...], settings: Settings) -> None:
    """Make the lanes of a new service; of an old one check that it can go on. Raises RefusedError, LostRecordsError."""
    async with pool.acquire() as connection:
        if await store.count_lanes(connection) == 0:
            first = {topic: await log.first_positions(topic) for topic in topics}
            await store.create_lanes(connection, settings.lanes, first)
        await _check_lanes(connection, store, settings)
        await _check_positions(connection, store, log, topics)
        await _check_clock(connection, store, settings)


async def _check_lanes(connection: Connection, store: LaneStore, settings: Settings) -> None:
    lanes = await store.count_lanes(connection)
    if lanes != settings.lanes:
        raise RefusedError(f"LANES: {store.schema} was made with {lanes} lanes and cannot go on with {settings.lanes}")


async def _check_positions(connection: Connection, store: LaneStore, log: Log, topics: tuple[str, ...]) -> None:
    checkpoints, _ = await store.backlog(connection)
    for topic in topics:
        first, end = await log.first_positions(topic), await log.end_positions(topic)
        for lane, begin in first.items():
            position = checkpoints[topic, lane]
            if not begin <= position <= end[lane]:
                raise LostRecordsError(
                    f"the log lost records: {store.schema} has read {topic} lane {lane} up to {position}, "
                    f"the log holds {begin} to {end[lane]}"
                )


async def _check_clock(connection: Connection, store: LaneStore, settings: Settings) -> None:
    """The clock goes from `facts` to `wall` once, never back; what is simulated stays so."""
    wanted = "simulated" if settings.simulate else settings.clock
    found = await store.meta(connection, "clock") or wanted
    if found != wanted and (found, wanted) != ("facts", "wall"):
        raise RefusedError(f"CLOCK: {store.schema} was told the time by {found}; it cannot go over to {wanted}")
    await store.set_meta(connection, "clock", wanted)
