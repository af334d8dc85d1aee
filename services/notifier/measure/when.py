"""When a message may go: now, later, or not at all. Pure.

Quiet hours and Sundays delay; caps hold back. Of several that want one slot the one of higher priority gets it, as long
as the other has not gone.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.notifier.measure.rules import Cap, Measure, Quiet
from services.notifier.message import Channel, Purpose, Reason
from shared import instants

MIDNIGHT: Final = time(0)


class Wish(NamedTuple):
    """A message that is to go: `since` is when it was first to go, from which the waiting counts."""

    channel: Channel
    purpose: Purpose
    priority: int
    since: int


class Taken(NamedTuple):
    """A message that has gone, or (`open`) is yet to go at that instant and can still make room."""

    id: str
    channel: Channel
    purpose: Purpose
    at: int
    priority: int = 0
    open: bool = False


class Go(NamedTuple):
    """It may go at that instant, which is not before now; these make room for it."""

    at: int
    instead_of: tuple[str, ...] = ()


def when(
    wish: Wish, taken: Sequence[Taken], rung: int | None, zone: ZoneInfo, measure: Measure, now: int
) -> Go | Reason:
    """When this may go, given what has gone and will go. Service goes at once."""
    if wish.purpose is Purpose.SERVICE:
        return Go(now)
    at, expires_at = _awake(wish, zone, measure, now)
    if at > expires_at:
        return Reason.QUIET_HOURS
    displaced: set[str] = set()
    for cap in measure.cap:
        if _is_for(cap, wish, rung):
            for limit, since, until in _windows(cap, zone, at):
                inside = [
                    each
                    for each in taken
                    if each.id not in displaced and _counts(cap, each) and since <= each.at < until
                ]
                found = _room(inside, limit, wish.priority)
                if isinstance(found, Reason):
                    return found
                displaced.update(found)
    return Go(at, tuple(sorted(displaced)))


def _room(inside: Sequence[Taken], limit: int, priority: int) -> list[str] | Reason:
    """Who has to make room: of those not gone yet the lowest, if they are lower; else why there is none."""
    over = len(inside) + 1 - limit
    if over <= 0:
        return []
    lower = sorted((each for each in inside if each.open and each.priority < priority), key=lambda one: one.priority)
    if limit > 0 and len(lower) >= over:
        return [each.id for each in lower[:over]]
    return Reason.OUTRANKED if limit > 0 and any(each.open for each in inside) else Reason.CAPPED


def _is_for(cap: Cap, wish: Wish, rung: int | None) -> bool:
    return (
        (not cap.rungs or (rung or 1) in cap.rungs)
        and cap.channel in (None, wish.channel)
        and cap.purpose is wish.purpose
    )


def _counts(cap: Cap, each: Taken) -> bool:
    return cap.channel in (None, each.channel) and cap.purpose is each.purpose


def _windows(cap: Cap, zone: ZoneInfo, at: int) -> Iterator[tuple[int, int, int]]:
    """(limit, from, until) of the day, the week and the month in which that instant lies, where limited."""
    day = instants.to_datetime(at).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    monday, first = day - timedelta(days=day.weekday()), day.replace(day=1)
    spans = (
        (cap.per_day, day, day + timedelta(days=1)),
        (cap.per_week, monday, monday + timedelta(days=7)),
        (cap.per_month, first, (first + timedelta(days=32)).replace(day=1)),
    )
    for limit, since, until in spans:
        if limit is not None:
            yield limit, _instant(since, zone), _instant(until, zone)


# -- quiet hours -------------------------------------------------------------------------------------------------


def _awake(wish: Wish, zone: ZoneInfo, measure: Measure, now: int) -> tuple[int, int]:
    """The first instant from now at which it is not quiet, and the last at which it may be."""
    rules = [quiet for quiet in measure.quiet if wish.channel in quiet.channels]
    expires_at = wish.since + min((quiet.expires for quiet in rules), default=0)
    at = now
    while (ended := max((_quiet_until(quiet, zone, at) for quiet in rules), default=at)) > at:
        at = ended
        if at > expires_at:
            break
    return at, max(expires_at, now)


def _quiet_until(quiet: Quiet, zone: ZoneInfo, at: int) -> int:
    """The end of the quiet in which that instant lies, or the instant itself."""
    local = instants.to_datetime(at).astimezone(zone).replace(tzinfo=None)
    ends = [end for start, end in _pauses(quiet, local) if start <= local < end]
    return max((_instant(end, zone) for end in ends), default=at)


def _pauses(quiet: Quiet, local: datetime) -> Iterable[tuple[datetime, datetime]]:
    """The quiet spans around that local time, each (from, until)."""
    for days in (-1, 0):
        day = datetime.combine(local.date() + timedelta(days=days), MIDNIGHT)
        if quiet.sundays and day.weekday() == 6:
            yield day, day + timedelta(days=1)
        if quiet.from_ is not None and quiet.to is not None:
            start, end = datetime.combine(day, quiet.from_), datetime.combine(day, quiet.to)
            if start != end:
                yield start, end if start < end else end + timedelta(days=1)


def _instant(local: datetime, zone: ZoneInfo) -> int:
    return instants.from_datetime(local.replace(tzinfo=zone))
