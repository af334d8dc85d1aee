"""All SQL of the pages that the ladder's own questions do not have; one call, one round trip."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ladder import tables
from services.ladder.cursors import PeopleCursor
from services.ladder.people_queries import Wanted, listed
from services.ladder.queries import NOW, Queries
from services.ladder.tables import fact, standing, tally, transition
from shared.events import LADDER_EVENTS

_lane, _outbox, _meta = tables.lanes.lane, tables.lanes.outbox, tables.lanes.meta

LOOKED_AT: Final = 2_000
"""Newest rows of a lane's outbox in which announcements are looked for: between them are messages to other lanes."""


class PageQueries(Queries):
    """Asks the ladder's tables for pages."""

    def __init__(self, engine: AsyncEngine, *, by_facts: bool) -> None:
        """`by_facts`: the lanes' own times are the clock, else the database's."""
        super().__init__(engine, by_facts=by_facts)
        newest = select(func.max(_lane.c.time)).scalar_subquery()
        self._now = select((func.coalesce(newest, NOW) if by_facts else NOW).label("now"))

    async def newest_announcements(self, limit: int) -> list[bytes]:
        """The newest announcements of all lanes, the newest first."""
        return [row.value for row in await self._all(_NEWEST_ANNOUNCEMENTS, limit=limit)]

    async def now(self) -> int:
        """The clock's now: of the lanes the newest time, or the database's."""
        return int((await self._all(self._now))[0].now)

    async def places(self) -> Sequence[Row[Any]]:
        """How many people stand on each rung in each stage: (rung, stage, people)."""
        return await self._all(_PLACES)

    async def listed(self, after: PeopleCursor, wanted: Wanted, limit: int) -> Sequence[Row[Any]]:
        """People in the order of (lane, person) behind `after`, with their states."""
        values = {"lane": after.lane, "person": after.person, "limit": limit}
        return await self._all(listed(wanted), **values)

    async def states(self, people: Mapping[str, int]) -> Sequence[Row[Any]]:
        """The states of these people, whose lanes are given, as (person, state)."""
        return await self._all(_STATES, people=list(people), lanes=list(people.values()))

    async def life(self, lane: int, person: str, until: int, limit: int) -> Sequence[Row[Any]]:
        """A person's facts and transitions up to an instant, the newest of each kind, so many of each."""
        return await self._all(_LIFE, lane=lane, person=person, until=until, limit=limit)

    async def lanes(self) -> Sequence[Row[Any]]:
        """The lanes: (lane, owner, time, unpublished), the owner null where the lease has run out."""
        return await self._all(_LANES)

    async def secret(self) -> bytes:
        """With what sessions are signed; made when it is asked for the first time."""
        while not (rows := await self._all(_SECRET)):
            await self._all(_MAKE_SECRET, value=secrets.token_hex(32))
        return bytes.fromhex(rows[0].value)


# -- announcements -----------------------------------------------------------------------------------------------


def _newest_announcements() -> Select[Any]:
    limit = bindparam("limit", type_=BigInteger)
    found = (
        select(_outbox.c.recorded_at, _outbox.c.at, _outbox.c.seq, _outbox.c.value)
        .where(
            _outbox.c.lane == _lane.c.lane,
            _outbox.c.seq > _lane.c.seq - LOOKED_AT,
            _outbox.c.topic == LADDER_EVENTS,
            _outbox.c.key.is_not(None),  # ticks have none
        )
        .order_by(_outbox.c.seq.desc())
        .limit(limit)
        .lateral("found")
    )
    joined = select(found.c.value).join_from(_lane, found, true())
    return joined.order_by(found.c.recorded_at.desc(), found.c.at.desc(), _lane.c.lane, found.c.seq.desc()).limit(limit)


_NEWEST_ANNOUNCEMENTS: Final = _newest_announcements()

# -- people ------------------------------------------------------------------------------------------------------

_PLACES: Final = (
    select(tally.c.key, cast(func.sum(tally.c.people), BigInteger).label("people"))
    .where(tally.c.kind == "place")
    .group_by(tally.c.key)
)


def _states() -> Select[Any]:
    lanes = bindparam("lanes", type_=ARRAY(Integer))
    people = bindparam("people", type_=ARRAY(standing.c.person.type))
    columns = column("lane", Integer), column("person", standing.c.person.type)
    asked = func.unnest(lanes, people).table_valued(*columns, name="asked").render_derived()
    here = and_(standing.c.lane == asked.c.lane, standing.c.person == asked.c.person)
    return select(standing.c.person, standing.c.state).join_from(asked, standing, here)


_STATES: Final = _states()


def _life() -> Any:
    lane, person = bindparam("lane", type_=Integer), bindparam("person", type_=String)
    until, limit = bindparam("until", type_=BigInteger), bindparam("limit", type_=BigInteger)
    facts = (
        select(
            literal("fact").label("kind"), fact.c.at, fact.c.id, fact.c.source, literal("").label("type"),
            fact.c.body, literal(value=False).label("correction"), literal(0, BigInteger).label("seq"),
        )
        .where(fact.c.lane == lane, fact.c.person == person, fact.c.at <= until)
        .order_by(fact.c.at.desc(), fact.c.id.desc(), fact.c.source.desc())
        .limit(limit)
        .subquery()
    )  # fmt: skip
    changes = (
        select(
            literal("transition").label("kind"), transition.c.at, transition.c.id, literal("").label("source"),
            transition.c.type, transition.c.data, transition.c.correction, transition.c.seq,
        )
        .where(transition.c.lane == lane, transition.c.person == person, transition.c.at <= until)
        .order_by(transition.c.at.desc(), transition.c.seq.desc())
        .limit(limit)
        .subquery()
    )  # fmt: skip
    return union_all(select(facts), select(changes))


_LIFE: Final = _life()

# -- health ------------------------------------------------------------------------------------------------------

_LANES: Final = select(
    _lane.c.lane,
    _lane.c.time,
    case((_lane.c.lease_until >= func.clock_timestamp(), _lane.c.owner)).label("owner"),
    (_lane.c.seq - _lane.c.published_seq).label("unpublished"),
).order_by(_lane.c.lane)

_SECRET: Final = select(_meta.c.value).where(_meta.c.name == "page_secret")
_MAKE_SECRET: Final = (
    insert(_meta)
    .values(name="page_secret", value=bindparam("value", type_=String))
    .on_conflict_do_nothing()
    .returning(_meta.c.name)
)
