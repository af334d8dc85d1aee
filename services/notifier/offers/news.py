"""What is told of offers on `notifier.events`; a voucher's code is what the shop's checkout must know."""

from typing import Any

from services.notifier import telling
from services.notifier.offers.money import major
from services.notifier.offers.store import Granted, News, Withheld
from services.notifier.offers.terms import Order, Refusal
from services.notifier.offers.voucher import Voucher
from shared import instants
from shared.events import derived_id
from shared.lanes import OutboxRow


class Teller:
    """Tells in the shop's currency."""

    def __init__(self, currency: str, exponent: int) -> None:
        self._currency = currency
        self._exponent = exponent

    def terms(self, voucher: Voucher) -> dict[str, Any]:
        """What a voucher is worth, and until when; what it has nothing to say about is left out."""
        told = {
            "code": voucher.code,
            "offer": voucher.offer or None,
            "kind": voucher.kind,
            "percent": voucher.percent,
            "amount": major(voucher.amount, self._exponent),
            "categories": list(voucher.categories) or None,
        }
        return {
            **{name: value for name, value in told.items() if value is not None},
            "minimum": major(voucher.minimum, self._exponent),
            "currency": self._currency,
            "valid_until": instants.text(voucher.valid_until),
        }

    def issued(self, lane: int, voucher: Voucher) -> OutboxRow:
        """That a voucher was issued."""
        data = {"message": voucher.message, **self.terms(voucher)}
        event_id = derived_id("voucher.issued", voucher.message)
        return telling.news(lane, "voucher.issued", event_id, voucher.person, voucher.issued_at, data)

    def granted(self, lane: int, granted: Granted) -> OutboxRow:
        """That a perk was given for a time."""
        data = {"perk": granted.perk, "message": granted.id, "until": instants.text(granted.ends_at)}
        event_id = derived_id("perk.granted", granted.person, granted.id)
        return telling.news(lane, "perk.granted", event_id, granted.person, granted.granted_at, data)

    def withheld(self, lane: int, withheld: Withheld) -> OutboxRow:
        """That a message goes on without its offer."""
        data = {
            "message": withheld.message,
            "play": withheld.play,
            "offer": withheld.offer,
            "reason": withheld.reason,
        }
        event_id = derived_id("offer.withheld", withheld.message)
        return telling.news(lane, "offer.withheld", event_id, withheld.person, withheld.at, data)

    def refused(self, lane: int, person: str, code: str, order: Order, reason: Refusal) -> OutboxRow:
        """That an order was placed with a voucher that did not count."""
        data = {"code": code, "order_id": order.id, "reason": reason}
        event_id = derived_id("voucher.refused", code, person, order.id)
        return telling.news(lane, "voucher.refused", event_id, person, order.at, data)

    def used(self, lane: int, news: News) -> list[OutboxRow]:
        """That a voucher was redeemed, or given back."""
        voucher, redemption = news.voucher, news.redemption
        data = {
            "code": voucher.code,
            "message": voucher.message,
            "order_id": redemption.order_id,
            "discount": major(redemption.discount, self._exponent),
            "currency": self._currency,
        }
        told = []
        if news.redeemed:
            told.append(("voucher.redeemed", redemption.at))
        if news.returned:
            assert redemption.refunded_at is not None
            told.append(("voucher.given_back", redemption.refunded_at))
        return [
            telling.news(lane, kind, derived_id(kind, voucher.code, redemption.order_id), voucher.person, at, data)
            for kind, at in told
        ]
