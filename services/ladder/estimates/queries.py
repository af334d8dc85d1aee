"""All SQL that the estimates read by: the jobs a page at a time, the questions one statement each."""

from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, Text, and_, literal, select, tuple_

from services.ladder import tables
from services.ladder.core.standing import Phase, Stage
from services.ladder.tables import estimate, standing
from shared.db import Connection

meta = tables.lanes.meta


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


class State(NamedTuple):
    """A standing as it is stored."""

    person: str
    state: bytes


async def standings(connection: Connection, lane: int, after: str, limit: int) -> list[State]:
    """So many people of a lane behind this one."""
    rows = await connection.fetch(
        "select person, state from ladder.standing where lane = $1 and person > $2 order by person limit $3",
        lane,
        after,
        limit,
    )
    return [State(*row) for row in rows]


async def seen(connection: Connection) -> str:
    """Differs whenever a lane has moved on."""
    asked = "select coalesce(sum(turn), 0) || '/' || coalesce(max(time), 0) from ladder.lane"
    return str(await connection.fetchval(asked))


async def noted(connection: Connection) -> str | None:
    """What the estimates came to the last time."""
    found = await connection.fetchval("select value from ladder.meta where name = 'estimates'")
    return None if found is None else str(found)


# -- people in the order of what they are worth ------------------------------------------------------------------


class Sort(StrEnum):
    """What people can be put in order by."""

    NET_VALUE = "net_value"
    CHANCE_NOW = "chance_now"
    AT_STAKE = "at_stake"


class Order(StrEnum):
    """Which comes first."""

    DESCENDING = "desc"
    ASCENDING = "asc"


class After(NamedTuple):
    """The last person who was shown."""

    value: float
    lane: int
    person: str


def ranked(
    sort: Sort,
    order: Order,
    after: After | None,
    limit: int,
    rung: int | None,
    phase: Phase | None,
    stage: Stage | None,
) -> Select[Any]:
    """So many people behind `after`; who cannot be put in this order, having never bought, is left out."""
    by = estimate.c[sort.value]
    places = [by, estimate.c.lane, estimate.c.person]
    statement = (
        select(
            standing.c.lane,
            standing.c.person,
            standing.c.rung,
            standing.c.phase,
            standing.c.stage,
            standing.c.since,
            estimate.c.net_value,
            estimate.c.chance_now,
            estimate.c.expected_value,
            estimate.c.at_stake,
        )
        .join_from(estimate, standing, and_(standing.c.lane == estimate.c.lane, standing.c.person == estimate.c.person))
        .where(by.is_not(None))
        .order_by(*[place.desc() if order is Order.DESCENDING else place.asc() for place in places])
        .limit(limit)
    )
    if after is not None:
        told = tuple_(literal(after.value, by.type), literal(after.lane), literal(after.person, Text))
        statement = statement.where(tuple_(*places) < told if order is Order.DESCENDING else tuple_(*places) > told)
    for place, wanted in ((standing.c.rung, rung), (standing.c.phase, phase), (standing.c.stage, stage)):
        if wanted is not None:
            statement = statement.where(place == literal(wanted, place.type))
    return statement


NOTED: Final = select(meta.c.value).where(meta.c.name == "estimates")
"""What the estimates came to the last time."""
