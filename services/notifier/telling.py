"""What the notifier tells the world: CloudEvents on `notifier.events`, without personal data, and facts it learned."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from services.notifier.consent import Kind, Statement
from services.notifier.message import Message, State, Way
from services.notifier.ratings.rating import Rating
from shared import events, instants
from shared.events import NOTIFIER_EVENTS, SHOP_EVENTS, derived_id
from shared.lanes import OutboxRow

SOURCE = "notifier"

TOLD_AS: Mapping[State, str] = {
    State.HELD_BACK: "message.held_back",
    State.SENT: "message.sent",
    State.BOUNCED: "message.failed",
    State.FAILED: "message.failed",
    State.AMBIGUOUS: "message.failed",
}
"""States that are told, and as what; the others pass."""


def message_row(lane: int, message: Message, at: int) -> OutboxRow:
    """That a message was sent, held back or failed, at that instant."""
    data = {
        "message": message.id,
        "play": message.play,
        "mail": message.mail,
        "cause": message.cause,
        "state": message.state,
    }
    if message.reason is not None:
        data["reason"] = message.reason
    if message.basis is not None:
        data["basis"] = message.basis
    if message.way is not Way.MAIL:
        data["way"] = message.way
        if message.channel is not None:
            data["channel"] = message.channel
    event_id = derived_id("message", message.id, message.state)
    return _row(lane, TOLD_AS[message.state], event_id, message.person, at, data)


def perk_row(lane: int, kind: str, person: str, rung: int, key: str | None, cause: str, at: int) -> OutboxRow:
    """That a perk was granted or withdrawn (`kind`) because of an announcement; `key` None: the book has it no more."""
    data = {"rung": rung, "perk": key, "cause": cause}
    return _row(lane, kind, derived_id(kind, person, str(rung), cause), person, at, data)


def statement_row(lane: int, person: str, statement: Statement) -> OutboxRow:
    """A consent or objection the notifier was told, as the fact it is for everybody: without basis and proof."""
    data = {"channel": statement.channel, "purpose": statement.purpose}
    kind = events.type_of(events.ContactConsented if statement.kind is Kind.CONSENT else events.ContactObjected)
    return replace(_row(lane, kind, statement.id, person, statement.at, data), topic=SHOP_EVENTS)


def rating_row(lane: int, rating: Rating) -> OutboxRow:
    """What a person answered here, as the fact it is for everybody."""
    kind = events.type_of(events.ContactRated)
    row = _row(lane, kind, rating.id, rating.person, rating.at, {"score": rating.thumb.score})
    return replace(row, topic=SHOP_EVENTS)


def news(lane: int, kind: str, event_id: str, person: str, at: int, data: Mapping[str, Any]) -> OutboxRow:
    """Anything else that happened to a person, told under an id that stays the same when it is told again."""
    return _row(lane, kind, event_id, person, at, data)


def _row(lane: int, kind: str, event_id: str, person: str, at: int, data: Mapping[str, Any]) -> OutboxRow:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": kind,
        "subject": person,
        "time": instants.text(at),
        "data": data,
    }
    return OutboxRow(NOTIFIER_EVENTS, lane, person, event_id, kind, at, msgspec.json.encode(event))
