"""Builders: the one place where tests make facts, rules and instants."""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from services.ladder.core.rules import Rules, load
from shared import instants
from shared.events import (
    BY_HAND,
    Announcement,
    ContactIdentified,
    Credit,
    CustomerLapsed,
    CustomerWonBack,
    Fact,
    FactRef,
    Lifting,
    Naming,
    Overriding,
    ReferralCredited,
    ReferralNamed,
    ReferralSold,
    RungDemoted,
    RungOverridden,
    RungOverrideLifted,
    RungPromoted,
    Sale,
)
from shared.instants import DAY

RULES_TOML = Path(__file__).parents[1] / "services" / "ladder" / "rules.toml"
THREE_PLAYS = Path(__file__).with_name("three_plays.toml")
START = instants.parse("2024-01-01T00:00:00Z")

DOUBLE_OPT_IN: Final[dict[str, Any]] = {
    "channel": "email",
    "purpose": "marketing",
    "basis": "double_opt_in",
    "proof": {
        "wording": "Yes, write to me",
        "version": "2023-11",
        "form": "footer",
        "requested_at": "2023-12-24T10:00:00Z",
        "requested_ip": "203.0.113.7",
        "confirmed_at": "2023-12-24T10:05:00Z",
        "confirmed_ip": "203.0.113.7",
    },
}
"""The data of a consent to advertising by e-mail, with all that proves it."""

_FACTS: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


@cache
def rules(time_zone: str = "UTC") -> Rules:
    """The rules as shipped."""
    return load(RULES_TOML.read_bytes(), time_zone=time_zone)


def day(days: float) -> int:
    """The instant so many days after the start of 2024."""
    return START + round(days * DAY)


def fact(
    type_: str, at: int, *, id_: str | None = None, source: str = "shop", subject: str = "c1", **data: Any
) -> Fact:
    """A fact as it comes from the wire; without `id_` named after its type and instant."""
    name = id_ if id_ is not None else f"{type_}@{instants.text(at)}"
    event = {"type": type_, "id": name, "source": source, "subject": subject, "time": instants.text(at), "data": data}
    return _FACTS.decode(msgspec.json.encode(event))


def purchase(at: int, *, order: str | None = None, amount: str = "10.00", **more: Any) -> Fact:
    """A purchase; without `order` one of its own; `more` are further members of its data, or attributes."""
    order_id = order if order is not None else f"order@{at}"
    return fact("purchase.completed", at, order_id=order_id, amount=Decimal(amount), currency="EUR", **more)


def identified(at: int, came_from: str | None, cost: str | None, **more: Any) -> Fact:
    """Somebody became identifiable, by this source and at this cost."""
    told = fact("contact.identified", at, acquisition_cost=cost, **more)
    assert isinstance(told, ContactIdentified)
    return replace(told, data=replace(told.data, source=came_from))


def refund(at: int, *, order: str, amount: str | None = None, **more: Any) -> Fact:
    """A refund; without `amount` in full."""
    part: dict[str, Any] = {} if amount is None else {"amount": Decimal(amount)}
    return fact("purchase.refunded", at, order_id=order, **part, **more)


def credit(
    friend: str, version: int = 1, *, converted: int | None = None, cause: int | None = None, maker: str = "c1"
) -> ReferralCredited:
    """What a friend's referral is worth to its maker; `cause`: when it changed, if not by the purchase."""
    caused = cause if cause is not None else converted
    assert caused is not None
    ref = None if converted is None else _ref(friend, converted, "bought")
    because = _ref(friend, caused, "bought" if cause is None else f"cause-{version}")
    at = instants.text(caused if converted is None else converted)
    data = Credit(friend=friend, converted=ref, cause=because, version=version)
    return ReferralCredited(id=f"credit-{friend}-{version}", source="ladder", subject=maker, time=at, data=data)


def sold(
    friend: str, at: int, version: int = 1, *, paid: str | None = "10.00", cost: str = "0", cause: int | None = None
) -> ReferralSold:
    """An order of a friend who is credited to c1; all of it is for goods that cost so much, if they cost anything."""
    order = _ref(friend, at, f"order@{at}")
    costed = Decimal(paid) if paid is not None and cost != "0" else Decimal(0)
    because = order if cause is None else _ref(friend, cause, f"cause-{version}")
    data = Sale(
        friend=friend,
        order=order,
        paid=None if paid is None else Decimal(paid),
        costed=costed,
        cost=Decimal(cost),
        cause=because,
        version=version,
    )
    name = f"sold-{friend}-{at}-{version}"
    return ReferralSold(id=name, source="ladder", subject="c1", time=instants.text(at), data=data)


