"""All that bears on whether a person may be written to. Pure."""

from collections.abc import Iterator

import msgspec

from services.notifier.consent.sales import Order, Sale, standing
from services.notifier.consent.statement import Kind, Statement


class Ledger(msgspec.Struct, frozen=True):
    """A person's consents and objections, and the sales that some of them name."""

    statements: tuple[Statement, ...] = ()
    sales: tuple[Sale, ...] = ()

    def said(self, kind: Kind, known_until: int | None) -> Iterator[Statement]:
        """What was said of this kind up to then (None: ever)."""
        return (
            each for each in self.statements if each.kind is kind and (known_until is None or each.at <= known_until)
        )

    def orders(self, known_until: int | None) -> dict[str, Order]:
        """The orders that stand, by id."""
        return standing(self.sales, known_until)


NOTHING = Ledger()
