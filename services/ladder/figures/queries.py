"""All SQL of the questions about figures: running sums over months, then days. No statement looks at a person."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Integer, Select, bindparam, cast, func, literal, select, union_all
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import ColumnElement

from services.ladder import tables
from services.ladder.figures import days
from services.ladder.figures.store import MISSING
from services.ladder.figures.sums import WIDTH, Figure, Kind, Span
from services.ladder.queries import Queries
from services.ladder.tables import figure

_lane, _meta = tables.lanes.lane, tables.lanes.meta

_CLOCK: Final = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
_KIND: Final = figure.c.kind == bindparam("kind")


def _sums(columns: ReadOnlyColumnCollection[str, Any]) -> list[ColumnElement[int]]:
    return [cast(func.sum(columns[name]), BigInteger).label(name) for name in Figure._fields]


def _present(*, by_facts: bool) -> Select[Any]:
    now = func.coalesce(select(func.max(_lane.c.time)).scalar_subquery(), _CLOCK) if by_facts else _CLOCK
    noted = select(_meta.c.value).where(_meta.c.name == literal(MISSING)).scalar_subquery()
    return select(now.label("now"), noted.label("figures"))


def _from(bound: str) -> ColumnElement[bool]:
    return figure.c.day >= bindparam(bound, type_=Integer)


def _until(bound: str) -> ColumnElement[bool]:
    return figure.c.day < bindparam(bound, type_=Integer)


def _of(span: Span, *bounds: ColumnElement[bool]) -> Select[Any]:
    of_span = figure.c.span == literal(span)
    return select(figure).where(figure.c.lane.in_(select(_lane.c.lane)), of_span, _KIND, *bounds)


_ADDED: Final = union_all(_of(Span.MONTH, _until("month")), _of(Span.DAY, _from("month"), _until("day"))).subquery()
"""Two stretches of the primary key in each lane; as one condition they would be looked for in the whole table."""

_RUNNING: Final = select(_ADDED.c.key, *_sums(_ADDED.c)).group_by(_ADDED.c.key)

_OF_MONTHS: Final = _of(Span.MONTH, _from("first"), _until("after")).subquery()
_MONTHS: Final = select(_OF_MONTHS.c.day, _OF_MONTHS.c.key, *_sums(_OF_MONTHS.c)).group_by(
    _OF_MONTHS.c.day, _OF_MONTHS.c.key
)


class Present(NamedTuple):
    """The clock's now, and whether all who stand have been counted."""

    now: int
    complete: bool


class FigureQueries:
    """Asks the table of daily differences."""

    def __init__(self, queries: Queries, *, by_facts: bool) -> None:
        """`by_facts`: the lanes' own times are the clock, else the database's."""
        self._queries = queries
        self._now = _present(by_facts=by_facts)

    async def present(self) -> Present:
        """The clock, and whether figures can be given."""
        row = (await self._queries.ask(self._now))[0]
        return Present(row.now, row.figures != "missing")

    async def before(self, kind: Kind, day: int) -> dict[str, Figure]:
        """The running sums at the begin of a day, by key."""
        bounds = days.before(day)
        rows = await self._queries.ask(_RUNNING, kind=kind, month=bounds.month, day=bounds.day)
        return {row.key: Figure(*row[1:]) for row in rows}

    async def months(self, kind: Kind, first: int, after: int) -> dict[tuple[int, str], Figure]:
        """The differences of the months that begin from the day `first` to before `after`, by (day, key)."""
        rows = await self._queries.ask(_MONTHS, kind=kind, first=first, after=after)
        return {(row.day, row.key): Figure(*row[2:]) for row in rows}


def added(figures: Iterable[Figure]) -> Figure:
    """The sum of these."""
    numbers = [0] * WIDTH
    for one in figures:
        numbers = [a + b for a, b in zip(numbers, one, strict=True)]
    return Figure(*numbers)


def difference(end: Figure, start: Figure) -> Figure:
    """What lies between two running sums."""
    return Figure(*(a - b for a, b in zip(end, start, strict=True)))
