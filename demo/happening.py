"""What happened to somebody, as a row of the file that is loaded."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from shared.events import PurchaseCompleted


class Happening(NamedTuple):
    """An event; `time` is RFC 3339 in whole seconds of UTC, so that its text sorts as the time does.

    `data` holds cells by the loader's columns: `profile.email` is a member of the member `profile`.
    """

    time: str
    id: str
    person: str
    type: str
    source: str
    data: Mapping[str, str]

    @property
    def cells(self) -> dict[str, str]:
        """The row of the CSV file, by column."""
        attributes = {"type": self.type, "subject": self.person, "id": self.id, "source": self.source}
        return {**attributes, "time": self.time, **self.data}


def bought(fact: PurchaseCompleted) -> Happening:
    """A purchase as a happening."""
    data = {"order_id": fact.data.order_id, "amount": str(fact.data.amount), "currency": fact.data.currency}
    return Happening(fact.time, fact.id, fact.subject, "purchase.completed", fact.source, data)


def in_order(*groups: Iterable[Happening]) -> list[Happening]:
    """All of them in the order of (time, id), as a history is told."""
    return sorted((each for group in groups for each in group), key=lambda each: (each.time, each.id))
