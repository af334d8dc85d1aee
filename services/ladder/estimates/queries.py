"""All SQL of the estimates' jobs; reads only, a page at a time."""

from typing import NamedTuple

from shared.db import Connection


class Line(NamedTuple):
    """A line of the journal."""

    person: str
    source: str
    id: str
    body: bytes


async def people(connection: Connection) -> int:
    """How many people stand somewhere."""
    return int(await connection.fetchval("select count(*) from ladder.standing"))


async def now(connection: Connection, *, by_facts: bool) -> int | None:
    """The clock's now, µs; by facts the newest time of any lane, None before the first fact."""
    wall = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
    clock = "(select max(time) from ladder.lane)" if by_facts else wall
    found = await connection.fetchval("select " + clock)
    return None if found is None else int(found)


async def journal(connection: Connection, lane: int, after: Line, limit: int) -> list[Line]:
    """So many lines of a lane behind this one, person after person."""
    rows = await connection.fetch(
        """
        select person, source, id, body from ladder.fact
        where lane = $1 and (person, source, id) > ($2, $3, $4) order by person, source, id limit $5
        """,
        lane,
        *after[:3],
        limit,
    )
    return [Line(*row) for row in rows]
