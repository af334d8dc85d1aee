"""Generated lives of one person: dense, so that instants, windows and graces collide."""

from typing import Any

from hypothesis import strategies as st

from services.ladder.core.facts import Known, instant
from services.ladder.core.rules import Rules
from services.ladder.core.rules import load as load_rules
from tests import make

SPAN = 1_500
"""Days from the first fact to the last."""
GAPS = (0, 0, 0, 0.5, 1, 1, 2, 7, 14, 16, 28, 30, 60, 86, 90, 166, 180, 335, 365, 395)
"""Days between neighbours; sums and differences of what the rules name."""
SOURCES = (None, "letter", "search")
AMOUNTS = ("0.00", "5.00", "10.00", "10.00", "40.00")

EXOTIC = """
version = 7

[[rungs]]
key = "target_market"

[[rungs]]
key = "prospect"
enter = { measure = "engagements", at_least = 2, within_days = 30 }
keep.any_of = [
    { measure = "engagements", at_least = 1, within_days = 60 },
    { measure = "checkouts", at_least = 2, within_days = 90 },
]
grace_days = 16

[[rungs]]
key = "buyer"
enter = { measure = "purchases", at_least = 1 }
keep.any_of = [
    { measure = "purchases", at_least = 1, within_days = 180 },
    { measure = "membership", at_least = 1 },
]
grace_days = 14

[[rungs]]
key = "customer"
needs_below = true
enter = { measure = "spend", at_least = "20.00" }
keep.all_of = [
    { measure = "spend", at_least = 15, within_days = 180 },
    { any_of = [{ measure = "purchases", at_least = 2 }, { measure = "membership", at_least = 1 }] },
]
grace_days = 30

[[rungs]]
key = "member"
needs_below = true
enter = { measure = "membership", at_least = 1 }
keep = { measure = "membership", at_least = 1 }

[[rungs]]
key = "advocate"
needs_below = true
enter = { measure = "recommendations", at_least = 2 }
keep = { measure = "spend", at_least = 5.5, within_days = 90 }
grace_days = 1

[[rungs]]
key = "fan"
needs_below = true
enter = { measure = "referrals_made", at_least = 1 }

[measures]
recommendation_score = 7

[phases]
qualification_days = 30
closing_days = 30
complaint_unanswered_days = 1
complaint_expired_days = 3
growth_from = "buyer"
growth_by_rung_days = 14
growth_by_pace_days = 28
pace_orders = 2
pace_factor = 1.5
not_renewed_days = 1
lost_days = 60

[churn]
r = 0.7
alpha = 3.0
a = 2.0
b = 1.1
horizon_days = 90
risk_at = 0.6
silence_at = 0.4
risk_floor_days = 2
silence_floor_days = 2
"""


def exotic() -> Rules:
    """Rules of another make: nothing in the core may lean on the shipped ones."""
    return load_rules(EXOTIC, time_zone="America/St_Johns")


RULES = {
    "shipped": make.rules(),
    "shipped, in Berlin": make.rules("Europe/Berlin"),
    "exotic": exotic(),
}


@st.composite
def lives(draw: st.DrawFn) -> list[Known]:
    """Facts of one person in order of time, each (source, id) once, at least one of them making the person known."""
    at = 0.0
    facts: list[Known] = [draw(facts_at(0, make.day(0)))]
    for number in range(1, draw(st.integers(1, 16))):
        at = (at + draw(st.sampled_from(GAPS))) % SPAN
        others = credits_at(at), credits_at(at), sales_at(at), words_at(number, at)
        facts.append(draw(st.one_of(*[facts_at(number, make.day(at))] * 4, *others)))
    return sorted({(fact.source, fact.id): fact for fact in facts}.values(), key=instant)


