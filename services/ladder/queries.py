"""All SQL of the ladder's questions; one call, one round trip, one snapshot. Reads only."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CompoundSelect,
    Executable,
    FromClause,
    Integer,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    any_,
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
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.elements import ColumnElement

from services.ladder import tables
from services.ladder.core.standing import Phase, Stage
from services.ladder.cursors import PeopleCursor
from services.ladder.people_queries import Wanted, listed
from services.ladder.tables import fact, lane_rules, parked, referral, rules, standing, tally, transition
from shared.db import DatabaseError
from shared.events import LADDER_EVENTS
from shared.http import Problem

SCANNED: Final = 20_000
"""Outbox rows that one page of the feed looks at, over all lanes, in search of announcements that were asked for."""

_lane, _outbox = tables.lanes.lane, tables.lanes.outbox

NOW: Final = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
"""The database's clock."""


class Found(NamedTuple):
    """A person's stored standing, the clock's now, how many of their facts are parked, by which rules they are folded.

    `version` None: no version is kept yet.
    """

    state: bytes
    now: int
    parked: int
    version: int | None


class Announced(NamedTuple):
    """A row of the feed: a CloudEvent as it was written."""

    lane: int
    seq: int
    type: str
    person: str
    value: bytes


class Stretch(NamedTuple):
    """What a lane's outbox holds behind `position`.

    `last` is the newest number given, `first` the oldest kept behind `position` (None: none), `until` how far the
    rows have been looked at, `share` how many announcements were wanted at most.
    """

    lane: int
    position: int
    last: int
    first: int | None
    until: int
    share: int
    rows: list[Announced]


