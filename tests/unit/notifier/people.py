"""Persons as the notifier knows them, for tests of its decisions."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from services.notifier.consent import Kind, Ledger, Statement
from services.notifier.consent.sales import Purchase, Refund
from services.notifier.plays.book import Book
from services.notifier.plays.deciding import Cue, decide
from services.notifier.plays.person import Decision, Moment, Person, after
from services.notifier.plays.reading import read_book
from services.notifier.profile import KnownProfile
from shared.events import Profile
from tests.make import DOUBLE_OPT_IN, THREE_PLAYS, day

BOOK: Book = read_book(THREE_PLAYS)


def profile(email: str | None = "anna@example.org", at: int = day(0), id_: str = "p") -> KnownProfile:
    """A profile with this address."""
    return KnownProfile(at=at, id=id_, source="shop", profile=Profile(email=email))


def consent(at: int = day(0), id_: str = "s", **more: Any) -> Statement:
    """A consent, a proven one to advertising by e-mail unless said otherwise."""
    return Statement(kind=Kind.CONSENT, at=at, id=id_, source="shop", **{**DOUBLE_OPT_IN, **more})


def expressed(at: int = day(0), id_: str = "e", channel: str | None = "phone", **more: Any) -> Statement:
    """An express consent, by telephone unless said otherwise."""
    proof = {"wording": "May we call you?", "form": "checkout"}
    return consent(at, id_, **{"basis": "express", "channel": channel, "proof": proof, **more})


def bought(at: int, order: str = "o1", *categories: str, amount: str = "10.00") -> Purchase:
    """An order."""
    return Purchase(order_id=order, at=at, id=f"bought-{order}", amount=Decimal(amount), categories=categories)


def refunded(at: int, order: str = "o1", amount: str | None = None) -> Refund:
    """Money back for an order."""
    part = None if amount is None else Decimal(amount)
    return Refund(order_id=order, at=at, id=f"refund-{order}-{at}", amount=part)


def customer(at: int = day(0), id_: str = "k", order: str = "o1", **more: Any) -> Statement:
    """What a shop tells of somebody whose address came with an order."""
    proof = {"order_id": order, "notice": "You can object at any time."}
    return consent(at, id_, **{"basis": "existing_customer", "proof": proof, **more})


def objection(at: int = day(0), id_: str = "s", **more: str | None) -> Statement:
    """An objection, to everything unless said otherwise."""
    return Statement(kind=Kind.OBJECTION, at=at, id=id_, source="shop", **more)


def willing() -> Person:
    """Somebody who may be written to."""
    return Person("c1", (profile(),), Ledger((consent(),)))


def lived(person: Person, cues: Iterable[tuple[Cue, Moment]], book: Book = BOOK) -> tuple[Person, list[Decision]]:
    """The person after these announcements, each decided at its moment, and the decisions."""
    decisions = []
    for cue, moment in cues:
        decision = decide(cue, person, moment, book)
        decisions.append(decision)
        person = after(person, decision)
    return person, decisions
