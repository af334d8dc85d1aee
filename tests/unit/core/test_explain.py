"""Explanations: derived from what decides, so they agree with it."""

from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ladder.core import fold
from services.ladder.core.explain import Explanation, explain
from services.ladder.core.facts import Known
from services.ladder.core.rules import Rules, load
from services.ladder.core.standing import Standing
from shared import instants
from shared.events import Needed
from tests.make import RULES_TOML, credit, day, fact, purchase, rules
from tests.unit.core.lives import EXOTIC, RULES, lives
from tests.unit.core.told import of_type, stand

every_rules = pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())
thorough = settings(max_examples=50, deadline=None)
later = st.sampled_from([0, 1, 29, 30, 90, 200, 364, 365, 380, 395, 800])


def shown(*facts: Known, at: float, rules_: Rules | None = None) -> Any:
    """The explanation as JSON would show it."""
    by = rules_ or rules()
    return msgspec.to_builtins(explain(stand(*facts, at=day(at), rules=by), day(at), by))


def bought(*days: float) -> list[Known]:
    return [purchase(day(at), id_=f"p{at}") for at in days]


def test_a_customer_at_risk() -> None:
    """A customer's explanation tells all there is to tell, in this shape."""
    assert shown(*bought(0, 40, 41), at=150) == {
        "as_of": "2024-05-30T00:00:00Z",
        "rules_version": 2,
        "rung": {
            "number": 4,
            "key": "customer",
            "since": "2024-02-10T00:00:00Z",
            "because": [
                {"measure": "purchases", "have": 3, "need": 2, "within_days": None, "facts": ("p41", "p40")},
            ],
        },
        "phase": {
            "phase": "active",
            "stage": "degeneration",
            "since": "2024-04-26T23:37:52Z",
            "because": "churn_risk",
        },
        "churn": {
            "horizon_days": 182,
            "chance_after_last_purchase": 0.7583,
            "chance_now": 0.2705,
            "risk_raised": True,
            "risk_at": "2024-04-26T23:37:52Z",
            "silence_at": "2024-07-27T20:10:21Z",
        },
        "next": {
            "number": 5,
            "key": "member",
            "missing": [
                [{"measure": "purchases", "have": 3, "need": 4, "within_days": 365}],
                [{"measure": "membership", "have": 0, "need": 1, "within_days": None}],
            ],
        },
        "falls": {
            "to": 3,
            "at": "2026-02-10T00:00:00Z",
            "because": [
                {"measure": "purchases", "have": 3, "need": 1, "within_days": 730, "facts": ("p41",)},
            ],
        },
        "totals": {
            "purchases": 3,
            "purchase_days": 3,
            "spent": "30.00",
            "refunded": "0.00",
            "currency": "EUR",
            "first_purchase_at": "2024-01-01T00:00:00Z",
            "last_purchase_at": "2024-02-11T00:00:00Z",
        },
        "override": None,
        "referrals": {"made": 0, "converted": 0},
    }


def test_somebody_merely_known() -> None:
    """Who never bought has no churn, and cannot fall."""
    told = shown(fact("contact.identified", day(0)), at=0)
    assert (told["churn"], told["falls"], told["rung"]["because"]) == (None, None, [])
    assert told["totals"]["first_purchase_at"] is None
    assert [[one["measure"] for one in way] for way in told["next"]["missing"]] == [
        ["responses"],
        ["checkouts"],
        ["engagements"],
    ]


def test_the_top_has_no_next() -> None:
    """Above the fan there is nothing to reach."""
    friends = [credit(friend, converted=day(1)) for friend in ("f1", "f2", "f3")]
    told = shown(fact("membership.started", day(0)), *bought(0), fact("referral.made", day(0)), *friends, at=1)
    assert (told["rung"]["number"], told["next"]) == (7, None)
    assert told["rung"]["because"][0]["facts"] == ("f3-bought", "f2-bought", "f1-bought")


