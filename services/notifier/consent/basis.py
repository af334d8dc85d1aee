"""On what a message may stand, or what is in its way. Pure.

Per channel and purpose the newest of consent and objection counts. Article 21 (2) GDPR: an objection to advertising
ends it at once, whatever it stood on; no consent that is older revives it.
"""

from collections.abc import Iterable, Iterator

import msgspec

from services.notifier.consent.evidence import ExistingCustomer
from services.notifier.consent.grant import Grant, Ground, grant, is_for
from services.notifier.consent.ledger import Ledger
from services.notifier.consent.sales import Order, category
from services.notifier.consent.statement import Kind, Statement
from services.notifier.consent.words import (
    About,
    Topic,
    forbidden_channels,
    forbidden_purpose,
    permitted_channel,
)
from services.notifier.message import Channel, Purpose, Reason


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent: by which channel, for which purpose, about what, and where to.

    `categories` are the goods it advertises, where it names some. `answers`: it confirms what the person has just done,
    such as a cancellation or an objection, and is owed to them.
    """

    channel: Channel
    purpose: Purpose
    topic: Topic | None = None
    categories: tuple[str, ...] = ()
    address: str | None = None
    answers: bool = False


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a message stands on; `source` and `id` name the consent, `order_id` the sale."""

    ground: Ground
    source: str | None = None
    id: str | None = None
    order_id: str | None = None


def basis(ledger: Ledger, asked: Asked, known_until: int | None) -> Basis | Reason:
    """What this message may stand on, or why it may not be sent; `known_until` leaves out what was said later."""
    match asked.purpose:
        case Purpose.SERVICE:
            return _of_service(ledger, asked, known_until)
        case Purpose.MARKETING:
            return _of_marketing(ledger, asked, known_until)


def newest_about(ledger: Ledger, asked: Asked, known_until: int | None) -> Statement | None:
    """Of all that was said about this, and may be relied on, the newest: what another statement has to outdo."""
    said = [*_objections(ledger, asked, known_until)]
    said += [
        each
        for each in ledger.said(Kind.CONSENT, known_until)
        if isinstance(found := grant(each), Grant) and _covers(found, asked)
    ]
    return max(said, key=lambda each: each.order, default=None)


def _of_service(ledger: Ledger, asked: Asked, known_until: int | None) -> Basis | Reason:
    """Nobody has to agree to what is owed to them. Who wanted nothing at all has to turn to the shop again first."""
    against = _newest(_objections(ledger, asked, known_until))
    if against is None or asked.answers:
        return Basis(ground=Ground.SERVICE)
    if not any(each.order > against.order for each in _approaches(ledger, asked, known_until)):
        return Reason.OBJECTED
    return Basis(ground=Ground.SERVICE)


def _approaches(ledger: Ledger, asked: Asked, known_until: int | None) -> Iterator[Statement]:
    """Consents by this channel, proven or not: a request for mail wants an answer by mail."""
    for each in ledger.said(Kind.CONSENT, known_until):
        if permitted_channel(each.channel) is asked.channel or (
            each.channel is None and asked.channel is Channel.EMAIL
        ):
            yield each


def _of_marketing(ledger: Ledger, asked: Asked, known_until: int | None) -> Basis | Reason:
    objections = [*_objections(ledger, asked, known_until)]
    against = _newest(iter(objections))
    grants = [
        found
        for each in ledger.said(Kind.CONSENT, known_until)
        if isinstance(found := grant(each), Grant) and _covers(found, asked) and _outdoes(found, objections)
    ]
    orders = ledger.orders(known_until)
    for each in sorted(grants, key=lambda one: one.statement.order, reverse=True):
        if (stands := _stands(each, asked, orders, against)) is not None:
            return stands
    if against is not None:
        return Reason.OBJECTED
    if asked.channel is Channel.POST and orders:
        return Basis(ground=Ground.CUSTOMER, order_id=min(orders.values(), key=lambda order: (order.at, order.id)).id)
    return Reason.NO_BASIS


def _stands(each: Grant, asked: Asked, orders: dict[str, Order], against: Statement | None) -> Basis | None:
    """The basis that this consent is; an existing customer's, if all conditions of section 7 (3) UWG are met.

    The address came with a sale that stands (no. 1), what is advertised is similar to what was sold (no. 2), nobody
    objected (no. 3), and notice was given then, as it is in every message (no. 4). After an objection only a sale that
    is newer gives the address anew.
    """
    order_id = None
    if isinstance(each.evidence, ExistingCustomer):
        order = orders.get(each.evidence.order_id)
        if order is None or not _similar(each.evidence, order, asked) or (against and order.at <= against.at):
            return None
        order_id = order.id
    return Basis(ground=each.ground, source=each.statement.source, id=each.statement.id, order_id=order_id)


def _similar(evidence: ExistingCustomer, order: Order, asked: Asked) -> bool:
    """Whether all goods that are advertised are of categories that were sold, which must be known."""
    sold = order.categories or frozenset(map(category, evidence.categories))
    return bool(sold) and sold.issuperset(map(category, asked.categories))


def _covers(each: Grant, asked: Asked) -> bool:
    return each.channel is asked.channel and _within(asked, each.about) and is_for(each, asked.address)


def _outdoes(each: Grant, objections: Iterable[Statement]) -> bool:
    """Whether it is newer than all of these; what was refused by name is agreed to by name only."""
    return all(
        each.statement.order > against.order
        and (not isinstance(named := forbidden_purpose(against.purpose), Topic) or named is each.about)
        for against in objections
    )


def _objections(ledger: Ledger, asked: Asked, known_until: int | None) -> Iterator[Statement]:
    for each in ledger.said(Kind.OBJECTION, known_until):
        about = forbidden_purpose(each.purpose)
        if asked.channel in forbidden_channels(each.channel) and (about is None or _within(asked, about)):
            yield each


def _within(asked: Asked, about: About) -> bool:
    """Whether what is asked is part of that purpose or topic."""
    return about is asked.purpose or (asked.purpose is Purpose.MARKETING and about is asked.topic)


def _newest(statements: Iterator[Statement]) -> Statement | None:
    return max(statements, key=lambda each: each.order, default=None)
