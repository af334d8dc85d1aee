"""Decides which events of a request are taken, and what they become on the log. It touches nothing else.

Most events are right, so each is first read the fast way, where whatever is doubtful raises; only then it is asked
what is wrong.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from services.ingest import envelope, faults, kinds, readable
from services.ingest.envelope import Envelope
from services.ingest.identity import NewId, derived_from
from services.ingest.personal import Parts, parts_of
from services.ingest.posting import Posting
from services.ingest.shop import AHEAD, DEFAULT_SOURCE, Shop
from shared import events, instants
from shared.http import Fault
from shared.log import Entry
from shared.log.partitioner import lanes_of

_DOUBTS: Final = (msgspec.DecodeError, ValueError, KeyError, RecursionError)
"""What the fast way raises; an unknown type is a KeyError."""
EARLIEST: Final = instants.to_datetime(0)


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
    """An event that goes to the log."""

    result: Result
    key: bytes
    moment: datetime
    parts: Parts


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
    keys = [one.key for one in taken]
    parts = [one.parts for one in taken]
    lanes = lanes_of(keys, shop.lanes) if keys else []
    return Acceptance(
        results=[outcome.result if isinstance(outcome, Taken) else outcome for outcome in outcomes],
        profiles=[
            Entry(events.SHOP_PROFILES, lane, key, part.personal)
            for lane, key, part in zip(lanes, keys, parts, strict=True)
            if part.personal is not None
        ],
        facts=[
            Entry(events.SHOP_EVENTS, lane, key, part.public)
            for lane, key, part in zip(lanes, keys, parts, strict=True)
        ],
        newest=instants.from_datetime(max(one.moment for one in taken)) if taken else None,
    )


class _Judge:
    """Judges the events of one request."""

    def __init__(self, posting: Posting, shop: Shop, now: int, new_id: NewId) -> None:
        self._posting = posting
        self._shop = shop
        self._new_id = new_id
        self._now = now
        self._moment = instants.to_datetime(now)
        self._latest = instants.to_datetime(now + AHEAD)

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
        kind.check(data, sent.data, self._shop)
        sent.check(whole=self._posting.whole)
        moment = self._moment if sent.time is None else sent.time
        if not EARLIEST <= moment <= self._latest:
            raise ValueError("the time is out of bounds")
        whole, result = (event, _taken_as(sent.id)) if sent.is_complete() else self._filled(event, sent, data)
        return Taken(result, sent.subject.encode(), moment, parts_of(kind.name, data, whole))

    def _filled(self, event: bytes, sent: Envelope, data: msgspec.Struct) -> tuple[bytes, Result]:
        """The event with all that was missing, and what is told of it."""
        filled = {}
        if sent.specversion is None:
            filled["specversion"] = "1.0"
        if (source := sent.source) is None:
            source = filled["source"] = DEFAULT_SOURCE
        if sent.time is None:
            filled["time"] = instants.text(self._now)
        if sent.id is not None:
            return envelope.completed(event, filled), _taken_as(sent.id)
        derived = derived_from(event, sent, data, source=source, key=self._posting.key)
        filled["id"] = derived or self._new_id()
        return envelope.completed(event, filled), _taken_as(filled["id"], repeatable=UNSET if derived else False)

    def _error(self, event: bytes, place: str, doubt: Exception) -> Error:
        if len(event) > readable.LARGEST_EVENT:
            fault = Fault(pointer=place, detail=f"has more than {readable.LARGEST_EVENT} bytes")
            return Error(type="event-too-large", title="The event is too large", errors=[fault])
        try:
            found = faults.faults_of(event, faults.Measure(self._shop, self._now + AHEAD, whole=self._posting.whole))
        except faults.NotYetSupportedError as error:
            fault = Fault(pointer=f"{place}/type", detail=f"{error} cannot be taken yet")
            return Error(type="not-yet-supported", title="This type is not yet supported", errors=[fault])
        for fault in found:
            fault.pointer = place + fault.pointer
        unnamed = [Fault(pointer=place, detail=f"cannot be read: {doubt}")]
        return Error(type="invalid-event", title="The event was refused", errors=found or unnamed)


def _taken_as(id_: str | None, repeatable: bool | UnsetType = UNSET) -> Result:
    return Result(id=id_, status="accepted", repeatable=repeatable)


def _readable_id(event: bytes) -> str | None:
    """The id that a refused event brought, if it can be repeated."""
    try:
        return _named.decode(event).id
    except _DOUBTS:
        return None


class _Named(msgspec.Struct):
    id: events.Id | None = None


_named: Final = msgspec.json.Decoder(_Named)
