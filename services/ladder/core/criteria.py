"""Criteria: "at least n of a measure within w days", and what they say of a standing.

One function decides everything: `until`, the instant until which a criterion is true if nothing more is heard (facts
only add, time only takes away). At or after that instant it is false; FOREVER and NEVER are its extremes. Rungs,
deadlines and explanations all ask it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from services.ladder.core.standing import FOREVER, NEVER, Standing, count_of
from shared.instants import DAY

Measure = Literal[
    "purchases",
    "spend",
    "responses",
    "checkouts",
    "engagements",
    "membership",
    "recommendations",
    "referrals_made",
    "referrals_converted",
]
Until = Callable[[Standing], int]


@dataclass(frozen=True, slots=True)
class Criterion:
    """At least `at_least` of a measure within `within_days` (None: ever); of spend in minor units."""

    measure: Measure
    at_least: int
    within_days: int | None
    until: Until

    def have(self, standing: Standing, now: int) -> int:
        """How much counts now; within a window at most as much as is remembered."""
        match self.measure:
            case "membership":
                return int(standing.member_by is not None)
            case "spend":
                return standing.spent if self.within_days is None else sum(self._amounts(standing, now))
            case "purchases":
                return standing.purchases if self.within_days is None else len(self._counting(standing, now))
            case measure:
                return count_of(standing, measure) if self.within_days is None else len(self._counting(standing, now))

    def facts(self, standing: Standing, now: int) -> tuple[str, ...]:
        """The ids of the newest facts that count and suffice, newest first."""
        if self.measure == "membership":
            return () if standing.member_by is None else (standing.member_by,)
        newest = self._counting(standing, now)[::-1]
        return newest[: self._enough(standing) if self.measure == "spend" else self.at_least]

    def _counting(self, standing: Standing, now: int) -> tuple[str, ...]:
        """The ids of the remembered facts that count, oldest first."""
        ats, ids = _remembered(standing, self.measure)
        return ids[self._first(ats, now) :]

    def _amounts(self, standing: Standing, now: int) -> tuple[int, ...]:
        return standing.order_amounts[self._first(standing.order_ats, now) :]

    def _first(self, ats: tuple[int, ...], now: int) -> int:
        """The index of the first remembered fact within the window."""
        if self.within_days is None:
            return 0
        begin = now - self.within_days * DAY
        return sum(at <= begin for at in ats)

    def _enough(self, standing: Standing) -> int:
        """How many of the newest orders it takes to have spent so much."""
        spent = 0
        for taken, amount in enumerate(reversed(standing.order_amounts), 1):
            spent += amount
            if spent >= self.at_least:
                return taken
        return len(standing.order_amounts)


@dataclass(frozen=True, slots=True)
class Condition:
    """Criteria joined by any_of and all_of: the function that decides, and its ways.

    `ways` is the disjunctive normal form: the condition holds when all criteria of one way do. One empty way: always.
    """

    until: Until
    ways: tuple[tuple[Criterion, ...], ...]

    def criteria(self) -> list[Criterion]:
        """All criteria, each once, in the order of the rules."""
        return list(dict.fromkeys(criterion for way in self.ways for criterion in way))


ALWAYS = Condition(lambda _: FOREVER, ((),))


def until_of(way: tuple[Criterion, ...], standing: Standing) -> int:
    """The instant until which all criteria of a way hold."""
    return min((criterion.until(standing) for criterion in way), default=FOREVER)


def criterion(measure: Measure, at_least: int, within_days: int | None) -> Criterion:
    """The criterion, with the function that decides it."""
    return Criterion(measure, at_least, within_days, _until(measure, at_least, within_days))


def single(only: Criterion) -> Condition:
    """The condition that is this criterion."""
    return Condition(only.until, ((only,),))


def any_of(conditions: list[Condition]) -> Condition:
    """True as long as one of them is."""
    untils = tuple(condition.until for condition in conditions)

    def until(standing: Standing) -> int:
        latest = NEVER
        for one in untils:
            end = one(standing)
            if end > latest:
                if end == FOREVER:
                    return end
                latest = end
        return latest

    return Condition(until, tuple(way for condition in conditions for way in condition.ways))


def all_of(conditions: list[Condition]) -> Condition:
    """True as long as all of them are."""
    untils = tuple(condition.until for condition in conditions)

    def until(standing: Standing) -> int:
        earliest = FOREVER
        for one in untils:
            end = one(standing)
            if end < earliest:
                if end == NEVER:
                    return end
                earliest = end
        return earliest

    ways: tuple[tuple[Criterion, ...], ...] = ((),)
    for condition in conditions:
        ways = tuple(tuple(dict.fromkeys(way + more)) for way in ways for more in condition.ways)
    return Condition(until, ways)


def _until(measure: Measure, at_least: int, within_days: int | None) -> Until:
    window = None if within_days is None else within_days * DAY
    match measure:
        case "membership":
            return lambda standing: NEVER if standing.member_by is None else FOREVER
        case "purchases":
            return _purchases_ever(at_least) if window is None else _purchases_within(at_least, window)
        case "spend":
            return _spend_ever(at_least) if window is None else _spend_within(at_least, window)
        case _:
            return _marks_ever(measure, at_least) if window is None else _marks_within(measure, at_least, window)


def _purchases_ever(at_least: int) -> Until:
    return lambda standing: FOREVER if standing.purchases >= at_least else NEVER


def _purchases_within(at_least: int, window: int) -> Until:
    return lambda standing: standing.order_ats[-at_least] + window if standing.purchases >= at_least else NEVER


def _spend_ever(at_least: int) -> Until:
    return lambda standing: FOREVER if standing.spent >= at_least else NEVER


def _spend_within(at_least: int, window: int) -> Until:
    def until(standing: Standing) -> int:
        spent = 0
        for at, amount in zip(reversed(standing.order_ats), reversed(standing.order_amounts), strict=True):
            spent += amount
            if spent >= at_least:
                return at + window
        return NEVER

    return until


def _marks_ever(measure: str, at_least: int) -> Until:
    return lambda standing: FOREVER if count_of(standing, measure) >= at_least else NEVER


def _marks_within(measure: str, at_least: int, window: int) -> Until:
    return lambda standing: (
        standing.marks[measure].ats[-at_least] + window if count_of(standing, measure) >= at_least else NEVER
    )


def _remembered(standing: Standing, measure: Measure) -> tuple[tuple[int, ...], tuple[str, ...]]:
    if measure in {"purchases", "spend"}:
        return standing.order_ats, standing.order_ids
    marks = standing.marks.get(measure)
    return ((), ()) if marks is None else (marks.ats, marks.ids)
