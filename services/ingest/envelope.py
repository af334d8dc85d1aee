"""The attributes of an event as it was posted: a CloudEvent, whole or with what may be filled in missing."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Raw, field

from services.ingest.checks import ABSENT
from shared.events import Id

_NONE: Final = Raw()


class Envelope(msgspec.Struct, kw_only=True, gc=False):
    """What was posted. Null is as good as missing (CloudEvents JSON format 1.0, section 2.2)."""

    type: str
    subject: Id
    id: Id | None = None
    source: Id | None = None
    time: Annotated[datetime, Meta(tz=True)] | None = None
    specversion: Literal["1.0"] | None = None
    data: Raw = _NONE
    data_base64: Raw = _NONE
    reserved: Raw = field(name="_at", default=_NONE)
    """No attribute of CloudEvents; inside the system this name means the parsed time."""

    def check(self, *, whole: bool) -> None:
        """Check for what must not be there, and, if it came as a CloudEvent, for what must. Raises ValueError."""
        if whole and (self.id is None or self.source is None or self.specversion is None):
            raise ValueError("an attribute is missing")
        if self.reserved is not _NONE or (self.data_base64 is not _NONE and bytes(self.data_base64) not in ABSENT):
            raise ValueError("an attribute is not allowed")
        if "@" in self.subject:
            raise ValueError("the subject is no pseudonym")

    def is_complete(self) -> bool:
        """Whether it can go on as it was sent."""
        if self.id is None or self.source is None or self.time is None or self.specversion is None:
            return False
        return self.data is _NONE or bytes(self.data) != b"null"


ATTRIBUTES: Final = ("specversion", "type", "source", "id", "subject", "time")
"""Of a complete event, without extensions."""

_whole: Final = msgspec.json.Decoder(Envelope)
_members: Final = msgspec.json.Decoder(dict[str, Raw])


def read(event: bytes) -> Envelope:
    """The attributes of an event. Raises msgspec's errors and RecursionError."""
    return _whole.decode(event)


def completed(event: bytes, filled: dict[str, str]) -> bytes:
    """The event with what was missing, everything else as it was sent; null is as good as missing."""
    if b"null" not in event:
        return msgspec.json.encode(filled)[:-1] + b"," + event[1:] if filled else event
    members = {name: value for name, value in _members.decode(event).items() if bytes(value) != b"null"}
    return msgspec.json.encode({**filled, **members})


def reduced(event: bytes, names: tuple[str, ...]) -> bytes:
    """A complete event without extension attributes, and with no other members of its data than these."""
    members = _members.decode(event)
    data = _members.decode(members.get("data", b"{}"))
    kept: dict[str, object] = {name: members[name] for name in ATTRIBUTES}
    kept["data"] = {name: data[name] for name in names if name in data}
    return msgspec.json.encode(kept)
