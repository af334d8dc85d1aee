"""Personal data never enters `shop.events`: what each topic gets of an event."""

from typing import Final

import msgspec

from services.ingest import envelope
from shared import events

PUBLIC: Final = {
    events.ContactIdentified.__struct_config__.tag: ("source", "acquisition_cost"),
    events.ContactConsented.__struct_config__.tag: ("channel", "purpose"),
    events.ContactObjected.__struct_config__.tag: ("channel", "purpose"),
}
"""Of these types only these members of `data` are for everybody."""


def public_part(kind: str, event: bytes) -> bytes:
    """What of a complete event goes to `shop.events`."""
    names = PUBLIC.get(kind)
    return event if names is None else envelope.reduced(event, names)


def has_personal_part(data: msgspec.Struct) -> bool:
    """Whether the whole event goes to `shop.profiles` as well."""
    match data:
        case events.Consent():
            return True
        case events.Identification(profile=profile):
            return profile is not None
        case _:
            return False