def test_only_the_ways_that_hold_are_reasons() -> None:
    """A customer by membership is one by purchase and membership, not by two purchases."""
    told = shown(*bought(0), fact("membership.started", day(0), id_="m"), at=0)
    assert [(one["measure"], one["facts"]) for one in told["rung"]["because"]] == [("membership", ("m",))]
    customer = shown(*bought(0), fact("membership.started", day(0), id_="m"), at=0, rules_=customers_last())
    assert [one["measure"] for one in customer["rung"]["because"]] == ["purchases", "membership"]


def customers_last() -> Rules:
    """The shipped rules, with the member's rung out of reach."""
    shipped = RULES_TOML.read_text()
    member = 'at_least = 4, within_days = 365 },\n    { measure = "membership", at_least = 1 },'
    assert member in shipped
    return load(shipped.replace(member, "at_least = 4, within_days = 365 },"))


def test_nearest_way_first() -> None:
    """The way that needs the fewest further facts comes first, whatever the rules' order."""
    told = shown(*bought(0), at=0)
    assert [[one["measure"] for one in way] for way in told["next"]["missing"]] == [["purchases"], ["membership"]]
    told = shown(*bought(0, 1), at=1)
    assert [[one["measure"] for one in way] for way in told["next"]["missing"]] == [["membership"], ["purchases"]]


def test_where_only_keep_fails_its_ways_are_missing() -> None:
    """Somebody who once looked enough, but too long ago, is told what would hold the rung."""
    told = shown(fact("contact.responded", day(0), channel="mail"), at=365)
    assert told["rung"]["number"] == 1
    assert [(one["measure"], one["within_days"]) for (one,) in told["next"]["missing"]] == [
        ("responses", 365),
        ("checkouts", 365),
        ("engagements", 365),
    ]


def test_in_grace_the_reasons_are_those_of_keep() -> None:
    """A member in grace is told by which criteria the rung could still be held, and when it falls."""
    joined, left = fact("membership.started", day(0)), fact("membership.ended", day(50), cause="moved")
    told = shown(joined, *bought(0), left, at=60)
    assert told["rung"]["number"] == 5
    assert [(one["measure"], one["have"], one["need"]) for one in told["rung"]["because"]] == [
        ("purchases", 1, 2),
        ("membership", 0, 1),
        ("purchases", 1, 1),
    ]
    assert (told["falls"]["to"], told["falls"]["at"]) == (4, instants.text(day(80)))
    assert [one["measure"] for one in told["falls"]["because"]] == ["purchases", "membership"]


def test_when_enter_has_run_out_keep_is_the_reason() -> None:
    """A member of four purchases long ago is held by the two of this year."""
    told = shown(*bought(0, 100, 200, 300), at=370)
    assert [(one["have"], one["need"], one["facts"]) for one in told["rung"]["because"]] == [(3, 2, ("p300", "p200"))]


def test_money_is_text_with_the_currency_s_decimals() -> None:
    """Amounts are shown as they are written, also where a rung asks for money."""
    yen = load(EXOTIC.replace("5.5", "6"), currency="JPY", exponent=0)
    told = shown(purchase(day(0), amount="19"), at=0, rules_=yen)
    assert (told["totals"]["spent"], told["totals"]["currency"]) == ("19", "JPY")
    assert told["next"]["missing"] == [[{"measure": "spend", "have": "19", "need": "20", "within_days": None}]]


def test_deadlines_count_though_nobody_swept() -> None:
    """The explanation is as of its instant, whenever the sweep runs."""
    first = stand(*bought(0), at=day(0))
    assert explain(first, day(400), rules()) == explain(stand(*bought(0), at=day(400)), day(400), rules())


