"""What is written of the estimates; rows of one lane in one transaction."""

from collections.abc import Sequence

from services.ladder.estimates.reckoning import Reckoned
from shared.db import Connection


async def replace(connection: Connection, lane: int, after: str, last: str | None, rows: Sequence[Reckoned]) -> None:
    """The estimates of the people behind `after` up to `last` (None: of all behind it)."""
    async with connection.transaction():
        await connection.execute(
            "delete from ladder.estimate where lane = $1 and person > $2 and ($3::text is null or person <= $3)",
            lane,
            after,
            last,
        )
        await connection.copy_records_to_table(
            "estimate",
            schema_name="ladder",
            columns=("lane", *Reckoned._fields),
            records=[(lane, *row) for row in rows],
        )


async def note(connection: Connection, snapshot: str) -> None:
    """Note what the estimates came to."""
    await connection.execute(
        """
        insert into ladder.meta values ('estimates', $1) on conflict (name) do update set value = excluded.value
        """,
        snapshot,
    )


async def be_only_one(connection: Connection) -> bool:
    """Whether no other session makes estimates; until `be_no_longer`, or the end of this session, none can."""
    return bool(await connection.fetchval("select pg_try_advisory_lock(hashtextextended('ladder.estimates', 0))"))


async def be_no_longer(connection: Connection) -> None:
    """Let others make estimates."""
    await connection.execute("select pg_advisory_unlock(hashtextextended('ladder.estimates', 0))")
