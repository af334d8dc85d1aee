"""What the notifier tells on `notifier.events`, declared once, as the messages of `shared.events` are."""

from decimal import Decimal
from typing import Final

import msgspec

from shared.events import Id, _Message


class MessageNews(msgspec.Struct, kw_only=True, gc=False):
    """What became of a message: its play and templates, the announcement that caused it, its state and why.

    `way` is missing for mail, else who carries it (`task`: staff, `webhook`: another program, `letter`: a print shop)
    and by which `channel`, if it ends at the person.
    """

    message: Id
    play: str
    mail: str
    cause: str
    state: str
    reason: str | None = None
    basis: str | None = None
    way: str | None = None
    channel: str | None = None


class VoucherTerms(msgspec.Struct, kw_only=True, gc=False):
    """A voucher: `amount` and `minimum` in major units; what it has nothing to say about is missing."""

    message: Id
    code: str
    offer: str | None = None
    kind: str
    percent: int | None = None
    amount: Decimal | None = None
    categories: list[str] | None = None
    minimum: Decimal | None
    currency: str
    valid_until: str


class VoucherUse(msgspec.Struct, kw_only=True, gc=False):
    """An order and the voucher that counted for it; `discount` in major units."""

    code: str
    message: Id
    order_id: str
    discount: Decimal
    currency: str


class VoucherRefusal(msgspec.Struct, kw_only=True, gc=False):
    """An order and the voucher that did not count for it."""

    code: str
    order_id: str
    reason: str


class OfferWithheld(msgspec.Struct, kw_only=True, gc=False):
    """A message that goes on without its offer."""

    message: Id
    play: str
    offer: str
    reason: str


class PerkNews(msgspec.Struct, kw_only=True, gc=False):
    """A perk, by the rung and the announcement that brought it, or by the message and until when."""

    perk: str | None
    rung: int | None = None
    cause: str | None = None
    message: str | None = None
    until: str | None = None


class SwitchOff(msgspec.Struct, kw_only=True, gc=False):
    """A subscription that is called no more: its URL, and whether it was `gone` or `failing`."""

    url: str
    reason: str


class MessageSent(_Message, tag="message.sent"):
    """A message was handed over."""

    data: MessageNews


class MessageHeldBack(_Message, tag="message.held_back"):
    """A message was decided and not sent."""

    data: MessageNews


class MessageFailed(_Message, tag="message.failed"):
    """A message was refused, tried in vain, or may or may not have arrived."""

    data: MessageNews


class VoucherIssued(_Message, tag="voucher.issued"):
    """A voucher came with a message."""

    data: VoucherTerms


class VoucherRedeemed(_Message, tag="voucher.redeemed"):
    """A voucher counted for an order; the subject is whom it was given to."""

    data: VoucherUse


class VoucherGivenBack(_Message, tag="voucher.given_back"):
    """The order was refunded."""

    data: VoucherUse


class VoucherRefused(_Message, tag="voucher.refused"):
    """An order was placed with a voucher that did not count; the subject placed it."""

    data: VoucherRefusal


class OfferNotMade(_Message, tag="offer.withheld"):
    """A budget or a pool had nothing left."""

    data: OfferWithheld


class PerkGranted(_Message, tag="perk.granted"):
    """A perk was given."""

    data: PerkNews


class PerkWithdrawn(_Message, tag="perk.withdrawn"):
    """A perk was taken back."""

    data: PerkNews


class SubscriptionSwitchedOff(_Message, tag="subscription.switched_off"):
    """A subscription to webhooks was switched off; `subject` is its id."""

    data: SwitchOff


Notice = (
    MessageSent
    | MessageHeldBack
    | MessageFailed
    | VoucherIssued
    | VoucherRedeemed
    | VoucherGivenBack
    | VoucherRefused
    | OfferNotMade
    | PerkGranted
    | PerkWithdrawn
    | SubscriptionSwitchedOff
)
NOTICE_TYPES: Final[tuple[type[Notice], ...]] = Notice.__args__