def naming(maker: str, at: int, *, id_: str = "named", friend: str = "c1") -> ReferralNamed:
    """A referral as the friend's lane sees it."""
    time = instants.text(at)
    data = Naming(maker=maker, at=time, id=id_, source="shop")
    return ReferralNamed(id=f"naming-{id_}", source="ladder", subject=friend, time=time, data=data)


def overridden(
    at: int, rung: int, *, fixed: bool = False, until: int | None = None, id_: str | None = None, subject: str = "c1"
) -> RungOverridden:
    """A rung given by hand: at least this one or, `fixed`, exactly this one; until it is lifted or an instant."""
    kind: Literal["floor", "fixed"] = "fixed" if fixed else "floor"
    end = None if until is None else instants.text(until)
    data = Overriding(rung=rung, kind=kind, reason="goodwill", by="crm", until=end)
    time = instants.text(at)
    return RungOverridden(id=id_ or f"{kind} {rung}@{time}", source=BY_HAND, subject=subject, time=time, data=data)


def lifted(at: int, *, id_: str | None = None, subject: str = "c1") -> RungOverrideLifted:
    """What was given by hand is taken back."""
    time = instants.text(at)
    data = Lifting(by="crm", reason="a mistake")
    return RungOverrideLifted(id=id_ or f"lifted@{time}", source=BY_HAND, subject=subject, time=time, data=data)


def _ref(person: str, at: int, name: str) -> FactRef:
    return FactRef(at=instants.text(at), person=person, source="shop", id=f"{person}-{name}")


# -- as a shop posts them ----------------------------------------------------------------------------------------

NOW: Final = instants.parse("2026-03-01T12:00:00Z")
"""The wall clock of those who receive them."""


def posted(type_: str = "contact.checkout_started", data: object = None, **attributes: object) -> dict[str, Any]:
    """An event as a shop posts it in plain JSON; an attribute None is left out."""
    event = {"type": type_, "subject": "c1", "time": "2026-02-01T12:00:00Z", "data": data, **attributes}
    return {name: value for name, value in event.items() if value is not None}


def posted_purchase(amount: object = "49.90", *, order_id: object = "o1", **attributes: object) -> dict[str, Any]:
    """A purchase as a shop posts it in plain JSON."""
    data = {"order_id": order_id, "amount": amount, "currency": "EUR"}
    return posted("purchase.completed", data, **attributes)


def cloud_event(type_: str = "contact.checkout_started", data: object = None, **attributes: object) -> dict[str, Any]:
    """A complete CloudEvent in structured JSON."""
    return posted(type_, data, **{"specversion": "1.0", "id": "e1", "source": "shop", **attributes})


# -- as the ladder announces them --------------------------------------------------------------------------------

_ANNOUNCEMENTS: msgspec.json.Decoder[Announcement] = msgspec.json.Decoder(Announcement)


def announced(
    type_: str, at: int, from_: object, to: object, *, subject: str = "c1", id_: str | None = None, **more: Any
) -> Announcement:
    """An announcement as it comes from the wire; without `id_` named after its type and instant."""
    standing = {"rung": to if isinstance(to, int) else 3, "phase": "active", "stage": "retention"}
    data = {"from": from_, "to": to, "cause": {"fact": "f", "source": "shop"}, "standing": standing, **more}
    time = instants.text(at)
    name = id_ if id_ is not None else f"{type_}@{time}"
    event = {"type": type_, "id": name, "source": "ladder", "subject": subject, "time": time}
    return _ANNOUNCEMENTS.decode(msgspec.json.encode({**event, "data": {"recorded_at": time, **data}}))


def promoted(at: int, to: int, **more: Any) -> RungPromoted:
    """A rise to this rung."""
    message = announced("rung.promoted", at, 1, to, **more)
    assert isinstance(message, RungPromoted)
    return message


def demoted(at: int, to: int, **more: Any) -> RungDemoted:
    """A fall to this rung."""
    message = announced("rung.demoted", at, 7, to, **more)
    assert isinstance(message, RungDemoted)
    return message


def lapsed(at: int, **more: Any) -> CustomerLapsed:
    """Silence was reached."""
    message = announced("customer.lapsed", at, *_PHASES, **more)
    assert isinstance(message, CustomerLapsed)
    return message


def won_back(at: int, **more: Any) -> CustomerWonBack:
    """A passive person bought again."""
    message = announced("customer.won_back", at, *reversed(_PHASES), **more)
    assert isinstance(message, CustomerWonBack)
    return message


_PHASES: Final = ({"phase": "active", "stage": "degeneration"}, {"phase": "passive", "stage": "win_back"})
