"""From records to what the notifier needs of them; the rest is passed over, what cannot be read is a dead letter."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from services.notifier.consent import Kind, Statement
from services.notifier.consent.store import StatementMade
from services.notifier.decide import Cue
from services.notifier.profile import KnownProfile
from shared.events import (
    LADDER_EVENTS,
    ContactConsented,
    ContactIdentified,
    ContactObjected,
    CustomerLapsed,
    CustomerWonBack,
    PurchaseCompleted,
    PurchaseRefunded,
    RungDemoted,
    RungPromoted,
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
_LADDER: Final = frozenset(type_of(each) for each in (RungPromoted, RungDemoted, CustomerLapsed, CustomerWonBack, Tick))


class _Head(msgspec.Struct):
    type: str


_head = msgspec.json.Decoder(_Head)
_personal = msgspec.json.Decoder(Personal)
_ordered = msgspec.json.Decoder(Ordered)
_ladder = msgspec.json.Decoder(Cue | Tick)


@dataclass(slots=True)
class Read:
    """What a batch tells: profiles, statements, orders and refunds, then announcements and ticks in the log's order."""

    profiles: list[tuple[str, KnownProfile]] = field(default_factory=list)
    statements: list[StatementMade] = field(default_factory=list)
    orders: list[Ordered] = field(default_factory=list)
    cues: list[Cue | Tick] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


def read(records: Sequence[Record], lanes: int) -> Read:
    """Take a batch apart; `lanes` is how many there are, to find records that are in the wrong one."""
    batch = Read()
    for record in records:
        try:
            _read(record, lanes, batch)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            batch.dead.append(DeadLetter(record, *told(error)))
    return batch


def _read(record: Record, lanes: int, batch: Read) -> None:
    kind = _head.decode(record.value).type
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


def _read_cue(record: Record, lanes: int, batch: Read) -> None:
    """History is left out: it is no reason to write to anybody."""
    message = _ladder.decode(record.value)
    if isinstance(message, Tick):
        batch.cues.append(message)
        return
    _check(message.subject, record, lanes)
    if message.data.historical is not True:
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