@st.composite
def facts_at(draw: st.DrawFn, number: int, at: int) -> Known:
    """A fact the shop tells; its id sorts anywhere among those of its instant."""
    named: dict[str, Any] = {
        "id_": f"{draw(st.sampled_from('abc'))}{number}",
        "source": draw(st.sampled_from(["shop", "till"])),
    }
    order = draw(st.sampled_from("123456789"))
    match draw(st.sampled_from(KINDS)):
        case "purchase":
            return make.purchase(at, order=order, amount=draw(st.sampled_from(AMOUNTS)), **named)
        case "purchase with a discount":
            return make.purchase(at, order=order, amount="5.00", discount="1.50", **named)
        case "purchase of goods":
            return make.purchase(at, order=order, amount="60.00", items=draw(st.sampled_from(GOODS)), **named)
        case "identified":
            return make.identified(at, draw(st.sampled_from(SOURCES)), draw(st.sampled_from([None, "3.20"])), **named)
        case "refund":
            return make.refund(at, order=order, amount=draw(st.sampled_from([None, *AMOUNTS])), **named)
        case type_, data:
            return make.fact(type_, at, **named, **data)
        case kind:
            raise AssertionError(kind)


GOODS: tuple[list[dict[str, str]], ...] = (
    [{"sku": "a", "amount": "50.00", "cost": "20.00"}],
    [{"sku": "a", "amount": "50.00", "cost": "20.00"}, {"sku": "b", "amount": "5.00"}],
    [{"sku": "a", "cost": "20.00"}, {"sku": "b"}],
)


@st.composite
def credits_at(draw: st.DrawFn, at: float) -> Known:
    """What a friend is worth; of one friend versions may come in any order and be worth anything."""
    friend, version = draw(st.sampled_from(["f1", "f2", "f3", "f4"])), draw(st.integers(1, 3))
    cause = draw(st.none() | st.sampled_from([make.day(at), make.day(at + 30)]))
    converted = make.day(at) if cause is None or draw(st.booleans()) else None
    return make.credit(friend, version, converted=converted, cause=cause)


@st.composite
def words_at(draw: st.DrawFn, number: int, at: float) -> Known:
    """A rung given by hand, for a while or for good, or the lifting of what was given."""
    name = f"{draw(st.sampled_from('abc'))}{number}"
    if draw(st.sampled_from([True, False, False])):
        return make.lifted(make.day(at), id_=name)
    until = draw(st.none() | st.sampled_from(GAPS).map(lambda days: make.day(at + days)))
    return make.overridden(make.day(at), draw(st.integers(1, 7)), fixed=draw(st.booleans()), until=until, id_=name)


@st.composite
def sales_at(draw: st.DrawFn, at: float) -> Known:
    """An order of a friend; of one order versions may come in any order and be worth anything, or nothing."""
    friend, version = draw(st.sampled_from(["f1", "f2"])), draw(st.integers(1, 3))
    paid, cost = draw(st.sampled_from([(None, "0"), ("5.00", "0"), ("9.99", "4.00")]))
    cause = draw(st.none() | st.just(make.day(at + 30)))
    return make.sold(friend, make.day(at), version, paid=paid, cost=cost, cause=cause)


KINDS: tuple[Any, ...] = (
    *["purchase"] * 8,
    "purchase with a discount",
    *["purchase of goods"] * 2,
    *["refund"] * 3,
    ("contact.identified", {}),
    "identified",
    ("contact.responded", {"channel": "mail"}),
    *[("contact.checkout_started", {})] * 2,
    *[("contact.engaged", {"kind": "clicked"})] * 3,
    *[("contact.complained", {})] * 2,
    ("contact.served", {"minutes": 5}),
    ("contact.rated", {"score": 9}),
    ("contact.rated", {"score": 8}),
    ("contact.consented", {"purpose": "marketing"}),
    ("contact.consented", {"purpose": "service"}),
    ("contact.consented", {}),
    ("contact.objected", {}),
    ("contact.cancelled", {}),
    *[("membership.started", {})] * 3,
    ("membership.ended", {"cause": "not_renewed"}),
    ("membership.ended", {"cause": "moved"}),
    ("referral.made", {"referee": "f1"}),
    ("referral.made", {"referee": "c1"}),
    ("referral.made", {}),
    ("referral.voiced", {"kind": "review", "positive": True}),
    ("referral.voiced", {"kind": "review", "positive": False}),
)
