"""The kinds of facts that are taken, and how the `data` of each is read."""

from dataclasses import dataclass
from typing import Final, cast

import msgspec
from msgspec import Raw

from services.ingest.checks import ABSENT
from services.ingest.content import CHECKS, Check, nothing_more
from shared import events


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of facts; `optional` says that its data may be missing."""

    name: str
    data: type[msgspec.Struct]
    optional: bool
    decoder: msgspec.json.Decoder[msgspec.Struct]
    check: Check

    def read(self, sent: Raw) -> msgspec.Struct:
        """The data; what is missing or null is empty. Raises msgspec's errors and RecursionError."""
        if self.optional and bytes(sent) in ABSENT:
            return self.data()
        return self.decoder.decode(sent)


def _kind(fact: type[events.Fact]) -> Kind:
    field = next(field for field in msgspec.structs.fields(fact) if field.name == "data")
    data = cast("type[msgspec.Struct]", field.type)
    decoder = msgspec.json.Decoder(data)
    return Kind(events.type_of(fact), data, not field.required, decoder, CHECKS.get(data, nothing_more))


KINDS: Final = {kind.name: kind for kind in map(_kind, events.FACT_TYPES)}
"""By their type on the wire."""
