"""Lives for the comparison: facts of all kinds where windows end, with repeats, refunds and credits.

A life is a function of choices, so that the same code serves a seed, and Hypothesis, which can then shrink it.
"""

from collections.abc import Sequence
from random import Random
from typing import Any, Final, Protocol, TypeVar

import msgspec
from hypothesis import strategies as st

from shared import events, instants
from tests.oracle import Shop, Told

T = TypeVar("T")

START: Final = instants.parse("2021-03-01T00:00:00Z")
SHOPS: Final = (Shop(), Shop(zone="Europe/Berlin"), Shop(exponent=0, zone="America/Sao_Paulo"))
FRIENDS: Final = ("ann", "bob", "cid", "dot", "eve")
DAILY: Final = (0, 0, 0, 1, 1, 2, 7)
SHORT: Final = (0, 0, 0, 0, 1, 2, 5, 13, 14, 15, 28, 29, 30, 45)
LONG: Final = (76, 89, 90, 91, 120, 180, 275, 335, 364, 365, 366, 395, 730, 760)
"""Days between facts: the rules' durations with their neighbours."""
OFFSETS: Final = (0, 0, 0, 0, 0, 1, -1, instants.SECOND, 9 * instants.HOUR, 23 * instants.HOUR)
GAPS: Final = (DAILY, DAILY * 5 + LONG, SHORT, SHORT + LONG, SHORT * 3 + LONG)

_EVERYTHING: Final = (
    "purchase", "refund", "referral", "credit", "identified", "responded", "checkout", "engaged", "complained",
    "served", "rated", "consented", "objected", "cancelled", "joined", "left", "voiced", "overridden", "lifted",
)  # fmt: skip
KINDS: Final = (
    _EVERYTHING,
    _EVERYTHING + ("purchase",) * 12,
    ("purchase",) * 5 + ("refund", "refund"),
    ("purchase",) * 20 + ("cancelled", "refund"),
    ("purchase", "purchase", "complained", "complained", "served"),
    ("purchase", "joined", "left", "referral", "voiced"),
    ("purchase",) * 6 + ("joined", "left", "referral", "credit", "credit", "voiced", "refund"),
    ("purchase", "purchase", "joined", "referral", "credit", "credit"),
    ("purchase", "purchase", "joined", "left", "voiced", "refund", "overridden", "overridden", "lifted"),
    ("identified", "responded", "checkout", "engaged", "engaged", "consented", "joined", "cancelled"),
)
"""What a life is about: everything, buying, giving back, complaining, climbing, also by hand, or never buying."""
BY_OTHERS: Final = frozenset({"credit", "overridden", "lifted"})
"""What makes nobody known."""
AMOUNTS: Final = (("0", "10", "10", "25", "60", "100"), ("0", "0", "0", "0", "10"), ("10", "20"))


class Choose(Protocol):
    """One of these options."""

    def __call__(self, options: Sequence[T], /) -> T: ...


class Life:
    """The making of one life; ids are not in the order of time."""

    def __init__(self, choose: Choose) -> None:
        self.choose = choose
        self.kinds = choose(KINDS)
        self.gaps = choose(GAPS)
        self.amounts = choose(AMOUNTS)
        self.orders: list[str] = ["none"]
        self.versions: dict[str, int] = {}

    def facts(self, count: int) -> list[Told]:
        """So many facts in the order of time, but for small steps back; the first is the person's own."""
        day = START
        told: list[Told] = [self.own(self.choose([kind for kind in self.kinds if kind not in BY_OTHERS]), 0, START)]
        for n in range(1, count):
            day += self.choose(self.gaps) * instants.DAY
            told.append(self.fact(n, max(START + 1, day + self.choose(OFFSETS))))
        return told

    def fact(self, n: int, at: int) -> Told:
        """The n-th fact."""
        kind = self.choose(self.kinds)
        match kind:
            case "credit":
                return self.credit(at)
            case "overridden" | "lifted":
                return self.word(kind, n, at)
            case _:
                return self.own(kind, n, at)

    def own(self, kind: str, n: int, at: int) -> events.Fact:
        """A fact of the person's own."""
        wire = {"id": self.name(n), "source": self.choose(("shop", "shop", "crm")), "time": instants.text(at)}
        fact: events.Fact = msgspec.convert({**wire, "subject": "me", **self.body(kind, n)}, events.Fact)
        return fact

    def name(self, n: int) -> str:
        """An id; one in twelve is that of the fact before, but never that of the first, without whom none is known."""
        number = n if n < 2 or self.choose(range(12)) else n - 1
        return f"{number * 7 % 11:02}-{number}"

    def order(self, n: int) -> str:
        """An order id; one in ten was used before."""
        self.orders.append(f"o{n}" if self.choose(range(10)) else self.choose(self.orders))
        return self.orders[-1]

    def body(self, kind: str, n: int) -> dict[str, Any]:
        """Type and data of a kind."""
        data: dict[str, Any] = {}
        match kind:
            case "purchase":
                data = {"order_id": self.order(n), "amount": self.choose(self.amounts), "currency": "EUR"}
            case "refund":
                order = self.choose((*self.orders[-3:], self.choose(self.orders), f"o{n + 1}"))
                data = {"order_id": order, "amount": self.choose((None, None, "0", "4", "25"))}
            case _:
                data = self.choose(_DATA.get(kind, ({},)))
        return {"type": _TYPES[kind], "data": data}

    def credit(self, at: int) -> events.ReferralCredited:
        """What a friend's side says: a first purchase; later that it moved, or that there is none any more."""
        friend = self.choose(FRIENDS)
        version = self.versions[friend] = self.versions.get(friend, 0) + 1
        cause = self.deed(friend, f"deed {version}", at)
        moved_at = max(START + 1, at - self.choose((0, 1, 40)) * instants.DAY)
        moved = self.deed(friend, f"purchase {version}", moved_at)
        converted = cause if version == 1 else self.choose((cause, None, moved))
        data = events.Credit(friend=friend, converted=converted, cause=cause, version=version)
        name = events.derived_id("credit", friend, str(version))
        time = (converted or cause).at
        return events.ReferralCredited(id=name, source="ladder", subject="me", time=time, data=data)

    def word(self, kind: str, n: int, at: int) -> events.Override:
        """A rung given by hand, for good or for a while, perhaps one that is over at once; or the lifting of one."""
        name, time = self.name(n), instants.text(at)
        if kind == "lifted":
            taken = events.Lifting(by="crm")
            return events.RungOverrideLifted(id=name, source=events.BY_HAND, subject="me", time=time, data=taken)
        days = self.choose((None, None, -1, *SHORT[3:], *LONG))
        given = events.Overriding(
            rung=self.choose(range(1, 8)),
            kind=self.choose(("floor", "fixed")),
            reason="",
            by="crm",
            until=None if days is None else instants.text(at + days * instants.DAY),
        )
        return events.RungOverridden(id=name, source=events.BY_HAND, subject="me", time=time, data=given)

    def deed(self, friend: str, name: str, at: int) -> events.FactRef:
        """A fact of a friend."""
        return events.FactRef(at=instants.text(at), person=friend, source="shop", id=f"{friend} {name}")


