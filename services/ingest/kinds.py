"""The kinds of facts that are taken, and how the `data` of each is read."""

from dataclasses import dataclass
from typing import Final, cast

import msgspec
from msgspec import Raw

from shared import events

ABSENT: Final = frozenset({b"", b"null"})
"""Of a value in JSON: not there, or null, which a CloudEvent treats alike."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of facts; `optional` says that its data may be missing."""

    name: str
    data: type[msgspec.Struct]
    optional: bool
    decoder: msgspec.json.Decoder[msgspec.Struct]

    def read(self, data: Raw) -> msgspec.Struct:
        """The data; what is missing or null is empty. Raises msgspec's errors and RecursionError."""
        if self.optional and bytes(data) in ABSENT:
            return self.data()
        return self.decoder.decode(data)


def _kind(fact: type[events.Fact]) -> Kind:
    field = next(field for field in msgspec.structs.fields(fact) if field.name == "data")
    data = cast("type[msgspec.Struct]", field.type)
    return Kind(events.type_of(fact), data, not field.required, msgspec.json.Decoder(data))


KINDS: Final = {kind.name: kind for kind in map(_kind, events.FACT_TYPES)}
"""By their type on the wire."""
