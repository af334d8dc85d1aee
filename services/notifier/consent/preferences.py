"""What a person chooses on their page, and what follows from it. Pure.

Less takes effect at once. More never does by itself: e-mail is asked for once more in the mailbox, and letters are
agreed to in words that are kept.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from services.notifier.consent.basis import Asked, Basis, basis, newest_about
from services.notifier.consent.confirmation.request import Request
from services.notifier.consent.grant import Grant, grant
from services.notifier.consent.ledger import Ledger
from services.notifier.consent.statement import Kind, Statement
from services.notifier.consent.words import Topic, forbidden_purpose
from services.notifier.message import Channel, Purpose
from shared.events import derived_id

FORM: Final = "preferences"
VERSION: Final = "loyalty-1"
ADDABLE: Final = frozenset({Channel.EMAIL, Channel.POST})
"""What can be switched on here. Whoever holds the link reads a mailbox, which says nothing of a telephone."""

WORDING: Final = {
    "de": {
        Channel.EMAIL: "Ich möchte Werbung von {shop} per E-Mail bekommen: {topics}. Ich kann jederzeit widersprechen.",
        Channel.POST: "Ich möchte Werbung von {shop} per Post bekommen. Ich kann jederzeit widersprechen.",
    },
    "en": {
        Channel.EMAIL: "I would like advertising from {shop} by e-mail: {topics}. I can object at any time.",
        Channel.POST: "I would like advertising from {shop} by post. I can object at any time.",
    },
}


class Choice(NamedTuple):
    """The channels by which, and the topics about which, somebody gets advertising."""

    channels: frozenset[Channel]
    topics: frozenset[Topic]


class Visit(NamedTuple):
    """Who chose, by the link of which message, when, from where, and in which words."""

    person: str
    message: str
    now: int
    ip: str | None
    shop: str
    language: str
    source: str


class Change(NamedTuple):
    """What follows: statements that count at once, and a request that is still to be confirmed."""

    statements: tuple[Statement, ...]
    request: Request | None


def current(ledger: Ledger, address: str | None) -> Choice:
    """What somebody gets now."""
    channels = frozenset(channel for channel in Channel if _gets(ledger, channel, address))
    return Choice(channels, frozenset(topic for topic in Topic if not _refused(ledger, topic)))


def change(ledger: Ledger, before: Choice, wanted: Choice, visit: Visit) -> Change:
    """What has to be said so that somebody gets what they want."""
    said = [*_objections(ledger, before, wanted, visit)]
    if Channel.POST in wanted.channels - before.channels:
        said.append(_letters(ledger, visit))
    return Change(tuple(said), _asked_for(before, wanted, visit))


def _gets(ledger: Ledger, channel: Channel, address: str | None) -> bool:
    mailbox = address if channel is Channel.EMAIL else None
    asked = Asked(channel=channel, purpose=Purpose.MARKETING, address=mailbox)
    return isinstance(basis(ledger, asked, None), Basis)


def _refused(ledger: Ledger, topic: Topic) -> bool:
    """Whether somebody wants nothing about this: of all that names the topic the newest is an objection."""
    named = [
        each
        for each in ledger.statements
        if forbidden_purpose(each.purpose) is topic and (each.kind is Kind.OBJECTION or isinstance(grant(each), Grant))
    ]
    newest = max(named, key=lambda each: each.order, default=None)
    return newest is not None and newest.kind is Kind.OBJECTION


def _objections(ledger: Ledger, before: Choice, wanted: Choice, visit: Visit) -> Iterator[Statement]:
    for channel in sorted(before.channels - wanted.channels):
        asked = Asked(channel=channel, purpose=Purpose.MARKETING)
        yield _said(Kind.OBJECTION, ledger, asked, visit, channel=channel, purpose=Purpose.MARKETING)
    for topic in sorted(before.topics - wanted.topics):
        asked = Asked(channel=Channel.EMAIL, purpose=Purpose.MARKETING, topic=topic)
        yield _said(Kind.OBJECTION, ledger, asked, visit, channel=None, purpose=topic)


def _letters(ledger: Ledger, visit: Visit) -> Statement:
    wording = WORDING[visit.language][Channel.POST].format(shop=visit.shop)
    proof = {"wording": wording, "version": VERSION, "form": FORM, "ip": visit.ip}
    asked = Asked(channel=Channel.POST, purpose=Purpose.MARKETING)
    said = _said(Kind.CONSENT, ledger, asked, visit, channel=Channel.POST, purpose=Purpose.MARKETING)
    return Statement(
        kind=said.kind,
        at=said.at,
        id=said.id,
        source=said.source,
        channel=said.channel,
        purpose=said.purpose,
        basis="express",
        proof=proof,
    )


def _said(
    kind: Kind, ledger: Ledger, asked: Asked, visit: Visit, *, channel: Channel | None, purpose: str
) -> Statement:
    """Dated behind what it revokes, even if that was dated ahead of the clock."""
    revoked = newest_about(ledger, asked, None)
    at = visit.now if revoked is None else max(visit.now, revoked.at + 1)
    id_ = derived_id(f"contact.{kind}", visit.message, channel or "", purpose, str(at))
    return Statement(kind=kind, at=at, id=id_, source=visit.source, channel=channel, purpose=purpose)


def _asked_for(before: Choice, wanted: Choice, visit: Visit) -> Request | None:
    """E-mail that was not sent before, or topics of it that were refused."""
    if Channel.EMAIL not in wanted.channels:
        return None
    topics = wanted.topics - before.topics
    general = Channel.EMAIL not in before.channels
    if not topics and not general:
        return None
    purposes = [*([Purpose.MARKETING.value] if general else []), *sorted(topic.value for topic in topics)]
    names = wanted.topics if general else topics
    wording = WORDING[visit.language][Channel.EMAIL].format(
        shop=visit.shop, topics=", ".join(TOPICS[visit.language][topic] for topic in Topic if topic in names)
    )
    return Request(
        person=visit.person,
        source=visit.source,
        id=derived_id("contact.requested", visit.message, *purposes, str(visit.now)),
        at=visit.now,
        wording=wording,
        version=VERSION,
        form=FORM,
        purposes=tuple(purposes),
        ip=visit.ip,
    )


TOPICS: Final = {
    "de": {
        Topic.THANKS: "Dank, Geburtstag und Jubiläum",
        Topic.OFFERS: "Gutscheine und Vorteile",
        Topic.CONTENT: "Tipps und Neues",
        Topic.SURVEYS: "Fragen nach Ihrer Meinung",
    },
    "en": {
        Topic.THANKS: "thanks, birthdays and anniversaries",
        Topic.OFFERS: "vouchers and perks",
        Topic.CONTENT: "tips and news",
        Topic.SURVEYS: "questions about your opinion",
    },
}
