"""The rhythm in which somebody gets useful content: when, what, and who does not. Pure.

Each person has a day of their own in each play's rhythm, by a keyed hash, so that not everybody is due at once.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.notifier.consent.sales import Purchase, Sale, category
from services.notifier.content.piece import Reader, cause_of, piece_in
from services.notifier.content.shelf import Shelf
from services.notifier.experiments.holding import place
from services.notifier.measure.measured import zone_of
from services.notifier.message import State
from services.notifier.plays import steps
from services.notifier.plays.book import Book, Play
from services.notifier.plays.moments import COMPLAINED, CONTENT, SERVED
from services.notifier.plays.person import Cause, Decision, Moment, Person, after
from services.notifier.plays.yearly import Mark
from services.notifier.profile import language
from shared import instants
from shared.instants import DAY

BEGINS: Final = 10
"""Nobody's time is before ten in the morning, where they are."""
SPREAD: Final = 120
"""Minutes over which the times of one day are spread."""
_DEGENERATION: Final = "degeneration"


class Beat(NamedTuple):
    """The days `offset`, `offset + every` … of the calendar, at so many minutes past ten in that time zone."""

    every: int
    offset: int
    minute: int
    zone: ZoneInfo

    def last(self, until: int) -> int:
        """The newest up to that instant."""
        day = self._day(until)
        back = (day.toordinal() - self.offset) % self.every
        at = self._at(day - timedelta(days=back))
        return at if at <= until else self._at(day - timedelta(days=back + self.every))

    def next(self, behind: int) -> int:
        """The first behind that instant."""
        day = self._day(behind)
        ahead = (self.offset - day.toordinal()) % self.every
        at = self._at(day + timedelta(days=ahead))
        return at if at > behind else self._at(day + timedelta(days=ahead + self.every))

    def _day(self, instant: int) -> date:
        return instants.to_datetime(instant).astimezone(self.zone).date()

    def _at(self, day: date) -> int:
        minutes = time(BEGINS + self.minute // 60, self.minute % 60)
        return instants.from_datetime(datetime.combine(day, minutes, self.zone))


def beat(secret: bytes, play: Play, person: str, zone: ZoneInfo) -> Beat:
    """When the play comes to this person."""
    every = play.every_days or 1
    offset = int(place(secret, "rhythm", play.id, person) * every)
    return Beat(every, offset, int(place(secret, "minute", play.id, person) * SPREAD), zone)


class Rhythm(NamedTuple):
    """What is the same for everybody: the shelf, the secret that spreads people, the shop's time zone."""

    shelf: Shelf
    secret: bytes
    zone: ZoneInfo

    def keep(self, person: Person, moment: Moment, book: Book) -> Decision:
        """Where it is the person's time, each play in a rhythm begins with the newest piece that suits them."""
        mark = person.marks.get(CONTENT)
        if mark is None or mark.due_at is None or mark.due_at > moment.now:
            return Decision()
        decision = Decision()
        nexts = []
        for play in _in_rhythm(book):
            mine = beat(self.secret, play, person.id, zone_of(person.profile(moment), self.zone))
            at = mine.last(moment.now)
            if mark.since <= at and not _had_lately(play, at, person):
                decision += self._begun(play, at, after(person, decision), moment, book)
            nexts.append(mine.next(moment.now))
        due = min(nexts, default=None) if self.shelf.on else None
        return decision + Decision(marks=(mark._replace(since=moment.now + 1, due_at=due),))

    def _begun(self, play: Play, at: int, person: Person, moment: Moment, book: Book) -> Decision:
        if complains(person, moment):
            return Decision()
        piece = self.shelf.choose(_reader(person, moment, self.shelf.language), moment.now)
        if piece is None:
            return Decision()
        before = {each.cause for each in person.messages.values() if each.play == play.id}
        cause = next(cause for number in count(1) if (cause := cause_of(piece.key, number)) not in before)
        return steps.begin(play, Cause(cause, at), person, moment, book)


def _in_rhythm(book: Book) -> list[Play]:
    return [play for play in book.play if CONTENT in play.on]


def _had_lately(play: Play, at: int, person: Person) -> bool:
    """Whether this beat has been: whoever moves to another time zone meets it there again."""
    half = (play.every_days or 1) * DAY // 2
    return any(each.play == play.id and at - each.cause_at < half for each in person.messages.values())


def _reader(person: Person, moment: Moment, default: str) -> Reader:
    profile = person.profile(moment)
    bought = {name for order in person.ledger.orders(moment.known_until).values() for name in order.categories}
    messages = (each for each in person.messages.values() if each.state is not State.HELD_BACK)
    had = frozenset(key for each in messages if (key := piece_in(each.cause)) is not None)
    likes = bought | {category(each) for each in profile.interests or ()}
    return Reader(language(profile, default), frozenset(likes), had)


def complains(person: Person, moment: Moment) -> bool:
    """Whether somebody is about to be lost and has complained, and nobody has served them since."""
    if person.standing is None or person.standing.stage != _DEGENERATION:
        return False
    until = moment.known_until
    known = [each for each in person.heard if until is None or each.at <= until]
    complaint = max((each.at for each in known if each.type == COMPLAINED), default=None)
    return complaint is not None and not any(each.type == SERVED and each.at >= complaint for each in known)


def noted(orders: Iterable[tuple[str, Sale]], now: int | None) -> Iterator[tuple[str, Mark]]:
    """Whoever buys comes into the rhythm from then on, each with the person; `now` None: a history is played."""
    for person, sale in orders:
        if isinstance(sale, Purchase):
            since = sale.at if now is None else now
            yield person, Mark(CONTENT, since, due_at=since)
