"""Birthdays and anniversaries of a person: which have come, what begins with them, and when to look again. Pure."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final
from zoneinfo import ZoneInfo

from services.notifier.consent.sales import Purchase, Sale
from services.notifier.measure.measured import zone_of
from services.notifier.plays import steps
from services.notifier.plays.book import Book
from services.notifier.plays.conditions import holds
from services.notifier.plays.moments import ANNIVERSARY, BIRTHDAY, CONTENT
from services.notifier.plays.person import Cause, Decision, Moment, Person, after
from services.notifier.plays.yearly import APART, LATE, Coming, Day, Mark, birthday, day_of
from services.notifier.profile import KnownProfile, newest_profile

_KINDS: Final = (BIRTHDAY, ANNIVERSARY)


def keep(person: Person, moment: Moment, book: Book, zone: ZoneInfo) -> Decision:
    """Whatever is due begins its plays if it has come, once a year, and is due again when it comes next."""
    decision = Decision()
    for kind, mark in sorted(person.marks.items()):
        if kind in _KINDS and mark.due_at is not None and mark.due_at <= moment.now:
            decision += _kept(mark, after(person, decision), moment, book, zone)
    return decision


def _kept(mark: Mark, person: Person, moment: Moment, book: Book, zone: ZoneInfo) -> Decision:
    decision = Decision()
    come = _come(mark, person, moment, zone)
    if come is not None:
        mark = mark._replace(year=come.year)
        cause = Cause(f"{mark.kind}/{come.year}", come.at)
        for play in book.play:
            if mark.kind in play.on and holds(play.where, {"years": come.years}):
                decision += steps.begin(play, cause, after(person, decision), moment, book)
    mark = mark._replace(since=moment.now + 1)
    return decision + Decision(marks=(mark._replace(due_at=_next(mark, person, moment, zone)),))


def _come(mark: Mark, person: Person, moment: Moment, zone: ZoneInfo) -> Coming | None:
    """The one that has come. While a history is played it is looked at the very instant, as what is known changes."""
    day = _day(mark.kind, person, moment.known_until, zone)
    come = None if day is None else day.last(moment.now, mark.year)
    return come if come is not None and come.at >= (moment.now if moment.played else mark.since) else None


def _next(mark: Mark, person: Person, moment: Moment, zone: ZoneInfo) -> int | None:
    """The next instant at which it comes, by what is known then."""
    starts = [mark.since, *(_changes(person, mark.since) if moment.played else [])]
    for start, end in zip_longest(starts, starts[1:]):
        day = _day(mark.kind, person, start if moment.played else None, zone)
        coming = None if day is None else day.next(start, mark.year)
        if coming is not None and (end is None or coming.at < end):
            return coming.at
    return None


def _changes(person: Person, since: int) -> list[int]:
    """The instants behind that one at which more became known of the person."""
    told = {each.at for each in person.profiles} | {each.at for each in person.ledger.sales}
    return sorted(at for at in told if at > since)


def _day(kind: str, person: Person, known_until: int | None, zone: ZoneInfo) -> Day | None:
    profile = newest_profile(person.profiles, known_until)
    own = zone_of(profile, zone)
    if kind == BIRTHDAY:
        return birthday(profile.birthday, own)
    first = min((each.at for each in person.ledger.orders(known_until).values()), default=None)
    return None if first is None else day_of(first, own)


# -- when to look for the first time -----------------------------------------------------------------------------


def noted_besides(old: Mark | None, told: Mark) -> Mark | None:
    """The mark when that is told; None: there is still nothing to look at.

    What comes on no day of the year is looked at as early as anybody says. A further order changes nothing, unless it
    is to be looked at earlier for it; in the rhythm of content, never. A profile may name another time zone.
    """
    if told.kind == CONTENT and old is not None and old.due_at is not None:
        return old
    if told.kind not in _KINDS:
        return told if old is None else told.merged(old)
    if told.kind == BIRTHDAY:
        return told if old is None else old.besides(told)
    if told.due_at is None:
        return old if old is None or old.due_at is None else old._replace(due_at=min(old.due_at, told.since))
    if old is None:
        return told
    new = old.besides(told)
    return old if new.due_at == old.due_at else new


def noted(
    profiles: Iterable[tuple[str, KnownProfile]], orders: Iterable[tuple[str, Sale]], zone: ZoneInfo, now: int | None
) -> Iterator[tuple[str, Mark]]:
    """When to look because of what was told, each with the person; `now` None: a history is played.

    What was told long ago brings nothing that is over by now.
    """
    for person, known in profiles:
        since = _since(known.at, now)
        day = birthday(known.profile.birthday, zone_of(known.profile, zone))
        coming = None if day is None else day.next(since, 0)
        if coming is not None:
            yield person, Mark(BIRTHDAY, since, due_at=coming.at)
        yield person, Mark(ANNIVERSARY, since)
    for person, sale in orders:
        since = _since(sale.at, now)
        if isinstance(sale, Purchase):
            coming = day_of(sale.at, zone).next(since - APART, 0)
            if coming is not None:
                yield person, Mark(ANNIVERSARY, since, due_at=coming.at - APART)
        else:
            yield person, Mark(ANNIVERSARY, since, due_at=sale.at if now is None else now)


def _since(at: int, now: int | None) -> int:
    return at if now is None else max(at, now - LATE)
