"""The shop's calendar days as figures count them, and as text."""

from datetime import date
from typing import Final, NamedTuple

from services.ladder.core.moves import first_of, month_of
from services.ladder.figures import answers

_EPOCH: Final = date(1970, 1, 1).toordinal()


class Bounds(NamedTuple):
    """Up to where rows add up to the figures at the begin of a day: whole months, then days."""

    month: int
    """Months that begin before this day."""
    day: int
    """And the days from there to before this one."""


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
        return answers.Period(first=text(self.first), last=text(self.after - 1), days=self.days)


def before(day: int) -> Bounds:
    """What lies before this day."""
    return Bounds(first_of(month_of(day)), day)


def number(day: date) -> int:
    """A day, counted from 1970-01-01."""
    return day.toordinal() - _EPOCH


def text(day: int) -> str:
    """A day in ISO 8601."""
    return date.fromordinal(day + _EPOCH).isoformat()


def read_month(key: str) -> int:
    """The month that a cohort's key names, counted from the year 0."""
    year, _, month = key.partition("-")
    return int(year) * 12 + int(month) - 1
