"""Vouchers: made with the message that brings them, of nothing but it and the terms."""

from decimal import Decimal

from services.notifier.message import Message
from services.notifier.plays import WinBack
from services.notifier.sealed import voucher_code
from services.notifier.store import Voucher
from shared.instants import DAY


def voucher_for(message: Message, offer: WinBack, secret: bytes, exponent: int) -> Voucher:
    """The voucher that comes with this message; `exponent` is the currency's number of decimals."""
    return Voucher(
        code=voucher_code(secret, message.id),
        message=message.id,
        person=message.person,
        percent=offer.percent,
        minimum=None if offer.minimum is None else int(offer.minimum.scaleb(exponent)),
        issued_at=message.at,
        valid_until=message.at + offer.valid_days * DAY,
    )


def major(minimum: int | None, exponent: int) -> Decimal | None:
    """Minor units as an amount of the currency."""
    return None if minimum is None else Decimal(minimum).scaleb(-exponent)
