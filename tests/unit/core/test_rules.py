"""Rules are data; what is wrong with them is said in one line."""

import pytest

from services.ladder.core.rules import RulesError, load
from services.ladder.core.standing import RUNGS
from tests.make import RULES_TOML, day, fact, purchase
from tests.unit.core.lives import EXOTIC
from tests.unit.core.told import stand

SHIPPED = RULES_TOML.read_text()

WRONG = {
    "no TOML": ("version = 2", "version = ", "not TOML"),
    "an unknown key": ("version = 2", "verzion = 2", "unknown field `verzion`"),
    "an unknown key inside": ("at_least = 2 }", "at_leest = 2 }", "unknown field `at_leest`"),
    "an unknown measure": ('measure = "responses"', 'measure = "smiles"', "smiles"),
    "a rung too many": ('key = "fan"', 'key = "friend"', "must be target_market, prospect, buyer"),
    "no threshold": (
        '{ measure = "checkouts", at_least = 1 }',
        '{ measure = "checkouts" }',
        "prospect: enter: 2: at_least",
    ),
    "a threshold of nothing": ('"purchases", at_least = 2 }', '"purchases", at_least = 0 }', "whole number from 1"),
    "half a purchase": ('"purchases", at_least = 2 }', '"purchases", at_least = 1.5 }', "whole number from 1"),
    "a window of nothing": ("within_days = 730 }", "within_days = 0 }", "within_days"),
    "two memberships": ('"membership", at_least = 1 }', '"membership", at_least = 2 }', "membership runs or not"),
    "an empty choice": (
        'enter = { measure = "purchases", at_least = 1 }',
        "enter = { any_of = [] }",
        "at least one criterion",
    ),
    "two forms at once": (
        'enter = { measure = "purchases", at_least = 1 }',
        'enter = { measure = "purchases", at_least = 1, any_of = [] }',
        "exactly one of measure, any_of and all_of",
    ),
    "a threshold beside a choice": (
        'enter = { measure = "purchases", at_least = 1 }',
        'enter = { at_least = 1, any_of = [{ measure = "purchases", at_least = 1 }] }',
        "belong to a measure",
    ),
    "a rung nobody can enter": ('enter = { measure = "purchases", at_least = 1 }', "", "buyer: enter is missing"),
    "a condition on the first rung": (
        'key = "target_market"',
        'key = "target_market"\nneeds_below = true',
        "everybody known is on it",
    ),
    "growth from nowhere": ('growth_from = "customer"', 'growth_from = "friend"', "growth_from: must be one of"),
    "complaints that expire unheard": (
        "complaint_expired_days = 180",
        "complaint_expired_days = 14",
        "must be less than complaint_expired_days",
    ),
    "a certain risk": ("risk_at = 0.5", "risk_at = 1.0", "risk_at"),
    "a floor within the purchase day": ("risk_floor_days = 28", "risk_floor_days = 1", "risk_floor_days"),
    "no dropout at all": ("a = 0.891", "a = 0", r"churn\.a"),
    "an amount that is none": (
        'enter = { measure = "purchases", at_least = 1 }',
        'enter = { measure = "spend", at_least = "much" }',
        "must be an amount",
    ),
    "an amount too precise": (
        'enter = { measure = "purchases", at_least = 1 }',
        'enter = { measure = "spend", at_least = 9.999 }',
        "above 0 with 2 decimals",
    ),
    "no amount": (
        'enter = { measure = "purchases", at_least = 1 }',
        'enter = { measure = "spend" }',
        "must be an amount",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said(old: str, new: str, message: str) -> None:
    """Rules that cannot be used are refused with one line that names the place."""
    assert old in SHIPPED
    with pytest.raises(RulesError, match=message) as refused:
        load(SHIPPED.replace(old, new))
    assert "\n" not in str(refused.value)


def test_an_unknown_time_zone_is_refused() -> None:
    """Purchase days need a calendar."""
    with pytest.raises(RulesError, match="Mars/Olympus"):
        load(SHIPPED, time_zone="Mars/Olympus")


def test_bytes_that_are_no_text_are_refused() -> None:
    """TOML is UTF-8."""
    with pytest.raises(RulesError, match="not TOML"):
        load(b"\xff")


def test_shipped_rules() -> None:
    """The shipped rules have seven rungs, of which the upper four rest on the one below."""
    rules = load(SHIPPED)
    assert tuple(rung.key for rung in rules.rungs) == RUNGS
    assert [rung.needs_below for rung in rules.rungs] == [False] * 3 + [True] * 4
    assert rules.document["version"] == rules.version == 2


def test_digest_is_of_what_changes_a_fold() -> None:
    """Thresholds, currency, its decimals and the time zone change the digest; remarks and the version do not."""
    digest = load(SHIPPED).digest
    assert load(SHIPPED.encode() + b"# a remark").digest == digest
    assert load(SHIPPED.replace("version = 2", "version = 3")).digest == digest
    others = [
        load(SHIPPED.replace("lost_days = 365", "lost_days = 366")),
        load(SHIPPED.replace("risk_at = 0.5", "risk_at = 0.4")),
        load(SHIPPED, currency="USD"),
        load(SHIPPED, exponent=0),
        load(SHIPPED, time_zone="Europe/Berlin"),
    ]
    assert len({digest, *(other.digest for other in others)}) == 1 + len(others)


def test_only_what_the_rules_ask_for_is_remembered() -> None:
    """However long a life, of each measure no more newest facts are kept than the rules need."""
    facts = [purchase(day(at)) for at in range(100)]
    facts += [fact("contact.engaged", day(at), kind="opened") for at in range(100, 200)]
    standing = stand(*facts, at=day(200))
    assert len(standing.order_ats) == len(standing.order_ids) == len(standing.order_amounts) == 6
    assert (standing.marks["engagements"].count, len(standing.marks["engagements"].ats)) == (100, 3)


def test_spend_remembers_its_window() -> None:
    """Orders are kept as long as the widest window over money reaches back."""
    facts = [purchase(day(at), amount="1") for at in range(400)]
    standing = stand(*facts, at=day(400), rules=load(EXOTIC))
    assert standing.order_ats == tuple(day(at) for at in range(220, 400))


@pytest.mark.parametrize(("at", "rung"), [(179, 4), (195, 4), (230, 1)])
def test_spend_within_a_window(at: float, rung: int) -> None:
    """Money spent long ago does not hold a rung that asks for money lately."""
    facts = (purchase(day(0), amount="19"), purchase(day(15), amount="1.00"))
    assert stand(*facts, at=day(at), rules=load(EXOTIC)).rung == rung


def test_a_rung_may_be_lost_to_one_that_is_not_below_it_by_need() -> None:
    """Who loses the buyer's rung lands on the prospect's if that is still held, else at the bottom."""
    looked = [fact("contact.engaged", day(at), kind="opened") for at in (150, 151)]
    assert stand(*looked, purchase(day(0)), at=day(194), rules=load(EXOTIC)).rung == 2
    assert stand(purchase(day(0)), at=day(194), rules=load(EXOTIC)).rung == 1
