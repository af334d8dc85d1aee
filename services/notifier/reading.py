"""From records to what the notifier needs of them; the rest is passed over, what cannot be read is a dead letter."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from services.notifier.consent import Kind, Statement
from services.notifier.consent.store import StatementMade
from services.notifier.plays.book import Book
from services.notifier.plays.conditions import holds
from services.notifier.plays.person import Heard
from services.notifier.profile import KnownProfile
from shared import instants
from shared.events import (
    ANNOUNCEMENT_TYPES,
    LADDER_EVENTS,
    SHOP_EVENTS,
    Announcement,
    ContactConsented,
    ContactIdentified,
    ContactObjected,
    PurchaseCompleted,
    PurchaseRefunded,
    Tick,
    type_of,
)
from shared.lanes import DeadLetter
from shared.lanes.letters import told
from shared.log import Record
from shared.log.partitioner import lane_of

Personal = ContactIdentified | ContactConsented | ContactObjected
_PERSONAL: Final = frozenset(type_of(each) for each in (ContactIdentified, ContactConsented, ContactObjected))
Ordered = PurchaseCompleted | PurchaseRefunded
_ORDERED: Final = frozenset(type_of(each) for each in (PurchaseCompleted, PurchaseRefunded))
_LADDER: Final = frozenset(type_of(each) for each in (*ANNOUNCEMENT_TYPES, Tick))
_OBJECTED: Final = type_of(ContactObjected)


class _Head(msgspec.Struct):
    type: str


class _Fact(msgspec.Struct):
    id: str
    source: str
    subject: str
    time: str
    data: dict[str, Any] = {}


_head = msgspec.json.Decoder(_Head)
_personal = msgspec.json.Decoder(Personal)
_ordered = msgspec.json.Decoder(Ordered)
_fact = msgspec.json.Decoder(_Fact)
_ladder = msgspec.json.Decoder(Announcement | Tick)


@dataclass(slots=True)
class Read:
    """What a batch tells: profiles, statements, orders and refunds, then announcements and ticks in the log's order."""

    profiles: list[tuple[str, KnownProfile]] = field(default_factory=list)
    statements: list[StatementMade] = field(default_factory=list)
    orders: list[Ordered] = field(default_factory=list)
    facts: list[tuple[str, Heard]] = field(default_factory=list)
    """Those that start or cancel a play, with their persons."""
    cues: list[Announcement | Tick] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


def read(records: Sequence[Record], lanes: int, book: Book) -> Read:
    """Take a batch apart; `lanes` is how many there are, to find records that are in the wrong one."""
    heeded = book.heeded
    batch = Read()
    for record in records:
        try:
            kind = _head.decode(record.value).type
            _read(kind, record, lanes, batch)
            if kind in heeded and record.topic == SHOP_EVENTS:
                _read_fact(kind, record, lanes, book, batch)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            batch.dead.append(DeadLetter(record, *told(error)))
    return batch


def _read(kind: str, record: Record, lanes: int, batch: Read) -> None:
    if record.topic == LADDER_EVENTS:
        if kind in _LADDER:
            _read_cue(record, lanes, batch)
    elif kind in _PERSONAL:
        message = _personal.decode(record.value)
        _check(message.subject, record, lanes)
        _sort(message, batch)
    elif kind in _ORDERED:
        order = _ordered.decode(record.value)
        _check(order.subject, record, lanes)
        batch.orders.append(order)


def _read_fact(kind: str, record: Record, lanes: int, book: Book, batch: Read) -> None:
    """Which plays it starts is settled here, so that nothing else of its data needs to be kept."""
    told = _fact.decode(record.value)
    _check(told.subject, record, lanes)
    if kind == _OBJECTED and not _about_marketing_mail(told.data):
        return
    starts = tuple(play.id for play in book.play if play.heeds(kind) and holds(play.where, told.data))
    heard = Heard(told.source, told.id, kind, instants.parse(told.time), starts, _end(told.data.get("until")))
    batch.facts.append((told.subject, heard))


def _about_marketing_mail(data: dict[str, Any]) -> bool:
    """Whether an objection ends series of mail, or is about something else."""
    channel, purpose = (str(data.get(name) or "").strip().lower() for name in ("channel", "purpose"))
    return channel in ("", "email", "e-mail", "mail") and purpose in ("", "marketing")


def _end(until: Any) -> int | None:
    """The instant of a date or a time; None where it is neither."""
    try:
        return instants.parse(until if len(until) > 10 else f"{until}T00:00:00Z")
    except (TypeError, ValueError):
        return None


def _read_cue(record: Record, lanes: int, batch: Read) -> None:
    message = _ladder.decode(record.value)
    if isinstance(message, Tick):
        batch.cues.append(message)
        return
    _check(message.subject, record, lanes)
    batch.cues.append(message)


def _check(subject: str, record: Record, lanes: int) -> None:
    if record.key != subject.encode():
        raise ValueError("the record's key is not the subject")
    if b"\\u0000" in record.value:
        raise ValueError("U+0000 cannot be kept")
    if lane_of(record.key, lanes) != record.lane:
        raise ValueError("the record is in another person's lane")


def _sort(message: Personal, batch: Read) -> None:
    match message:
        case ContactIdentified():
            if (profile := message.data.profile) is not None:
                known = KnownProfile(at=message.at, id=message.id, source=message.source, profile=profile)
                batch.profiles.append((message.subject, known))
        case ContactConsented():
            batch.statements.append(_statement(message, Kind.CONSENT))
        case ContactObjected():
            batch.statements.append(_statement(message, Kind.OBJECTION))


def _statement(message: ContactConsented | ContactObjected, kind: Kind) -> StatementMade:
    data = message.data
    statement = Statement(
        kind=kind,
        at=message.at,
        id=message.id,
        source=message.source,
        channel=data.channel,
        purpose=data.purpose,
        basis=data.basis,
        proof=data.proof,
    )
    return StatementMade(message.subject, statement)
