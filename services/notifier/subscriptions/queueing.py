"""The lane's side: what is announced is kept and queued for whoever wants it, in the lane's own transaction."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from services.notifier.subscriptions import store
from services.notifier.subscriptions.store import Announced
from services.notifier.subscriptions.subscription import (
    ALL_TYPES,
    SWITCHED_OFF,
    DeliveryState,
    State,
    Subscription,
)
from shared import instants
from shared.db import Connection
from shared.events import LADDER_EVENTS, NOTIFIER_EVENTS, derived_id
from shared.lanes import Batch, OutboxRow
from shared.log import Record

_TYPES: Final = frozenset(ALL_TYPES)
SOURCE: Final = "notifier"


class _Standing(msgspec.Struct):
    rung: int


class _Data(msgspec.Struct):
    standing: _Standing | None = None
    historical: bool = False


class _Envelope(msgspec.Struct):
    id: str
    type: str
    subject: str
    time: str
    data: _Data = msgspec.field(default_factory=_Data)


_envelope = msgspec.json.Decoder(_Envelope)


class Heard(NamedTuple):
    """An announcement as it was read or written, without its number."""

    envelope: _Envelope
    at: int
    value: bytes


def heard(records: Iterable[Record], told: Iterable[OutboxRow]) -> list[Heard]:
    """What subscribers may get of a batch, in its order. What cannot be read is a dead letter to others."""
    values = [record.value for record in records if record.topic == LADDER_EVENTS]
    values += [row.value for row in told if row.topic == NOTIFIER_EVENTS]
    found = (_read(value) for value in values)
    return [each for each in found if each is not None]


def _read(value: bytes) -> Heard | None:
    try:
        envelope = _envelope.decode(value)
        at = instants.parse(envelope.time)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    usable = envelope.type in _TYPES and "\x00" not in envelope.id + envelope.subject
    return Heard(envelope, at, value) if usable else None


def with_sequence(value: bytes, sequence: int) -> bytes:
    """The event with the CloudEvents extension `sequence`: digits of one length, to be compared as text."""
    return b'{"sequence":"%020d",' % sequence + value.lstrip()[1:]


async def queue(tx: Connection, batch: Batch, told: Sequence[OutboxRow], *, by_facts: bool) -> None:
    """Keep what the batch announces and queue it for its subscribers; under CLOCK=facts it is recorded only."""
    listening = await store.listening(tx)
    if not listening:
        return
    once = {each.envelope.id: each for each in reversed(heard(batch.records, told))}
    fresh = set(once) - await store.known(tx, batch.lane, list(once)) if once else set()
    new = [each for each in reversed(once.values()) if each.envelope.id in fresh]
    if not new:
        return
    announced = await _numbered(tx, batch.lane, new)
    await store.keep(tx, batch.lane, batch.now, announced)
    state = DeliveryState.RECORDED if by_facts else DeliveryState.WAITING
    pairs = [(subscription.id, each.id) for each in announced for subscription in wanting(listening, each)]
    await store.queue(tx, batch.lane, batch.now, pairs, state)


def wanting(listening: Iterable[Subscription], announced: Announced) -> list[Subscription]:
    """The subscriptions that are to get it."""
    return [
        each
        for each in listening
        if each.state is State.ON and each.wants(announced.type, announced.rung, historical=announced.historical)
    ]


async def _numbered(tx: Connection, lane: int, new: Sequence[Heard]) -> list[Announced]:
    more = Counter(each.envelope.subject for each in new)
    numbers = await store.count_on(tx, lane, more)
    announced = []
    for envelope, at, value in new:
        numbers[envelope.subject] += 1
        sequence = numbers[envelope.subject]
        standing = envelope.data.standing
        announced.append(
            Announced(
                person=envelope.subject,
                id=envelope.id,
                type=envelope.type,
                rung=None if standing is None else standing.rung,
                historical=envelope.data.historical,
                at=at,
                sequence=sequence,
                body=with_sequence(value, sequence),
            )
        )
    return announced


async def tell(tx: Connection, batch: Batch) -> list[OutboxRow]:
    """Announcements of the subscriptions that were switched off; their `subject` is the subscription's id."""
    return [_switched_off(batch.lane, each, batch.now) for each in await store.tell(tx, batch.lane)]


def _switched_off(lane: int, subscription: Subscription, at: int) -> OutboxRow:
    event_id = derived_id(SWITCHED_OFF, subscription.id, str(at))
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": SWITCHED_OFF,
        "subject": subscription.id,
        "time": instants.text(at),
        "data": {"url": subscription.url, "reason": subscription.off_reason},
    }
    return OutboxRow(NOTIFIER_EVENTS, lane, subscription.id, event_id, SWITCHED_OFF, at, msgspec.json.encode(event))
