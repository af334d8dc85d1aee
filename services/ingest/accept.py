"""Decides which events of a request are taken, and what they become on the log. It touches nothing else.

Most events are right, so each is first read the fast way, where whatever is doubtful raises; only then it is asked
what is wrong.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from services.ingest import checks, envelope, faults, identity, kinds, money, personal, readable
from services.ingest.envelope import Envelope
from services.ingest.identity import NewId
from services.ingest.posting import Posting
from services.ingest.shop import AHEAD, DEFAULT_SOURCE, Shop
from shared import events, instants
from shared.http import Fault
from shared.log import Entry
from shared.log.partitioner import lanes_of

_DOUBTS: Final = (msgspec.DecodeError, ValueError, KeyError, RecursionError)
"""What the fast way raises; an unknown type is a KeyError."""


class Error(msgspec.Struct, kw_only=True):
    """Why an event was refused: a problem (RFC 9457)."""

    type: str
    title: str
    errors: list[Fault]


class Result(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of one event; `repeatable` false tells that posting it again would make another fact."""

    id: str | None
    status: Literal["accepted", "rejected"]
    error: Error | UnsetType = UNSET
    repeatable: bool | UnsetType = UNSET


class Taken(NamedTuple):
    """An event that goes to the log: what of it is for everybody, and the whole of it where that is personal."""

    result: Result
    key: bytes
    at: int
    public: bytes
    personal: bytes | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The results in the order of the events; `profiles` go to the log before `facts`."""

    results: list[Result]
    profiles: list[Entry]
    facts: list[Entry]
    newest: int | None
    """The latest instant among the facts."""


def accept(posting: Posting, shop: Shop, *, now: int, new_id: NewId) -> Acceptance:
    """Judge every event of a request on its own, and say what goes to the log."""
    judge = _Judge(posting, shop, now, new_id)
    outcomes = [judge.outcome(index, event) for index, event in enumerate(posting.events)]
    taken = [outcome for outcome in outcomes if isinstance(outcome, Taken)]
    lanes = lanes_of([one.key for one in taken], shop.lanes) if taken else []
    return Acceptance(
        results=[outcome.result if isinstance(outcome, Taken) else outcome for outcome in outcomes],
        profiles=list(_profiles(taken, lanes)),
        facts=[Entry(events.SHOP_EVENTS, lane, one.key, one.public) for one, lane in zip(taken, lanes, strict=True)],
        newest=max((one.at for one in taken), default=None),
    )


def _profiles(taken: Iterable[Taken], lanes: Iterable[int]) -> Iterable[Entry]:
    for one, lane in zip(taken, lanes, strict=True):
        if one.personal is not None:
            yield Entry(events.SHOP_PROFILES, lane, one.key, one.personal)


class _Judge:
    """Judges the events of one request."""

    def __init__(self, posting: Posting, shop: Shop, now: int, new_id: NewId) -> None:
        self._posting = posting
        self._shop = shop
        self._now = now
        self._new_id = new_id
        self._measure = faults.Measure(shop, now + AHEAD, posting.required)

    def outcome(self, index: int, event: bytes) -> Taken | Result:
        """What becomes of the event at this place of the request."""
        try:
            return self._taken(event)
        except _DOUBTS as doubt:
            place = f"/{index}" if self._posting.listed else ""
            return Result(id=_readable_id(event), status="rejected", error=self._error(event, place, doubt))

    def _taken(self, event: bytes) -> Taken:
        readable.check(event)
        sent = envelope.read(event)
        kind = kinds.KINDS[sent.type]
        data = kind.read(sent.data)
        at = self._check(sent, data)
        complete = sent.is_complete()
        repeatable = complete or self._fill(event, sent, data)
        whole = event if complete else envelope.completed(event, sent)
        return Taken(
            result=Result(id=sent.id, status="accepted", repeatable=UNSET if repeatable else False),
            key=sent.subject.encode(),
            at=at,
            public=personal.public_part(kind.name, whole),
            personal=whole if personal.has_personal_part(data) else None,
        )

    def _check(self, sent: Envelope, data: msgspec.Struct) -> int:
        """Check what the types do not say, and return the event's instant."""
        sent.check_attributes(self._posting.required)
        checks.check_person(sent.subject)
        money.check_numbers(data, sent.data, self._shop)
        match data:
            case events.Purchase(currency=currency):
                checks.check_currency(currency, self._shop)
            case events.Referral(referee=str(referee)):
                checks.check_person(referee)
            case _:
                pass
        return self._now if sent.time is None else checks.instant_of(sent.time, self._measure.latest)

    def _fill(self, event: bytes, sent: Envelope, data: msgspec.Struct) -> bool:
        """Fill in what is missing, and tell whether posting again would fill in the same id."""
        sent.source = sent.source or DEFAULT_SOURCE
        known = identity.identity_of(event, sent, data, key=self._posting.key, new_id=self._new_id)
        sent.id = known.id
        sent.time = sent.time or instants.text(self._now)
        return known.repeatable

    def _error(self, event: bytes, place: str, doubt: Exception) -> Error:
        if len(event) > readable.LARGEST_EVENT:
            fault = Fault(pointer=place, detail=f"has more than {readable.LARGEST_EVENT} bytes")
            return Error(type="event-too-large", title="The event is too large", errors=[fault])
        try:
            found = faults.faults_of(event, self._measure)
        except faults.NotYetSupportedError as error:
            fault = Fault(pointer=f"{place}/type", detail=f"{error} cannot be taken yet")
            return Error(type="not-yet-supported", title="This type is not yet supported", errors=[fault])
        for fault in found:
            fault.pointer = place + fault.pointer
        unnamed = [Fault(pointer=place, detail=f"cannot be read: {doubt}")]
        return Error(type="invalid-event", title="The event was refused", errors=found or unnamed)


def _readable_id(event: bytes) -> str | None:
    """The id that a refused event brought, if it can be repeated."""
    try:
        return _named.decode(event).id
    except _DOUBTS:
        return None


class _Named(msgspec.Struct):
    id: events.Id | None = None


_named: Final = msgspec.json.Decoder(_Named)
