"""All SQL about parked persons."""

from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Integer, Text, bindparam, func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.ladder import tables
from services.ladder.cursors import PeopleCursor
from services.ladder.queries import Queries
from services.ladder.tables import parked

_lane = tables.lanes.lane

_PARKED: Final = (
    select(
        parked.c.lane,
        parked.c.person,
        func.count().label("facts"),
        func.array_agg(aggregate_order_by(parked.c.reason, parked.c.number)).label("reasons"),
        func.min(parked.c.recorded_at).label("since"),
    )
    .where(
        tuple_(parked.c.lane, parked.c.person)
        > tuple_(bindparam("lane", type_=Integer), bindparam("person", type_=Text)),
    )
    .group_by(parked.c.lane, parked.c.person)
    .order_by(parked.c.lane, parked.c.person)
    .limit(bindparam("limit", type_=BigInteger))
)

_COUNT: Final = select(func.count()).select_from(parked)

_RETRY: Final = (
    _lane.update()
    .where(_lane.c.lane.in_(select(parked.c.lane)))
    .values(epoch=_lane.c.epoch + 1, owner=None, lease_until=None)
    .returning(_lane.c.lane)
)
"""Whoever holds the lane is fenced; the next owner, mostly the same program, tries again what was parked before it."""


class ParkedPerson(NamedTuple):
    """Somebody whose facts wait: how many, why the first could not be folded, since when."""

    lane: int
    person: str
    facts: int
    reason: str
    since: int


class Parked:
    """Asks for parked persons, and has them tried again."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def count(self) -> int:
        """How many facts wait."""
        return int((await self._queries.ask(_COUNT))[0][0])

    async def page(self, after: PeopleCursor, limit: int) -> list[ParkedPerson]:
        """Those behind a place, by lane and id. Raises Problem 503."""
        values: dict[str, Any] = {"lane": after.lane, "person": after.person, "limit": limit}
        rows = await self._queries.ask(_PARKED, **values)
        return [ParkedPerson(row.lane, row.person, row.facts, row.reasons[0], row.since) for row in rows]

    async def retry(self) -> list[int]:
        """Have all of them tried again by the owners of their lanes; the lanes. Raises Problem 503."""
        return sorted(row.lane for row in await self._queries.ask(_RETRY))
