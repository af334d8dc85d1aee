"""Whether a membership that starts is a new one or goes on. Pure."""

from collections.abc import Iterable

from services.notifier.plays.book import Book, Play
from services.notifier.plays.moments import ENDED, JOINED, RENEWED, STARTED
from services.notifier.plays.person import Heard, Person
from shared.instants import DAY


def begins(play: Play, fact: Heard, person: Person, book: Book) -> bool:
    """Whether the play begins with what this fact is for the person; `on` may name either of the two."""
    if fact.type in play.on or fact.type != STARTED:
        return True
    return (RENEWED if renews(fact, person.heard, book.renewal_grace_days * DAY) else JOINED) in play.on


def renews(fact: Heard, heard: Iterable[Heard], grace: int) -> bool:
    """Whether it starts while one stands, or within that time (µs) after its end.

    One that nobody ended ends when it said it would; if it did not say, it stands.
    """
    before = sorted((each for each in heard if _key(each) < _key(fact)), key=_key)
    start = next((each for each in reversed(before) if each.type == STARTED), None)
    if start is None:
        return False
    ended = [each.at for each in before if each.type == ENDED and _key(each) > _key(start)]
    end = ended[0] if ended else start.ends_at
    return end is None or fact.at <= end + grace


def _key(fact: Heard) -> tuple[int, str, str]:
    return fact.at, fact.id, fact.source
