"""The attributes of an event as it was posted: a CloudEvent, whole or with what may be filled in missing."""

from typing import Final, Literal

import msgspec
from msgspec import Raw, field

from services.ingest.kinds import ABSENT
from shared.events import Id


class Envelope(msgspec.Struct, kw_only=True, gc=False):
    """What was posted. Null is as good as missing (CloudEvents JSON format 1.0, section 2.2)."""

    type: str
    subject: Id
    id: Id | None = None
    source: Id | None = None
    time: str | None = None
    specversion: Literal["1.0"] | None = None
    data: Raw = Raw()
    data_base64: Raw = Raw()
    reserved: Raw = field(name="_at", default=Raw())
    """No attribute of CloudEvents; inside the system this name means the parsed time."""

    def is_complete(self) -> bool:
        """Whether the event can go on as it was sent."""
        attributes = (self.id, self.source, self.time, self.specversion)
        return None not in attributes and bytes(self.data) != b"null"

    def check_attributes(self, required: tuple[str, ...]) -> None:
        """Check for what an event must bring and must not bring. Raises ValueError."""
        if any(getattr(self, name) is None for name in required):
            raise ValueError("an attribute is missing")
        if bytes(self.reserved) or bytes(self.data_base64) not in ABSENT:
            raise ValueError("an attribute is not allowed")


ATTRIBUTES: Final = ("specversion", "type", "source", "id", "subject", "time")
"""Of a complete event, without extensions."""

_whole: Final = msgspec.json.Decoder(Envelope)
_members: Final = msgspec.json.Decoder(dict[str, Raw])


def read(event: bytes) -> Envelope:
    """The attributes of an event. Raises msgspec's errors and RecursionError."""
    return _whole.decode(event)


def completed(event: bytes, envelope: Envelope) -> bytes:
    """The event as it goes on: as it was sent if nothing is missing, otherwise with what `envelope` has filled in."""
    members = {name: value for name, value in _members.decode(event).items() if bytes(value) != b"null"}
    filled = {
        "specversion": "1.0",
        "id": envelope.id,
        "source": envelope.source,
        "time": envelope.time,
    }
    return msgspec.json.encode({**filled, **members})


def reduced(event: bytes, names: tuple[str, ...]) -> bytes:
    """A complete event without extension attributes, and with no other members of its data than these."""
    members = _members.decode(event)
    data = _members.decode(members.get("data", b"{}"))
    kept: dict[str, object] = {
        name: members[name] for name in ("specversion", "type", "source", "id", "subject", "time")
    }
    kept["data"] = {name: data[name] for name in names if name in data}
    return msgspec.json.encode(kept)