class Queries:
    """Asks the ladder's tables."""

    def __init__(self, engine: AsyncEngine, *, by_facts: bool) -> None:
        """`by_facts`: the lanes' own times are the clock, else the database's."""
        # Single statements need no BEGIN and ROLLBACK around them: that would be three round trips instead of one.
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._person = _person(by_facts=by_facts)
        self._picture = _picture(by_facts=by_facts)

    async def _all(self, statement: Executable, **values: Any) -> Sequence[Row[Any]]:
        """The statement's rows. Raises Problem 503 when the database cannot be asked."""
        try:
            return await self._rows(statement, values)
        except (ProgrammingError, DataError):
            raise
        except (DBAPIError, PoolTimeoutError, *DatabaseError) as error:
            headers = {"Retry-After": "2"}
            raise Problem(503, "database-unavailable", "The database does not answer", headers=headers) from error

    async def ask(self, statement: Executable, **values: Any) -> Sequence[Row[Any]]:
        """The rows of a statement of another file of questions. Raises Problem 503."""
        return await self._all(statement, **values)

    async def _rows(self, statement: Executable, values: dict[str, Any]) -> Sequence[Row[Any]]:
        try:
            async with self._engine.connect() as connection:
                return (await connection.execute(statement, values)).all()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        # The session ended while it waited in the pool, which is empty now; what only reads may be asked again.
        async with self._engine.connect() as connection:
            return (await connection.execute(statement, values)).all()

    async def person(self, lane: int, person: str) -> Found | None:
        """The person as stored; None when nobody is known by this id."""
        rows = await self._all(self._person, lane=lane, person=person)
        return Found(rows[0].state, rows[0].now, rows[0].parked, rows[0].version) if rows else None

    async def facts(self, lane: int, person: str) -> list[bytes]:
        """The person's journal."""
        return [row.body for row in await self._all(_FACTS, lane=lane, person=person)]

    async def facts_from(self, lane: int, person: str, source: str, limit: int) -> list[bytes]:
        """The newest of the person's journal from this source, newest first."""
        rows = await self._all(_FACTS_FROM, lane=lane, person=person, source=source, limit=limit)
        return [row.body for row in rows]

    async def rules(self, version: int) -> str | None:
        """The text of a version of the rules."""
        rows = await self._all(_RULES, version=version)
        return rows[0].text if rows else None

    async def friends(self, lane: int, person: str) -> list[bytes]:
        """The standings of those who are credited to the person."""
        return [row.state for row in await self._all(_FRIENDS, lane=lane, person=person)]

    async def history(self, lane: int, person: str, before: int, limit: int) -> Sequence[Row[Any]]:
        """The person's newest transitions with a number below `before`."""
        return await self._all(_HISTORY, lane=lane, person=person, before=before, limit=limit)

    async def people(
        self, after: PeopleCursor, rung: int | None, phase: Phase | None, stage: Stage | None, limit: int
    ) -> Sequence[Row[Any]]:
        """People in the order of (lane, person), behind `after`."""
        statement = listed(Wanted(rung, phase, stage))
        return await self._all(statement, lane=after.lane, person=after.person, limit=limit)

    async def picture(self) -> Sequence[Row[Any]]:
        """The tallies as (kind, key, people, spent), summed over the lanes, and a row of kind `now`."""
        return await self._all(self._picture)

    async def oldest(self) -> list[int]:
        """By lane the position before the oldest row that is kept."""
        return [row.position for row in await self._all(_OLDEST)]

    async def newest(self) -> list[int]:
        """By lane the position of the newest row."""
        return [row.seq for row in await self._all(_NEWEST)]

    async def stretches(self, positions: Sequence[int], types: Sequence[str], limit: int) -> list[Stretch]:
        """Behind these positions, by lane, announcements of these types: of each lane its share of `limit`."""
        lanes = list(range(len(positions)))
        scan = max(limit, SCANNED // max(1, len(lanes)))
        rows = await self._all(_FEED, lanes=lanes, positions=list(positions), types=types, limit=limit, scan=scan)
        return _stretches(rows)

    async def stretch_of(
        self, lane: int, person: str, position: int, types: Sequence[str], limit: int
    ) -> list[Stretch]:
        """Behind this position of a lane the announcements of one person."""
        rows = await self._all(_FEED_OF_PERSON, lane=lane, person=person, position=position, types=types, limit=limit)
        return _stretches(rows)


def _stretches(rows: Sequence[Row[Any]]) -> list[Stretch]:
    """Rows are in the order of (lane, seq); a lane without announcements has one row without any."""
    found: dict[int, Stretch] = {}
    for row in rows:
        stretch = found.get(row.lane)
        if stretch is None:
            stretch = Stretch(row.lane, row.position, row.last, row.first, row.until, row.share, [])
            found[row.lane] = stretch
        if row.seq is not None:
            stretch.rows.append(Announced(row.lane, row.seq, row.type, row.key, row.value))
    return list(found.values())


# -- people ------------------------------------------------------------------------------------------------------


def _person(*, by_facts: bool) -> Select[Any]:
    now = func.coalesce(_lane.c.time, NOW) if by_facts else NOW
    waiting = (
        select(func.count())
        .where(parked.c.lane == standing.c.lane, parked.c.person == standing.c.person)
        .scalar_subquery()
    )
    gone_over = and_(lane_rules.c.coming.is_not(None), standing.c.person <= lane_rules.c.reached)
    version = case((gone_over, lane_rules.c.coming), else_=lane_rules.c.version)
    return (
        select(standing.c.state, now.label("now"), waiting.label("parked"), version.label("version"))
        .join_from(standing, _lane, _lane.c.lane == standing.c.lane)
        .outerjoin(lane_rules, lane_rules.c.lane == standing.c.lane)
        .where(standing.c.lane == bindparam("lane"), standing.c.person == bindparam("person"))
    )


_FACTS: Final = select(fact.c.body).where(fact.c.lane == bindparam("lane"), fact.c.person == bindparam("person"))

_RULES: Final = select(rules.c.text).where(rules.c.version == bindparam("version"))

_FACTS_FROM: Final = (
    _FACTS.where(fact.c.source == bindparam("source"))
    .order_by(fact.c.at.desc(), fact.c.id.desc())
    .limit(bindparam("limit"))
)

_FRIENDS: Final = (
    select(standing.c.state)
    .join_from(
        referral, standing, and_(standing.c.lane == referral.c.friend_lane, standing.c.person == referral.c.friend)
    )
    .where(referral.c.lane == bindparam("lane"), referral.c.person == bindparam("person"), referral.c.credited)
)

_HISTORY: Final = (
    select(
        transition.c.seq,
        transition.c.id,
        transition.c.type,
        transition.c.at,
        transition.c.correction,
        transition.c.data,
        transition.c.rules_version,
    )
    .where(
        transition.c.lane == bindparam("lane"),
        transition.c.person == bindparam("person"),
        transition.c.seq < bindparam("before", type_=BigInteger),
    )
    .order_by(transition.c.seq.desc())
    .limit(bindparam("limit"))
)


def _picture(*, by_facts: bool) -> CompoundSelect[Any]:
    now = func.coalesce(select(func.max(_lane.c.time)).scalar_subquery(), NOW) if by_facts else NOW
    counted = select(
        tally.c.kind,
        tally.c.key,
        cast(func.sum(tally.c.people), BigInteger).label("people"),
        cast(func.sum(tally.c.spent), BigInteger).label("spent"),
    ).group_by(tally.c.kind, tally.c.key)
    return union_all(counted, select(literal("now"), literal(""), now, literal(0)))


# -- the feed ----------------------------------------------------------------------------------------------------


def _first_kept(lane: ColumnElement[int], position: ColumnElement[int]) -> ScalarSelect[Any]:
    return select(func.min(_outbox.c.seq)).where(_outbox.c.lane == lane, _outbox.c.seq > position).scalar_subquery()


_OLDEST: Final = select(
    func.coalesce(_first_kept(_lane.c.lane, literal(0)) - 1, _lane.c.seq).label("position")
).order_by(_lane.c.lane)

_NEWEST: Final = select(_lane.c.seq).order_by(_lane.c.lane)


def _asked() -> ColumnElement[bool]:
    types = bindparam("types", type_=ARRAY(Text))
    return and_(_outbox.c.topic == LADDER_EVENTS, _outbox.c.type == any_(types))


def _feed() -> Select[Any]:
    """Of each lane that has news its share of the page, found among so many rows."""
    asked = func.unnest(
        bindparam("lanes", type_=ARRAY(Integer)), bindparam("positions", type_=ARRAY(BigInteger))
    ).table_valued(column("lane", Integer), column("position", BigInteger), name="asked")
    asked = asked.render_derived()
    until = func.least(_lane.c.seq, asked.c.position + bindparam("scan", type_=BigInteger))
    busy = func.count().filter(_lane.c.seq > asked.c.position).over()
    limit = bindparam("limit", type_=BigInteger)
    opened = (
        select(
            asked.c.lane,
            asked.c.position,
            _lane.c.seq.label("last"),
            _first_kept(asked.c.lane, asked.c.position).label("first"),
            until.label("until"),
            ((limit + busy - 1) // func.greatest(busy, 1)).label("share"),
        )
        .join_from(asked, _lane, _lane.c.lane == asked.c.lane)
        .cte("opened")
    )
    found = (
        select(_outbox.c.seq, _outbox.c.type, _outbox.c.key, _outbox.c.value)
        .where(
            _outbox.c.lane == opened.c.lane,
            _outbox.c.seq > opened.c.position,
            _outbox.c.seq <= opened.c.until,
            _asked(),
        )
        .order_by(_outbox.c.seq)
        .limit(opened.c.share)
        .lateral("found")
    )
    return _joined(opened, found)


def _feed_of_person() -> Select[Any]:
    """One person's announcements, found by their history."""
    position = bindparam("position", type_=BigInteger)
    limit = bindparam("limit", type_=BigInteger)
    opened = (
        select(
            _lane.c.lane,
            position.label("position"),
            _lane.c.seq.label("last"),
            _first_kept(_lane.c.lane, position).label("first"),
            _lane.c.seq.label("until"),
            limit.label("share"),
        )
        .where(_lane.c.lane == bindparam("lane"))
        .cte("opened")
    )
    found = (
        select(_outbox.c.seq, _outbox.c.type, _outbox.c.key, _outbox.c.value)
        .join_from(transition, _outbox, and_(_outbox.c.lane == transition.c.lane, _outbox.c.seq == transition.c.seq))
        .where(
            transition.c.lane == opened.c.lane,
            transition.c.person == bindparam("person"),
            transition.c.seq > opened.c.position,
            _asked(),
        )
        .order_by(transition.c.seq)
        .limit(limit)
        .lateral("found")
    )
    return _joined(opened, found)


def _joined(opened: FromClause, found: FromClause) -> Select[Any]:
    return (
        select(opened, found.c.seq, found.c.type, found.c.key, found.c.value)
        .join_from(opened, found, true(), isouter=True)
        .order_by(opened.c.lane, found.c.seq)
    )


_FEED: Final = _feed()
_FEED_OF_PERSON: Final = _feed_of_person()
