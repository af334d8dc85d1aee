"""From records to messages: decoded, checked for what the fold relies on, or a dead letter with the reason."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from services.ladder.core.facts import Known, about
from shared import instants
from shared.events import (
    SHOP_EVENTS,
    Fact,
    Internal,
    PurchaseCompleted,
    PurchaseRefunded,
    ReferralCredited,
    ReferralSold,
    Tick,
)
from shared.lanes import DeadLetter
from shared.lanes.letters import told
from shared.log import Record
from shared.log.partitioner import lanes_of

_told: msgspec.json.Decoder[Fact | Tick] = msgspec.json.Decoder(Fact | Tick)
_internal: msgspec.json.Decoder[Internal] = msgspec.json.Decoder(Internal)


_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 as JSON writes it, which PostgreSQL's texts cannot hold."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What a fact must agree with."""

    currency: str
    exponent: int
    lanes: int


@dataclass(slots=True)
class Read:
    """The messages of a batch in the log's order, each with its bytes, and what could not be read.

    `times` are the instants at which the lane's time moved on, ascending, under `CLOCK=facts`; `ticked` says whether
    a tick was among them.
    """

    messages: list[tuple[Fact | Internal, bytes, int]] = field(default_factory=list)
    """(message, its bytes, the time at which it is known)."""
    by_person: defaultdict[str, list[Fact | Internal]] = field(default_factory=lambda: defaultdict(list))
    """The same messages; told apart here, while each is at hand."""
    dead: list[DeadLetter] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    ticked: bool = False


def read(records: Sequence[Record], shop: Shop, time: int) -> Read:
    """Decode a batch; `time` is the lane's time before it."""
    lanes = lanes_of([record.key or b"" for record in records], shop.lanes)
    batch = Read()
    for record, lane in zip(records, lanes, strict=True):
        try:
            message = _decode(record)
            if type(message) is Tick:
                batch.ticked = True
            else:
                _check(message, record, lane, shop)
                batch.messages.append((message, record.value, _known_at(message, time)))
                batch.by_person[message.subject].append(message)
        except (msgspec.ValidationError, msgspec.DecodeError, ValueError, RecursionError) as error:
            batch.dead.append(_letter(record, error))
            continue
        if record.topic == SHOP_EVENTS and message.at > time:
            time = message.at
            batch.times.append(time)
    return batch


def _decode(record: Record) -> Fact | Internal | Tick:
    return _told.decode(record.value) if record.topic == SHOP_EVENTS else _internal.decode(record.value)


def _known_at(message: Fact | Internal, time: int) -> int:
    """The lane's time once a message was read; of what another lane tells the time of its cause.

    How far this lane has come meanwhile is chance, and must not make an announcement historical.
    """
    if type(message) is ReferralCredited or type(message) is ReferralSold:
        return max(message.at, instants.parse(message.data.cause.at))
    return max(time, message.at)


def _check(message: Fact | Internal, record: Record, lane: int, shop: Shop) -> None:
    if record.key != message.subject.encode():
        raise ValueError("the record's key is not the subject")
    if record.lane != lane:
        raise ValueError(f"the record belongs to lane {lane}")
    if b"\\u0000" in record.value and _NUL.search(record.value):
        raise ValueError("no text holds U+0000")
    if type(message) is PurchaseCompleted:
        if message.data.currency != shop.currency:
            raise ValueError(f"the shop's currency is {shop.currency}, not {message.data.currency}")
        _check_precision(message.data.amount, shop)
    elif type(message) is PurchaseRefunded and message.data.amount is not None:
        _check_precision(message.data.amount, shop)


def _check_precision(amount: Decimal, shop: Shop) -> None:
    minor = amount.scaleb(shop.exponent)
    if minor != minor.to_integral_value():
        raise ValueError(f"{shop.currency} has {shop.exponent} decimals")


def _letter(record: Record, error: Exception) -> DeadLetter:
    reason, pointer = told(error)
    return DeadLetter(record, reason, pointer)


def claim_of(message: Fact | Internal) -> str | None:
    """What a fact may be the first to claim for its person: an order, or the credit of a friend, or an order of theirs.

    The second fact about the same makes the person be refolded.
    """
    if type(message) is PurchaseCompleted or type(message) is PurchaseRefunded:
        return "order:" + message.data.order_id
    if type(message) is ReferralCredited or type(message) is ReferralSold:
        return about(message)
    return None


_journal: msgspec.json.Decoder[Known] = msgspec.json.Decoder(Known)
_any: msgspec.json.Decoder[Fact | Internal] = msgspec.json.Decoder(Fact | Internal)


def read_journal(body: bytes) -> Known:
    """A message of the journal."""
    return _journal.decode(body)


def read_any(body: bytes) -> Fact | Internal:
    """A message that was parked."""
    return _any.decode(body)
