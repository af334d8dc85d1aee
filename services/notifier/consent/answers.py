"""What is told of a person's consents: where they stand, and every statement with its evidence."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel

from services.notifier.consent.basis import Asked, Basis, basis
from services.notifier.consent.evidence import Incomplete
from services.notifier.consent.grant import Ground, grant
from services.notifier.consent.ledger import Ledger
from services.notifier.consent.statement import Kind, Statement
from services.notifier.consent.words import Topic
from services.notifier.message import Channel, Purpose, Reason
from shared import instants

FIVE_YEARS = 5
"""For which a consent to calls is kept from when it was given and from each use (section 7a (2) UWG)."""


class Standing(BaseModel):
    """Whether a message may be sent: on which basis, or why not. `basis_fact` is the id of the consent or order."""

    channel: Channel
    purpose: Purpose
    topic: Topic | None = None
    basis: Ground | None = None
    basis_fact: str | None = None
    reason: Reason | None = None


class StatementItem(BaseModel):
    """A consent or objection as it was told, with its evidence.

    `complete`: it can be relied on; `missing` says what it lacks. `keep_until` is set where the law wants it kept,
    `used_at` tells each call or text message that relied on it, the newest first.
    """

    kind: Kind
    id: str
    source: str
    at: str
    channel: str | None
    purpose: str | None
    basis: str | None = None
    proof: Any = None
    complete: bool | None = None
    missing: list[str] | None = None
    last_used_at: str | None = None
    used_at: list[str] | None = None
    keep_until: str | None = None


class Consents(BaseModel):
    """All that bears on whether somebody may be written to; statements newest first."""

    customer: str
    standing: list[Standing]
    statements: list[StatementItem]
    preferred_channel: Channel | None = None
    """As chosen on the person's page."""
    by_preference: Channel | None = None
    """By which advertising would go now: the first permitted of the channels in the order of preference."""
    next: Literal[None] = None


def standing_of(ledger: Ledger, address: str | None, known_until: int | None) -> list[Standing]:
    """Where somebody stands, channel by channel; a topic is told of only where it differs."""
    found = []
    for channel in Channel:
        mailbox = address if channel is Channel.EMAIL else None
        for purpose in Purpose:
            general = Asked(channel=channel, purpose=purpose, address=mailbox)
            whole = _told(general, basis(ledger, general, known_until))
            found.append(whole)
            if purpose is Purpose.MARKETING:
                for topic in Topic:
                    asked = Asked(channel=channel, purpose=purpose, topic=topic, address=mailbox)
                    part = _told(asked, basis(ledger, asked, known_until))
                    if (part.basis, part.reason) != (whole.basis, whole.reason):
                        found.append(part)
    return found


def _told(asked: Asked, result: Basis | Reason) -> Standing:
    told = Standing(channel=asked.channel, purpose=asked.purpose)
    if asked.topic is not None:
        told.topic = asked.topic
    match result:
        case Reason():
            told.reason = result
        case Basis():
            told.basis = result.ground
            if (fact := result.id or result.order_id) is not None:
                told.basis_fact = fact
    return told


def item(statement: Statement, used: Sequence[int]) -> StatementItem:
    """A statement with its evidence; `used`: when it was relied on, the newest first."""
    told = StatementItem(
        kind=statement.kind,
        id=statement.id,
        source=statement.source,
        at=instants.text(statement.at),
        channel=statement.channel,
        purpose=statement.purpose,
        basis=statement.basis,
        proof=statement.proof,
    )
    if statement.kind is Kind.OBJECTION:
        return told
    found = grant(statement)
    told.complete = not isinstance(found, Incomplete)
    if isinstance(found, Incomplete):
        told.missing = [*found.missing]
    elif found.ground is Ground.EXPRESS and found.channel in (Channel.PHONE, Channel.SMS):
        told.keep_until = instants.text(_years_after(max(statement.at, *used)) if used else _years_after(statement.at))
        if used:
            told.used_at = [instants.text(each) for each in used]
    if used:
        told.last_used_at = instants.text(used[0])
    return told


def _years_after(at: int) -> int:
    """The same day five years later; of 29 February the first of March."""
    then = instants.to_datetime(at)
    try:
        return instants.from_datetime(then.replace(year=then.year + FIVE_YEARS))
    except ValueError:
        return instants.from_datetime(then.replace(year=then.year + FIVE_YEARS, month=3, day=1))