_DATA: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "referral": ({}, {"referee": "me"}, {"referee": "ann"}, {"referee": "bob"}),
    "responded": ({"channel": "mail"},),
    "engaged": ({"kind": "visited"},),
    "served": ({"minutes": 5},),
    "rated": ({"score": 0}, {"score": 8}, {"score": 9}, {"score": 10}),
    "consented": ({}, {"purpose": "marketing"}, {"purpose": "survey"}),
    "left": ({"cause": "not_renewed"}, {"cause": "moved"}),
    "voiced": ({"kind": "review", "positive": True}, {"kind": "social", "positive": False}),
}
_TYPES: Final = {
    "purchase": "purchase.completed",
    "refund": "purchase.refunded",
    "identified": "contact.identified",
    "responded": "contact.responded",
    "checkout": "contact.checkout_started",
    "engaged": "contact.engaged",
    "complained": "contact.complained",
    "served": "contact.served",
    "rated": "contact.rated",
    "consented": "contact.consented",
    "objected": "contact.objected",
    "cancelled": "contact.cancelled",
    "joined": "membership.started",
    "left": "membership.ended",
    "referral": "referral.made",
    "voiced": "referral.voiced",
}


def seeded(seed: int) -> tuple[Shop, list[Told]]:
    """A shop and a life of up to 24 facts."""
    random = Random(seed)
    return random.choice(SHOPS), Life(random.choice).facts(random.randint(1, 24))


@st.composite
def drawn(draw: st.DrawFn, most: int = 14) -> tuple[Shop, list[Told]]:
    """A shop and a life, for Hypothesis to search and to shrink."""

    def choose(options: Sequence[T]) -> T:
        return draw(st.sampled_from(options))

    return choose(SHOPS), Life(choose).facts(draw(st.integers(1, most)))


def crowd(seed: int) -> list[events.Fact]:
    """Facts of a few people who buy, give back and refer each other; at few instants, so that many coincide."""
    random = Random(seed)
    days = [random.randrange(900) for _ in range(random.choice((1, 2, 20)))]
    return [_deed(random, n, START + random.choice(days) * instants.DAY) for n in range(random.randint(2, 70))]


def _deed(random: Random, n: int, at: int) -> events.Fact:
    type_, data = random.choice(
        (
            ("purchase.completed", {"order_id": f"o{random.randrange(40)}", "amount": "10", "currency": "EUR"}),
            ("purchase.refunded", {"order_id": f"o{random.randrange(40)}"}),
            ("referral.made", {"referee": random.choice(("me", *FRIENDS))}),
            ("referral.made", {"referee": random.choice(("me", *FRIENDS))}),
            ("membership.started", {}),
        )
    )
    person, name = random.choice(("me", *FRIENDS)), f"{random.randrange(100):02}-{n}"
    wire = {"type": type_, "id": name, "source": "shop", "subject": person, "time": instants.text(at), "data": data}
    fact: events.Fact = msgspec.convert(wire, events.Fact)
    return fact
