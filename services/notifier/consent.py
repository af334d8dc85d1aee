"""Whether a person may be written to: on which lawful basis, or what stands in the way. Pure.

Advertising by e-mail needs a consent (section 7 (2) UWG, article 6 (1) (a) GDPR) or an existing customer who was told
of the right to object (section 7 (3) UWG); an objection ends either at once (article 21 (2) GDPR).
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from services.notifier.message import Reason

LAWFUL: Final = frozenset({None, "consent", "double_opt_in", "existing_customer"})
"""Bases on which marketing may be sent; a record that names another, such as `contract`, is none for it."""


class Kind(StrEnum):
    """What a person said."""

    CONSENT = "consent"
    OBJECTION = "objection"


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A consent or an objection; without channel or purpose it is about all of them. `at` is an instant."""

    kind: Kind
    at: int
    id: str
    source: str
    channel: str | None = None
    purpose: str | None = None
    basis: str | None = None


def newest(statements: Iterable[Statement], known_until: int | None) -> Statement | None:
    """What counts for marketing by e-mail: of all that is about it, the newest by (at, id, source).

    An objection to everything is about it as well, so no older consent, however specific, outlives it.
    `known_until` leaves out what was said later (None: nothing).
    """
    relevant = [
        statement
        for statement in statements
        if (known_until is None or statement.at <= known_until) and _about_marketing_by_email(statement)
    ]
    return max(relevant, key=lambda each: (each.at, each.id, each.source), default=None)


def _about_marketing_by_email(statement: Statement) -> bool:
    channel = statement.channel is None or statement.channel.strip().lower() in ("email", "e-mail")
    purpose = statement.purpose is None or statement.purpose.strip().lower() == "marketing"
    lawful = statement.kind is Kind.OBJECTION or _basis(statement) in LAWFUL
    return channel and purpose and lawful


def _basis(statement: Statement) -> str | None:
    return None if statement.basis is None else statement.basis.strip().lower().replace("-", "_").replace(" ", "_")


def objection(statements: Sequence[Statement], known_until: int | None) -> Reason | None:
    """What a person's statements say against marketing by e-mail: an objection, or that there is no basis."""
    statement = newest(statements, known_until)
    if statement is None:
        return Reason.NO_BASIS
    return Reason.OBJECTED if statement.kind is Kind.OBJECTION else None


def obstacle(email: str | None, statements: Sequence[Statement], known_until: int | None) -> Reason | None:
    """The first thing in the way of marketing by e-mail: no address, then an objection, then no basis."""
    return Reason.NO_ADDRESS if email is None else objection(statements, known_until)
