"""The questions about figures, answered from running sums."""

from enum import StrEnum
from typing import Final, NamedTuple

from services.ladder.core.moves import NOWHERE, first_of, month_of
from services.ladder.core.rules import Rules
from services.ladder.core.standing import PHASE_OF, RUNGS, Stage
from services.ladder.figures import answers, days
from services.ladder.figures.kpis import DEFINITIONS, YEAR, Money, cohort, counts, ratio, simple, told
from services.ladder.figures.queries import FigureQueries, added, difference
from services.ladder.figures.sums import Figure, Kind, month_key, read_cell
from shared.http import Fault, Problem

NOTHING: Final = Figure()
_DAY_SECONDS: Final = 86_400


class By(StrEnum):
    """How figures are told apart."""

    RUNG = "rung"
    COHORT = "cohort"
    MONTH = "month"


class Span(NamedTuple):
    """The days from `first` to before `after`."""

    first: int
    after: int

    @property
    def days(self) -> int:
        """How many there are."""
        return self.after - self.first

    def told(self) -> answers.Period:
        """As it is answered: the last day belongs to it."""
        return answers.Period(first=days.text(self.first), last=days.text(self.after - 1), days=self.days)


class Figures:
    """Answers from the daily differences."""

    def __init__(self, queries: FigureQueries, rules: Rules) -> None:
        self._queries = queries
        self._rules = rules
        self._money = Money(rules.exponent)

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

    async def span(self, first: int | None, last: int | None) -> Span:
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
        return Span(begin, after)

    # -- figures of a period -------------------------------------------------------------------------------------

    async def kpis(self, first: int | None, last: int | None, by: By | None) -> answers.KpiAnswer:
        """Repeat rate, churn, frequency, order value and lifetime value of a period, by both definitions."""
        span, money = await self.span(first, last), self._money
        cells = [await self._queries.before(Kind.CELL, day) for day in span]
        cohorts = [await self._queries.before(Kind.COHORT, day) for day in span]
        start, end = (added(found.values()) for found in cells)
        begun = {month: figure for month, figure in _months(cohorts[1]).items() if _begins(month, span)}
        return answers.KpiAnswer(
            period=span.told(),
            currency=self._rules.currency,
            definitions=DEFINITIONS,
            counts=counts(start, end, money),
            simple=simple(start, end, span.days, money),
            cohort=cohort(begun, span.after, money),
            by=by,
            groups=await self._groups(by, span, cells, cohorts),
            curves=await self._curves(begun, span),
        )

    async def _groups(
        self, by: By | None, span: Span, cells: list[dict[str, Figure]], cohorts: list[dict[str, Figure]]
    ) -> list[answers.Group]:
        match by:
            case None:
                return []
            case By.RUNG:
                starts, ends = map(_by_rung, cells)
                return [self._group(key, starts[key], ends[key], span.days) for key in RUNGS]
            case By.COHORT:
                starts, ends = cohorts
                return [
                    self._group(key, starts.get(key, NOTHING), ends[key], span.days, days.read_month(key), span.after)
                    for key in sorted(ends)
                ]
            case By.MONTH:
                return await self._by_month(span)

    def _group(
        self, key: str, start: Figure, end: Figure, length: int, month: int | None = None, after: int = 0
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

    async def _by_month(self, span: Span) -> list[answers.Group]:
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

    async def _curves(self, begun: dict[int, Figure], span: Span) -> list[answers.Curve]:
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
        gone = {key: difference(figure, ways[0].get(key, NOTHING)) for key, figure in ways[1].items()}
        moved = {key: figure for key, figure in gone.items() if figure.entered}
        return answers.Flows(
            period=span.told(),
            currency=self._rules.currency,
            ways=[self._way(key, figure) for key, figure in sorted(moved.items())],
            rungs=self._rungs(span, moved, _by_rung(cells[0]), _by_rung(cells[1])),
        )

    def _way(self, key: str, figure: Figure) -> answers.Way:
        from_, _, to = key.partition(">")
        place = _place(to)
        assert place is not None
        return answers.Way(
            from_=_place(from_), to=place, people=figure.entered, spent=self._money.text(figure.money_in)
        )

    def _rungs(
        self, span: Span, moved: dict[str, Figure], starts: dict[str, Figure], ends: dict[str, Figure]
    ) -> list[answers.RungFlow]:
        ways = [(key.split(">"), figure) for key, figure in moved.items()]
        steps = [(_rung_of(from_), _rung_of(to), figure) for (from_, to), figure in ways]
        return [self._rung(number, span, steps, starts[key], ends[key]) for number, key in enumerate(RUNGS, 1)]

    def _rung(
        self, number: int, span: Span, steps: list[tuple[int, int, Figure]], start: Figure, end: Figure
    ) -> answers.RungFlow:
        within, people = difference(end, start), (start.entered - start.gone, end.entered - end.gone)
        climbed = sum(figure.entered for from_, to, figure in steps if from_ == number < to)
        fell = sum(figure.entered for from_, to, figure in steps if to < number == from_)
        stayed = sum(figure.on_rung for from_, to, figure in steps if from_ == number != to)
        return answers.RungFlow(
            number=number,
            key=RUNGS[number - 1],
            people_at_start=people[0],
            people=people[1],
            entered=sum(figure.entered for from_, to, figure in steps if to == number != from_),
            climbed=climbed,
            fell=fell,
            climbs_per_year=told(ratio(climbed * YEAR, people[0] * span.days)),
            falls_per_year=told(ratio(fell * YEAR, people[0] * span.days)),
            days_on_rung=told(ratio(stayed, (climbed + fell) * _DAY_SECONDS)),
            orders=within.orders,
            revenue=self._money.text(within.revenue),
            revenue_per_person=self._money.rounded(ratio(2 * within.revenue * YEAR, sum(people) * span.days)),
        )

    # -- the ladder of a day -------------------------------------------------------------------------------------

    async def at(self, day: int) -> dict[str, Figure]:
        """The running sums of every cell at the end of a day. Raises Problem 409."""
        await self.today()
        return await self._queries.before(Kind.CELL, day + 1)


def _by_rung(cells: dict[str, Figure]) -> dict[str, Figure]:
    return {
        key: added(figure for cell, figure in cells.items() if _rung_of(cell) == number)
        for number, key in enumerate(RUNGS, 1)
    }


def _rung_of(cell: str) -> int:
    return read_cell(cell)[0]


def _place(cell: str) -> answers.Place | None:
    rung, stage = read_cell(cell)
    if rung == NOWHERE or stage is None:
        return None
    return answers.Place(rung=rung, phase=PHASE_OF[Stage(stage)], stage=stage)


def _months(cohorts: dict[str, Figure]) -> dict[int, Figure]:
    return {days.read_month(key): figure for key, figure in cohorts.items() if figure.customers}


def _begins(month: int, span: Span) -> bool:
    return span.first <= first_of(month) < span.after


def _whole_months(span: Span) -> range:
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
