"""Personal data never enters `shop.events`: what each topic gets of an event."""

from typing import Final, NamedTuple

import msgspec

from services.ingest import envelope
from shared import events

PUBLIC: Final = {
    events.type_of(events.ContactIdentified): ("source", "acquisition_cost"),
    events.type_of(events.ContactConsented): ("channel", "purpose"),
    events.type_of(events.ContactObjected): ("channel", "purpose"),
}
"""Of these types only these members of `data` are for everybody."""


class Parts(NamedTuple):
    """What goes to `shop.events`, and what goes to `shop.profiles`."""

    public: bytes
    personal: bytes | None = None


def parts_of(kind: str, data: msgspec.Struct, event: bytes) -> Parts:
    """Split a complete event of this kind, which carries this data."""
    names = PUBLIC.get(kind)
    if names is None:
        return Parts(event)
    impersonal = isinstance(data, events.Identification) and data.profile is None
    return Parts(envelope.reduced(event, names), None if impersonal else event)