@every_rules
@thorough
@given(facts=lives(), wait=later)
def test_the_fall_happens_as_explained(rules: Rules, facts: list[Known], wait: int) -> None:
    """Nothing more being heard, the person falls at the instant named, to the rung named, and no sooner."""
    standing, now, told = explained(rules, facts, wait)
    if told.falls is None:
        _, changes = fold.sweep(standing, now + 10_000 * instants.DAY, rules)
        assert not of_type(changes, "rung.demoted")
        return
    at = instants.parse(told.falls.at)
    assert at > now
    assert not of_type(fold.sweep(standing, at - 1, rules)[1], "rung.demoted")
    assert fold.sweep(standing, at, rules)[0].rung == told.falls.to
    assert told.falls.because


@every_rules
@thorough
@given(facts=lives(), wait=later)
def test_the_reasons_hold(rules: Rules, facts: list[Known], wait: int) -> None:
    """Outside its grace a rung is held by criteria that are met, each with the facts that meet it."""
    standing, now, told = explained(rules, facts, wait)
    rung = rules.rungs[told.rung.number - 1]
    by_hand = [one.measure for one in told.rung.because] == ["override"]
    assert by_hand is (standing.rung != standing.rung_by_rules)
    in_grace = standing.ends[rung.index] <= now
    assert in_grace or told.rung.number == 1 or told.rung.because
    for one in told.rung.because:
        if not in_grace and isinstance(one.have, int) and isinstance(one.need, int):
            assert one.have >= one.need == len(one.facts)
    known = {fact.id for fact in facts} | {f"f{n}-bought" for n in range(1, 5)}
    assert all(known.issuperset(one.facts) for one in told.rung.because)


@every_rules
@thorough
@given(facts=lives(), wait=later, data=st.data())
def test_who_does_what_is_missing_rises(rules: Rules, facts: list[Known], wait: int, data: st.DataObject) -> None:
    """Any of the ways missing, once gone, leads to the next rung by the rules, unless its keep alone still fails."""
    standing, now, told = explained(rules, facts, wait)
    if told.next_ is None:
        return
    after: Standing = standing
    for more in supplied(data.draw(st.sampled_from(told.next_.missing)), now, rules):
        after, _ = fold.step(after, more, rules)
    rung = rules.rungs[told.next_.number - 1]
    assert after.rung_by_rules >= told.next_.number or rung.enter.until(after) > now >= rung.keep.until(after)


def explained(rules: Rules, facts: list[Known], wait: int) -> tuple[Standing, int, Explanation]:
    """A life some days after its last fact."""
    standing = fold.refold(facts, rules)
    assert standing is not None
    now = standing.step_at + wait * instants.DAY
    standing, _ = fold.sweep(standing, now, rules)
    return standing, now, explain(standing, now, rules)


def supplied(way: list[Needed], at: int, rules: Rules) -> list[Known]:
    """The facts that a way still needs, all at one instant."""
    numbers = count()
    return [more for one in way for more in _supply(one, at, rules, numbers)]


def _supply(needed: Needed, at: int, rules: Rules, numbers: Any) -> list[Known]:
    if isinstance(needed.have, str):
        return [purchase(at, order=f"z{next(numbers)}", id_=f"z{next(numbers):03}", amount=str(needed.need))]
    assert isinstance(needed.need, int)
    return [_one(needed.measure, at, f"z{next(numbers):03}", rules) for _ in range(needed.need - needed.have)]


def _one(measure: str, at: int, name: str, rules: Rules) -> Known:
    match measure:
        case "purchases":
            return purchase(at, order=name, id_=name)
        case "referrals_converted":
            return credit(name, converted=at)
        case "recommendations":
            return fact("contact.rated", at, id_=name, score=rules.recommendation_score)
        case _:
            type_, data = TYPES[measure]
            return fact(type_, at, id_=name, **data)


TYPES: dict[str, tuple[str, dict[str, str]]] = {
    "responses": ("contact.responded", {"channel": "mail"}),
    "checkouts": ("contact.checkout_started", {}),
    "engagements": ("contact.engaged", {"kind": "opened"}),
    "membership": ("membership.started", {}),
    "referrals_made": ("referral.made", {}),
}
