"""Persons as the notifier knows them, for tests of its decisions."""

from collections.abc import Iterable

from services.notifier.consent import Kind, Statement
from services.notifier.decide import Cue, Decision, Moment, Person, after, decide
from services.notifier.plays import Book, read_book
from services.notifier.profile import KnownProfile
from services.notifier.settings import NotifierSettings
from shared.events import Profile
from tests.make import day

BOOK: Book = read_book(NotifierSettings().plays_file)


def profile(email: str | None = "anna@example.org", at: int = day(0), id_: str = "p") -> KnownProfile:
    """A profile with this address."""
    return KnownProfile(at=at, id=id_, source="shop", profile=Profile(email=email))


def consent(at: int = day(0), id_: str = "s", **more: str | None) -> Statement:
    """A consent, to everything unless said otherwise."""
    return Statement(kind=Kind.CONSENT, at=at, id=id_, source="shop", **more)


def objection(at: int = day(0), id_: str = "s", **more: str | None) -> Statement:
    """An objection, to everything unless said otherwise."""
    return Statement(kind=Kind.OBJECTION, at=at, id=id_, source="shop", **more)


def willing() -> Person:
    """Somebody who may be written to."""
    return Person("c1", (profile(),), (consent(),))


def lived(person: Person, cues: Iterable[tuple[Cue, Moment]], book: Book = BOOK) -> tuple[Person, list[Decision]]:
    """The person after these announcements, each decided at its moment, and the decisions."""
    decisions = []
    for cue, moment in cues:
        decision = decide(cue, person, moment, book)
        decisions.append(decision)
        person = after(person, decision)
    return person, decisions
