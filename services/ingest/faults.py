"""Finds every fault of an event that was not taken, with its place and in words.

Only events that are refused come here, so it is thorough and not fast: the event is read tolerantly, and each member
is judged on its own by the types of `shared.events`.
"""

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Final

import msgspec

from services.ingest import checks, readable, tolerant, words
from services.ingest.envelope import ATTRIBUTES, Envelope
from services.ingest.kinds import KINDS, Kind
from services.ingest.shop import Shop
from services.ingest.tolerant import Number
from shared import events
from shared.http import Fault

MOST_FAULTS: Final = 50
"""Told of one event."""
CLOUD_EVENT: Final = ("specversion", "id", "source", "type", "subject")
"""What a CloudEvent must bring."""
PLAIN_JSON: Final = ("type", "subject")
"""What plain JSON must bring."""


class NotYetSupportedError(ValueError):
    """A type that is known and cannot be taken yet."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What an event is held against: the shop, the latest time, and whether it is a whole CloudEvent."""

    shop: Shop
    latest: int
    whole: bool


def faults_of(event: bytes, measure: Measure) -> list[Fault]:
    """The faults of an event, the first MOST_FAULTS of them. Raises NotYetSupportedError."""
    try:
        value = tolerant.parse(event)
        unreadable = list(islice(readable.faults(value), MOST_FAULTS))
    except ValueError as error:
        return [Fault(pointer="", detail=str(error))]
    if not isinstance(value, dict):
        return [Fault(pointer="", detail="must be an object")]
    if isinstance(name := value.get("type"), str) and name in events.NOT_YET_SUPPORTED:
        raise NotYetSupportedError(name)
    told = {fault.pointer for fault in unreadable}
    misfits = (fault for fault in _misfits(value, measure) if fault.pointer not in told)
    return list(islice((*unreadable, *misfits), MOST_FAULTS))


# -- members that do not fit their types -------------------------------------------------------------------------


def _misfits(event: dict[str, Any], measure: Measure) -> Iterator[Fault]:
    yield from _attributes(event, measure)
    yield from _type(event)
    kind = KINDS.get(event["type"]) if isinstance(event.get("type"), str) else None
    if kind is not None:
        yield from _data(event.get("data"), kind, measure)


def _attributes(event: Mapping[str, Any], measure: Measure) -> Iterator[Fault]:
    for name in CLOUD_EVENT if measure.whole else PLAIN_JSON:
        if event.get(name) is None:
            yield Fault(pointer=f"/{name}", detail="is missing")
    if event.get("data_base64") is not None:
        yield Fault(pointer="/data_base64", detail="the data of an event is JSON, in the member data")
    if "_at" in event:
        yield Fault(pointer="/_at", detail="is reserved; attributes have lower-case letters and digits only")
    for field in msgspec.structs.fields(Envelope):
        name = field.encode_name
        if name in ATTRIBUTES and name != "type" and event.get(name) is not None:
            yield from _value(event[name], str if name == "time" else field.type, f"/{name}", measure)


def _type(event: Mapping[str, Any]) -> Iterator[Fault]:
    match event.get("type"):
        case None:
            return
        case str() as name if name in KINDS:
            return
        case str() as name:
            yield Fault(pointer="/type", detail=f"{words.quoted(name)} is not a type; the types are {', '.join(KINDS)}")
        case _:
            yield Fault(pointer="/type", detail="must be text")


def _data(data: Any, kind: Kind, measure: Measure) -> Iterator[Fault]:
    if data is not None:
        yield from _value(data, kind.data, "/data", measure)
    elif not kind.optional:
        yield Fault(pointer="/data", detail="is missing")


def _value(value: Any, type_: Any, pointer: str, measure: Measure) -> Iterator[Fault]:
    inner = _without_none(type_)
    if value is None and inner is not type_:
        return
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(value, dict):
        yield from _members(value, inner, pointer, measure)
    elif typing.get_origin(inner) is list and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value(item, typing.get_args(inner)[0], f"{pointer}/{index}", measure)
    elif detail := _detail(value, inner, pointer, measure):
        yield Fault(pointer=pointer, detail=detail)


def _members(value: dict[str, Any], struct: type[msgspec.Struct], pointer: str, measure: Measure) -> Iterator[Fault]:
    for field in msgspec.structs.fields(struct):
        where = f"{pointer}/{tolerant.escaped(field.encode_name)}"
        if field.encode_name in value:
            yield from _value(value[field.encode_name], field.type, where, measure)
        elif field.required:
            yield Fault(pointer=where, detail="is missing")


def _detail(value: Any, type_: Any, pointer: str, measure: Measure) -> str | None:
    """What is wrong with a value that has no parts."""
    try:
        if type_ is Decimal:
            _check_number(value, pointer, measure.shop)
        else:
            msgspec.convert(tolerant.plain(value), type_)
            _check_meaning(value, pointer, measure)
    except msgspec.ValidationError as error:
        return words.of(error)
    except ValueError as error:
        return str(error)
    return None


def _check_number(value: Any, pointer: str, shop: Shop) -> None:
    match value:
        case Number():
            token = value.encode()
        case str() if value.isascii():
            token = b'"%s"' % value.encode()
        case _:
            raise ValueError("must be a decimal number, as text or as a number")
    if pointer.endswith("/quantity"):
        checks.check_quantity(token)
    else:
        checks.check_amount(token, shop)


def _check_meaning(value: Any, pointer: str, measure: Measure) -> None:
    match pointer:
        case "/time":
            checks.instant_of(value, measure.latest)
        case "/subject" | "/data/referee":
            checks.check_person(value)
        case "/data/currency":
            checks.check_currency(value, measure.shop)
        case _:
            pass


def _without_none(type_: Any) -> Any:
    """X for X | None, and any other type as it is."""
    if typing.get_origin(type_) in (types.UnionType, typing.Union):
        inner = [part for part in typing.get_args(type_) if part is not types.NoneType]
        if len(inner) == 1:
            return inner[0]
    return type_
