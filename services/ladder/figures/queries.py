"""All SQL of the questions about figures: running sums over months, then days. No statement looks at a person."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import BigInteger, Integer, Select, Table, bindparam, cast, func, literal, select, union_all
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import ColumnElement

from services.ladder import tables
from services.ladder.core import worth
from services.ladder.figures import days
from services.ladder.figures.rows import Kind, Span
from services.ladder.figures.store import MISSING
from services.ladder.figures.sums import Figure
from services.ladder.queries import Queries

_lane, _meta = tables.lanes.lane, tables.lanes.meta

_CLOCK: Final = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)


def _sums(columns: ReadOnlyColumnCollection[str, Any], names: Iterable[str]) -> list[ColumnElement[int]]:
    return [cast(func.sum(columns[name]), BigInteger).label(name) for name in names]


def _present(*, by_facts: bool) -> Select[Any]:
    now = func.coalesce(select(func.max(_lane.c.time)).scalar_subquery(), _CLOCK) if by_facts else _CLOCK
    noted = select(_meta.c.value).where(_meta.c.name == literal(MISSING)).scalar_subquery()
    return select(now.label("now"), noted.label("figures"))


def _from(table: Table, bound: str) -> ColumnElement[bool]:
    return table.c.day >= bindparam(bound, type_=Integer)


def _until(table: Table, bound: str) -> ColumnElement[bool]:
    return table.c.day < bindparam(bound, type_=Integer)


def _of(table: Table, span: Span, *bounds: ColumnElement[bool]) -> Select[Any]:
    lanes, of_span = table.c.lane.in_(select(_lane.c.lane)), table.c.span == literal(span)
    return select(table).where(lanes, of_span, table.c.kind == bindparam("kind"), *bounds)


def _running(table: Table, names: Iterable[str]) -> Select[Any]:
    """Two stretches of the primary key in each lane; as one condition they would be looked for in the whole table."""
    months = _of(table, Span.MONTH, _until(table, "month"))
    added = union_all(months, _of(table, Span.DAY, _from(table, "month"), _until(table, "day"))).subquery()
    return select(added.c.key, *_sums(added.c, names)).group_by(added.c.key)


_RUNNING: Final = _running(tables.figure, Figure._fields)
_WORTH: Final = _running(tables.worth, worth.Sums._fields)

_OF_MONTHS: Final = _of(
    tables.figure, Span.MONTH, _from(tables.figure, "first"), _until(tables.figure, "after")
).subquery()
_MONTHS: Final = select(_OF_MONTHS.c.day, _OF_MONTHS.c.key, *_sums(_OF_MONTHS.c, Figure._fields)).group_by(
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

    async def worth(self, kind: Kind, day: int) -> dict[str, worth.Sums]:
        """The same of what people are worth, by rung."""
        bounds = days.before(day)
        rows = await self._queries.ask(_WORTH, kind=kind, month=bounds.month, day=bounds.day)
        return {row.key: worth.Sums(*row[1:]) for row in rows}

    async def months(self, kind: Kind, first: int, after: int) -> dict[tuple[int, str], Figure]:
        """The differences of the months that begin from the day `first` to before `after`, by (day, key)."""
        rows = await self._queries.ask(_MONTHS, kind=kind, first=first, after=after)
        return {(row.day, row.key): Figure(*row[2:]) for row in rows}


Numbers = TypeVar("Numbers", Figure, worth.Sums)


def added(figures: Iterable[Figure]) -> Figure:
    """The sum of these."""
    return Figure(*map(sum, zip(Figure(), *figures, strict=True)))


def difference(end: Numbers, start: Numbers) -> Numbers:
    """What lies between two running sums."""
    return type(end)(*(a - b for a, b in zip(end, start, strict=True)))
