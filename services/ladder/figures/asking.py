"""The questions about figures, answered from running sums."""

from enum import StrEnum
from typing import Final, NamedTuple

from services.ladder.core import worth
from services.ladder.core.moves import first_of, month_of
from services.ladder.core.rules import Rules
from services.ladder.core.standing import RUNGS
from services.ladder.figures import answers, days
from services.ladder.figures.flows import Brought, Running, by_rung, flows
from services.ladder.figures.kpis import DEFINITIONS, YEAR, Money, cohort, counts, simple
from services.ladder.figures.queries import FigureQueries, added
from services.ladder.figures.rows import Kind
from services.ladder.figures.sums import Figure, month_key, read_source
from services.ladder.rulebook.book import Book
from shared.http import Fault, Problem

NOTHING: Final = Figure()
SOURCES: Final = 1_000
"""Sources that are told apart."""


class By(StrEnum):
    """How figures are told apart."""

    RUNG = "rung"
    COHORT = "cohort"
    MONTH = "month"
    SOURCE = "source"


class Day(NamedTuple):
    """The ladder of a day: the running sums by cell, and by rung what the people there are worth."""

    cells: dict[str, Figure]
    worth: dict[int, worth.Sums]


class _Groups(NamedTuple):
    told: list[answers.Group]
    others: answers.Group | None = None


