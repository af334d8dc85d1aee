"""Groups of a profile, such as students: proven until a day, and what begins when a proof is new or about to end. Pure.

What is told of it to others names no group: that would be personal data, and of some groups a sensitive one.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.notifier.measure.measured import zone_of
from services.notifier.plays import steps
from services.notifier.plays.book import Book, plain
from services.notifier.plays.conditions import holds
from services.notifier.plays.moments import GROUP_ENDING, GROUP_JOINED
from services.notifier.plays.person import Cause, Decision, Moment, Person, after
from services.notifier.plays.yearly import LATE, MORNING, Mark
from services.notifier.profile import KnownProfile, newest_known
from services.notifier.sealed import group_mark
from shared import instants
from shared.events import Profile

GROUP: Final = "moment.group"
"""The kind of the mark that says when to look at somebody's groups."""
MOST: Final = 50
"""Groups of one person that are looked at."""
_LONGEST: Final = 200


class Proven(NamedTuple):
    """A group somebody has proven to be in: the last day of the proof, and the instant behind it (None: for ever)."""

    name: str
    until: date | None
    ends_at: int | None

    @property
    def data(self) -> dict[str, str | None]:
        """What a play's `where` may look at."""
        return {"group": self.name, "until": None if self.until is None else self.until.isoformat()}


class Seal(NamedTuple):
    """Names the proofs of a group so that only who knows the profile can tell which it is; `zone` is the shop's."""

    secret: bytes
    zone: ZoneInfo

    def cause(self, kind: str, person: str, group: Proven) -> str:
        """The cause of what begins with this proof; a new proof is a new cause."""
        return f"{kind}/{group_mark(self.secret, person, plain(group.name), group.data['until'] or '')}"

    def opened(self, cause: str, person: str, profile: Profile) -> Proven | None:
        """The group of the profile that this cause is about; None where it is about none, or none any more."""
        kind = cause.partition("/")[0]
        if kind not in (GROUP_JOINED, GROUP_ENDING):
            return None
        own = cause.partition("#")[0]  # a round of a play that repeats
        return next((each for each in proven(profile, self.zone) if self.cause(kind, person, each) == own), None)


def proven(profile: Profile, zone: ZoneInfo) -> list[Proven]:
    """The groups named with a proof, each once with its last end; an end that cannot be read proves nothing."""
    found: dict[str, Proven] = {}
    for group in (profile.groups or ())[:MOST]:
        name = " ".join(group.name.split())
        if not (group.proof or "").strip() or not 0 < len(name) <= _LONGEST:
            continue
        try:
            each = Proven(name, *_end(group.until, zone))
        except ValueError:
            continue
        before = found.get(plain(name))
        if before is None or (before.ends_at is not None and (each.ends_at is None or each.ends_at > before.ends_at)):
            found[plain(name)] = each
    return [*found.values()]


def _end(until: str | None, zone: ZoneInfo) -> tuple[date | None, int | None]:
    if until is None:
        return None, None
    day = date.fromisoformat(until.strip()[:10])
    try:
        return day, instants.from_datetime(datetime.combine(day + timedelta(days=1), time(), zone))
    except OverflowError:  # the last day there is, by which shops mean for ever
        return None, None


def keep(person: Person, moment: Moment, book: Book, seal: Seal) -> Decision:
    """Where it is time to look: new proofs and those about to end begin their plays, each once."""
    mark = person.marks.get(GROUP)
    if mark is None or mark.due_at is None or mark.due_at > moment.now:
        return Decision()
    known = newest_known(person.profiles, moment.known_until)
    stand = [] if known is None else [each for each in proven(known.profile, seal.zone) if _stands(each, moment.now)]
    decision = Decision()
    for group in stand:
        for kind, at in _come(group, known, mark, moment, book, seal.zone):
            cause = Cause(seal.cause(kind, person.id, group), at, ends_at=group.ends_at)
            decision += _begun(kind, cause, group, after(person, decision), moment, book)
    due = _next(stand, known, person, moment, book, seal.zone)
    return decision + Decision(marks=(mark._replace(since=moment.now + 1, due_at=due),))


def _stands(group: Proven, now: int) -> bool:
    return group.ends_at is None or group.ends_at > now


def _come(
    group: Proven, known: KnownProfile | None, mark: Mark, moment: Moment, book: Book, zone: ZoneInfo
) -> Iterator[tuple[str, int]]:
    """What has come of this proof since the last look, each with its instant."""
    if known is not None and known.at >= mark.since:
        yield GROUP_JOINED, known.at
    notice = _notice(group, known, book, zone)
    if notice is not None and mark.since <= notice <= moment.now:
        yield GROUP_ENDING, notice


def _notice(group: Proven, known: KnownProfile | None, book: Book, zone: ZoneInfo) -> int | None:
    """When a new proof is asked for, at nine in the morning; one told later than that is so short that it is not."""
    if group.until is None or known is None:
        return None
    try:
        day = group.until - timedelta(days=book.group_notice_days)
        at = instants.from_datetime(datetime.combine(day, time(MORNING), zone_of(known.profile, zone)))
    except OverflowError:
        return None
    return at if at > known.at else None


def _begun(kind: str, cause: Cause, group: Proven, person: Person, moment: Moment, book: Book) -> Decision:
    decision = Decision()
    for play in book.play:
        if kind in play.on and holds(play.where, group.data) and not _heard(play.id, cause.id, person):
            decision += steps.begin(play, cause, after(person, decision), moment, book)
    return decision


def _heard(play: str, cause: str, person: Person) -> bool:
    """Whether the play has had something to say of this cause: a profile may be told as often as the shop likes."""
    return any(each.play == play and each.cause == cause for each in person.messages.values())


def _next(
    stand: Iterable[Proven], known: KnownProfile | None, person: Person, moment: Moment, book: Book, zone: ZoneInfo
) -> int | None:
    """When to look again: a proof is about to end, or in a history that is played another profile is told."""
    notices = (_notice(each, known, book, zone) for each in stand)
    told = (each.at for each in person.profiles) if moment.played else ()
    return min((at for at in (*notices, *told) if at is not None and at > moment.now), default=None)


def noted(profiles: Iterable[tuple[str, KnownProfile]], now: int | None) -> Iterator[tuple[str, Mark]]:
    """When to look because of these profiles, each with the person; `now` None: a history is played.

    What was told long ago is no news.
    """
    for person, known in profiles:
        if known.profile.groups:
            since = known.at if now is None else max(known.at, now - LATE)
            yield person, Mark(GROUP, since, due_at=since if now is None else now)
