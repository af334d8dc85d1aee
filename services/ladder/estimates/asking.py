"""Questions that the estimates as they were made the last time answer."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from services.ladder import cursors
from services.ladder.answers import Member, MemberValue, People
from services.ladder.core.rules import Rules
from services.ladder.core.standing import RUNGS, Phase, Stage
from services.ladder.cursors import RankingCursor
from services.ladder.estimates import acquisition
from services.ladder.estimates.answers import (
    AcquisitionAnswer,
    LadderEstimates,
    MoneyRange,
    Range,
    RungEstimate,
    WhatIf,
)
from services.ladder.estimates.effect import Effect
from services.ladder.estimates.outlook import DAYS
from services.ladder.estimates.queries import NOTED, After, Order, Sort, ranked
from services.ladder.estimates.snapshot import INTERVAL, RungNoted, Snapshot, decode
from services.ladder.estimates.valuing import money, rounded
from services.ladder.estimates.what_if import Measured, Supposed, what_if
from services.ladder.queries import Queries
from services.ladder.rulebook.book import Book
from shared import instants
from shared.http import Problem

_ALL: Final = "all"


class Among(NamedTuple):
    """Only people on a rung, in a phase, in a stage."""

    rung: int | None
    phase: Phase | None
    stage: Stage | None


class Estimates:
    """Answers from `ladder.estimate` and the snapshot."""

    def __init__(self, queries: Queries, book: Book) -> None:
        self._queries = queries
        self._book = book

    @property
    def _rules(self) -> Rules:
        return self._book.rules

    async def ranked(self, sort: Sort, order: Order, among: Among, after: str | None, limit: int) -> People:
        """A page of people in this order. Raises Problem 400 and 409."""
        noted = await self.snapshot()
        behind = _behind(after, sort, order)
        rows = await self._queries.ask(ranked(sort, order, behind, limit + 1, *among))
        shown = rows[:limit]
        further = _cursor(shown[-1], sort, order) if len(rows) > limit else None
        return People(items=[self._member(row, noted) for row in shown], next=further)

    async def ladder(self) -> LadderEstimates:
        """What to expect of each rung. Raises Problem 409."""
        noted = await self.snapshot()
        return LadderEstimates(
            as_of=instants.text(noted.as_of),
            made_at=instants.text(noted.made_at),
            days=DAYS,
            interval=INTERVAL,
            currency=self._rules.currency,
            rungs=[self._rung(number, RUNGS[number - 1], rung) for number, rung in enumerate(noted.rungs, 1)],
            all=self._rung(0, _ALL, noted.all),
        )

    async def acquisition(self) -> AcquisitionAnswer:
        """By source what a new customer costs and brings. Raises Problem 409."""
        noted, rules = await self.snapshot(), self._rules
        return AcquisitionAnswer(
            as_of=instants.text(noted.as_of),
            made_at=instants.text(noted.made_at),
            days=DAYS,
            currency=rules.currency,
            sources=[acquisition.told(source, rules) for source in noted.sources],
            others=None if noted.others is None else acquisition.told(noted.others, rules),
        )

    async def what_if(
        self, supposed: Supposed, measured: Mapping[int, Measured], effect: Effect | None = None
    ) -> WhatIf:
        """What it would bring if people moved up. Raises Problem 409."""
        return what_if(await self.snapshot(), supposed, measured, self._rules, effect)

    async def snapshot(self) -> Snapshot:
        """What the estimates came to the last time. Raises Problem 409 before the first time."""
        rows = await self._queries.ask(NOTED)
        noted = decode(rows[0].value) if rows else None
        if noted is None:
            raise Problem(409, "no-estimates-yet", "The estimates have not been made yet", headers={"Retry-After": "5"})
        return noted

    def _member(self, row: Any, noted: Snapshot) -> Member:
        value = MemberValue(
            as_of=instants.text(noted.as_of),
            net_value=money(row.net_value, self._rules),
            chance_now=None if row.chance_now is None else round(row.chance_now, 4),
            expected_value=money(row.expected_value, self._rules),
            at_stake=money(row.at_stake, self._rules),
        )
        since = instants.text(row.since)
        return Member(customer=row.person, rung=row.rung, phase=row.phase, stage=row.stage, since=since, value=value)

    def _rung(self, number: int, key: str, noted: RungNoted) -> RungEstimate:
        rules, days, value = self._rules, noted.purchase_days, noted.value
        return RungEstimate(
            number=number,
            key=key,
            people=noted.people,
            buyers=noted.buyers,
            net_value=money(noted.net, rules),
            purchase_days=Range(expected=round(days.expected, 2), low=round(days.low, 2), high=round(days.high, 2)),
            value=MoneyRange(
                expected=rounded(value.expected, rules), low=rounded(value.low, rules), high=rounded(value.high, rules)
            ),
            value_per_person=rounded(value.expected / max(1, noted.people), rules),
        )


def _behind(after: str | None, sort: Sort, order: Order) -> After | None:
    if after is None:
        return None
    cursor = cursors.decode(after, RankingCursor)
    if (cursor.sort, cursor.order) != (sort, order):
        raise cursors.bad_cursor()
    value = cursor.value if sort is Sort.CHANCE_NOW else int(cursor.value)
    return After(value, cursor.lane, cursor.person)


def _cursor(row: Any, sort: Sort, order: Order) -> str:
    return cursors.encode(RankingCursor(sort.value, order.value, getattr(row, sort.value), row.lane, row.person))
