"""Days that come round every year: when, and how far they have been kept. Pure.

They come at nine in the morning where the person is. Who was born on 29 February has their birthday on 1 March in the
other years: the year of life is over at the end of the day before (section 188 (2) BGB), and nobody is congratulated
early.
"""

import re
from calendar import isleap
from datetime import MAXYEAR, date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared import instants
from shared.instants import DAY

MORNING: Final = 9
LATE: Final = 2 * DAY
"""What was longer ago when the notifier heard of it is over."""
APART: Final = 3 * DAY
"""Farther apart no two time zones are about the anniversary of an instant, 29 February included."""
_BIRTHDAY: Final = re.compile(r"(?:(\d{4})|-)-(\d\d)-(\d\d)(?:[Tt ].*)?", re.ASCII)
_EARLIEST: Final = instants.from_datetime(datetime.fromisoformat("0002-01-01T00:00:00+00:00"))
_ANY_LEAP_YEAR: Final = 2000


class Mark(NamedTuple):
    """How far a yearly moment of a person, such as `moment.birthday`, has been kept.

    `year` is the last one in which it was, what came before `since` is over. At `due_at` it is to be looked at: then,
    or later, the next one comes, never before.
    """

    kind: str
    since: int
    year: int = 0
    due_at: int | None = None

    def besides(self, told: "Mark") -> "Mark":
        """The mark when that is told besides: it is looked at for the earlier of both.

        What comes before the news is over, unless it was waited for already.
        """
        due = min((each for each in (self.due_at, told.due_at) if each is not None), default=None)
        waited = self.due_at is not None and self.due_at <= told.since
        return self._replace(since=self.since if waited else max(self.since, told.since), due_at=due)

    def merged(self, old: "Mark") -> "Mark":
        """Both: nothing is over that is not so for either, and it is looked at for the earlier."""
        due = min((each for each in (self.due_at, old.due_at) if each is not None), default=None)
        return old._replace(since=min(self.since, old.since), due_at=due)


class Coming(NamedTuple):
    """The day in one year: the instant, the year, and how many years it is since the first."""

    at: int
    year: int
    years: int | None


class Day(NamedTuple):
    """A day of the calendar in a time zone, and the year in which it was the first time, where that is known."""

    month: int
    day: int
    year: int | None
    zone: ZoneInfo

    def in_year(self, year: int) -> Coming:
        """When it is in that year, from 2 to 9998."""
        leaps = (self.month, self.day) == (2, 29) and not isleap(year)
        month, day = (3, 1) if leaps else (self.month, self.day)
        local = datetime(year, month, day, MORNING, tzinfo=self.zone)
        return Coming(instants.from_datetime(local), year, None if self.year is None else year - self.year)

    def next(self, since: int, kept: int) -> Coming | None:
        """The first from that instant on in a year behind `kept`; None at the end of time."""
        first = max(_year(since, self.zone), kept + 1, (self.year or 0) + 1)
        coming = (self.in_year(year) for year in (first, first + 1) if year < MAXYEAR)
        return next((each for each in coming if each.at >= since), None)

    def last(self, until: int, kept: int) -> Coming | None:
        """The newest up to that instant, if it is in a year behind `kept`."""
        year = _year(until, self.zone)
        coming = (self.in_year(each) for each in (year, year - 1) if max(kept, self.year or 0, 1) < each < MAXYEAR)
        return next((each for each in coming if each.at <= until), None)


def birthday(text: str | None, zone: ZoneInfo) -> Day | None:
    """The day that a profile names as YYYY-MM-DD or --MM-DD; None where it names none."""
    found = _BIRTHDAY.fullmatch((text or "").strip())
    if found is None:
        return None
    year, month, day = found[1], int(found[2]), int(found[3])
    try:
        date(_ANY_LEAP_YEAR, month, day)
    except ValueError:
        return None
    return Day(month, day, int(year) if year else None, zone)


def day_of(instant: int, zone: ZoneInfo) -> Day:
    """The day of an instant there."""
    there = _local(instant, zone)
    return Day(there.month, there.day, there.year, zone)


def _year(instant: int, zone: ZoneInfo) -> int:
    return _local(instant, zone).year


def _local(instant: int, zone: ZoneInfo) -> datetime:
    return instants.to_datetime(max(instant, _EARLIEST)).astimezone(zone)
