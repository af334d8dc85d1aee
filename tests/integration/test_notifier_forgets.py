"""What the notifier need not remember for ever."""

from services.notifier import store
from shared import db
from shared.instants import DAY


async def test_what_was_heard_long_ago_is_forgotten(database: str) -> None:
    """Announcements heard more than 90 days ago go, page by page; other lanes' stay."""
    pool = await db.pool(database, size=1, name="test")
    async with pool, pool.acquire() as connection:
        now = await connection.fetchval("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")
        heard = [(0, "old", 100), (0, "older", 200), (0, "new", 89), (1, "elsewhere", 100)]
        rows = [(lane, "c1", name, now - days * DAY) for lane, name, days in heard]
        await connection.executemany("insert into notifier.heard (lane, person, id, at) values ($1, $2, $3, $4)", rows)

        async def left() -> set[str]:
            return {row["id"] for row in await connection.fetch("select id from notifier.heard")}

        first = await store.forget_heard(connection, 0, ("", ""), page=2)
        assert (first, await left()) == (("c1", "old"), {"new", "older", "elsewhere"})
        last = await store.forget_heard(connection, 0, first, page=2)
        assert (last, await left()) == (("c1", "older"), {"new", "elsewhere"})
        assert await store.forget_heard(connection, 0, last) == ("", "")