class Figures:
    """Answers from the daily differences."""

    def __init__(self, queries: FigureQueries, book: Book) -> None:
        self._queries = queries
        self._book = book
        self._money = Money(book.rules.exponent)

    @property
    def _rules(self) -> Rules:
        return self._book.rules

    async def today(self) -> int:
        """The shop's day at the clock's now. Raises Problem 409 while not everybody has been counted."""
        present = await self._queries.present()
        if not present.complete:
            raise Problem(
                409,
                "figures-missing",
                "There are people from before figures were kept",
                detail="Stop the ladder and run `python -m services.ladder refold`, which counts them.",
            )
        return self._rules.day_of(present.now)[0]

    async def span(self, first: int | None, last: int | None) -> days.Span:
        """The period asked for; it ends today and begins a year before its end. Raises Problem 409 and 422."""
        today = await self.today()
        after = (today if last is None else last) + 1
        begin = after - YEAR if first is None else first
        if begin >= after:
            raise Problem(
                422,
                "invalid-parameter",
                "The period ends before it begins",
                errors=[Fault(pointer="/query/from", detail="must not be later than `to`")],
            )
        return days.Span(begin, after)

    # -- figures of a period -------------------------------------------------------------------------------------

    async def kpis(self, first: int | None, last: int | None, by: By | None) -> answers.KpiAnswer:
        """Repeat rate, churn, frequency, order value and lifetime value of a period, by both definitions."""
        span, money = await self.span(first, last), self._money
        cells = [await self._queries.before(Kind.CELL, day) for day in span]
        cohorts = [await self._queries.before(Kind.COHORT, day) for day in span]
        start, end = (added(found.values()) for found in cells)
        begun = {month: figure for month, figure in _months(cohorts[1]).items() if _begins(month, span)}
        groups = await self._groups(by, span, cells, cohorts)
        return answers.KpiAnswer(
            period=span.told(),
            currency=self._rules.currency,
            definitions=DEFINITIONS,
            counts=counts(start, end, money),
            simple=simple(start, end, span.days, money),
            cohort=cohort(begun, span.after, money),
            by=by,
            groups=groups.told,
            others=groups.others,
            curves=await self._curves(begun, span),
        )

    async def sources(self, first: int | None, last: int | None) -> list[answers.Group]:
        """The figures by source alone. Raises Problem 409 and 422."""
        return (await self._by_source(await self.span(first, last))).told

    async def _groups(
        self, by: By | None, span: days.Span, cells: list[dict[str, Figure]], cohorts: list[dict[str, Figure]]
    ) -> _Groups:
        match by:
            case None:
                return _Groups([])
            case By.RUNG:
                starts, ends = map(by_rung, cells)
                return _Groups([self._group(key, starts[key], ends[key], span.days) for key in RUNGS])
            case By.COHORT:
                starts, ends = cohorts
                return _Groups(
                    [self._of_cohort(key, starts.get(key, NOTHING), ends[key], span) for key in sorted(ends)]
                )
            case By.MONTH:
                return _Groups(await self._by_month(span))
            case By.SOURCE:
                return await self._by_source(span)

    def _group(
        self, key: str | None, start: Figure, end: Figure, length: int, month: int | None = None, after: int = 0
    ) -> answers.Group:
        money = self._money
        members = None if month is None else cohort({month: end}, after, money)
        people = None if month is None else end.customers
        return answers.Group(
            key=key,
            counts=counts(start, end, money, people=people),
            simple=simple(start, end, length, money),
            cohort=members,
        )

    def _of_cohort(self, key: str, start: Figure, end: Figure, span: days.Span) -> answers.Group:
        return self._group(key, start, end, span.days, days.read_month(key), span.after)

    async def _by_month(self, span: days.Span) -> list[answers.Group]:
        """Whole months within the period, one after the other, each from the running sums at its begin and end."""
        months = _whole_months(span)
        if not months:
            return []
        found = await self._queries.months(Kind.CELL, first_of(months[0]), first_of(months[-1] + 1))
        running = added((await self._queries.before(Kind.CELL, first_of(months[0]))).values())
        groups = []
        for month in months:
            first, after = first_of(month), first_of(month + 1)
            end = added([running, *(figure for (day, _), figure in found.items() if day == first)])
            groups.append(self._group(month_key(month), running, end, after - first))
            running = end
        return groups

    async def _by_source(self, span: days.Span) -> _Groups:
        """Those with the most people first; the rows read are as many as there are sources."""
        starts, ends = [await self._queries.before(Kind.SOURCE, day) for day in (span.first, span.after)]
        there = sorted((end.gone - end.entered, key) for key, end in ends.items() if any(end))
        keys, rest = [key for _, key in there[:SOURCES]], [key for _, key in there[SOURCES:]]
        told = [self._group(read_source(key), starts.get(key, NOTHING), ends[key], span.days) for key in keys]
        if not rest:
            return _Groups(told)
        start, end = (added(sums.get(key, NOTHING) for key in rest) for sums in (starts, ends))
        return _Groups(told, self._group(None, start, end, span.days))

    async def _curves(self, begun: dict[int, Figure], span: days.Span) -> list[answers.Curve]:
        if not begun:
            return []
        last = month_of(span.after)  # the first month that is not whole
        found = await self._queries.months(Kind.COHORT, first_of(min(begun)), first_of(last))
        return [
            _curve(month, [found.get((first_of(one), month_key(month)), NOTHING) for one in range(month, last)])
            for month in sorted(begun)
        ]

    # -- flows ---------------------------------------------------------------------------------------------------

    async def flows(self, first: int | None, last: int | None) -> answers.Flows:
        """Who went from where to where, and what happened on each rung."""
        span = await self.span(first, last)
        ways = [await self._queries.before(Kind.WAY, day) for day in span]
        cells = [await self._queries.before(Kind.CELL, day) for day in span]
        brought = [await self._queries.worth(Kind.BROUGHT, day) for day in span]
        return flows(span, Running(*ways), Running(*map(by_rung, cells)), Brought(*brought), self._rules)

    # -- the ladder of a day -------------------------------------------------------------------------------------

    async def at(self, day: int) -> Day:
        """The running sums at the end of a day. Raises Problem 409."""
        await self.today()
        cells = await self._queries.before(Kind.CELL, day + 1)
        brought, carried = [await self._queries.worth(kind, day + 1) for kind in (Kind.BROUGHT, Kind.CARRIED)]
        rungs = range(1, len(RUNGS) + 1)
        return Day(cells, {rung: _whole(str(rung), brought, carried) for rung in rungs})


def _whole(rung: str, *parts: dict[str, worth.Sums]) -> worth.Sums:
    return worth.Sums(*map(sum, zip(*(part.get(rung, worth.Sums()) for part in parts), strict=True)))


def _months(cohorts: dict[str, Figure]) -> dict[int, Figure]:
    return {days.read_month(key): figure for key, figure in cohorts.items() if figure.customers}


def _begins(month: int, span: days.Span) -> bool:
    return span.first <= first_of(month) < span.after


def _whole_months(span: days.Span) -> range:
    begin = month_of(span.first)
    return range(begin if first_of(begin) >= span.first else begin + 1, month_of(span.after))


def _curve(month: int, figures: list[Figure]) -> answers.Curve:
    buyers = [figure.buyers for figure in figures]
    customers = sum(figure.customers for figure in figures)
    return answers.Curve(
        cohort=month_key(month),
        customers=customers,
        buyers=buyers,
        retention=[round(count / customers, 6) if customers else 0.0 for count in buyers],
    )
