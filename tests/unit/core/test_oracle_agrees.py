"""The core against a second reading of the rules that shares nothing with it."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import events, instants
from tests import make, oracle
from tests.cdnow import cdnow_purchases
from tests.oracle import Shop, Told
from tests.unit.core.fates import crowd, drawn, seeded
from tests.unit.core.readings import (
    comparable,
    ladder_by_core,
    ladder_by_oracle,
    standing_by_core,
    standing_by_oracle,
    told_by_core,
    told_by_oracle,
)

CORNERS: dict[str, list[Told | int]] = {
    "late cancellations undo what was swept": [
        make.purchase(make.day(0)),
        make.fact("contact.cancelled", make.day(10)),
        make.day(400),
        make.fact("contact.checkout_started", make.day(300)),
        make.purchase(make.day(290)),
    ],
    "the only order is given back, before and after the risk": [
        make.purchase(make.day(0), order="a"),
        make.refund(make.day(95), order="a", amount="4"),
        make.refund(make.day(100), order="a"),
        make.day(90),
        make.day(310),
    ],
    "an order is told twice and its earlier telling comes late": [
        make.purchase(make.day(5), order="a", amount="20"),
        make.purchase(make.day(0), order="a", amount="10"),
        make.purchase(make.day(9), order="b"),
        make.refund(make.day(3), order="a", amount="10"),
        make.fact("membership.started", make.day(9)),
    ],
    "an order is given back, and who cancelled had been silent before": [
        make.purchase(make.day(0), order="a"),
        make.purchase(make.day(200), order="b"),
        make.fact("contact.cancelled", make.day(350)),
        make.refund(make.day(380), order="b"),
        make.day(390),
    ],
    "a member leaves, is in grace, and is back on its last day": [
        make.purchase(make.day(0)),
        make.fact("membership.started", make.day(1)),
        make.fact("membership.ended", make.day(100), cause="not_renewed"),
        make.purchase(make.day(130)),
        make.fact("membership.started", make.day(130), id_="a"),
    ],
    "a member by hand falls underneath, and more is given on the day that the first is over": [
        make.purchase(make.day(0)),
        make.overridden(make.day(1), 5, until=make.day(131)),
        make.fact("membership.started", make.day(2)),
        make.fact("membership.ended", make.day(101), cause="moved"),
        make.overridden(make.day(131), 2, fixed=True),
    ],
}
"""Facts, and instants swept to."""
PACES: dict[str, list[tuple[float, str]]] = {
    "just twice the money in the same time": [(0, "10"), (1, "10"), (2, "10"), (3, "20"), (4, "20"), (5, "20")],
    "a cent less than twice": [(0, "10"), (1, "10"), (2, "10"), (3, "20"), (4, "20"), (5, "19.99")],
    "the same money in half the time": [(0, "10"), (4, "10"), (8, "10"), (9, "10"), (11, "10"), (13, "10")],
    "all in a day": [(0, "10"), (0.1, "10"), (0.2, "10"), (0.3, "10"), (0.4, "10"), (0.9, "40")],
    "all for nothing": [(0, "0"), (1, "0"), (2, "0"), (3, "0"), (4, "0"), (5, "0")],
    "something after nothing": [(0, "0"), (1, "0"), (2, "0"), (3, "0"), (4, "0"), (5, "0.01")],
}
"""Days and amounts of orders, and whether a life grows by them."""
searched = settings(max_examples=40, deadline=None)


@pytest.mark.parametrize("seed", range(0, 40, 20))
def test_at_any_instant_of_a_life_the_standing_is_that_of_the_naive_reading(seed: int) -> None:
    """At each fact and deadline of a life, and right before it, both readings see the same standing."""
    for one in range(seed, seed + 20):
        shop, facts = seeded(one)
        for at in instants_of_interest(facts, shop, Random(one)):
            assert standing_by_core(facts, at, shop) == standing_by_oracle(facts, at, shop), (one, at)


@pytest.mark.parametrize("seed", range(0, 40, 20))
def test_a_life_told_in_order_is_announced_as_in_the_naive_reading(seed: int) -> None:
    """Of facts that come in their order both readings announce the same, for the same causes, at the same instants."""
    for one in range(seed, seed + 20):
        shop, facts = seeded(one)
        ordered = sorted(oracle.without_repeats(facts), key=oracle.key_of)
        until = end_of(facts)
        assert told_by_core(ordered, until, shop) == told_by_oracle(ordered, until, shop), one


@pytest.mark.parametrize("seed", range(0, 40, 20))
def test_a_life_told_in_any_order_is_announced_as_in_the_naive_reading(seed: int) -> None:
    """Of facts that come late both readings announce the same corrections, for the same causes, at one instant."""
    for one in range(seed, seed + 20):
        shop, facts = seeded(one)
        arrivals, until = shuffled(facts, Random(one)), end_of(facts)
        assert told_by_core(arrivals, until, shop) == told_by_oracle(arrivals, until, shop), one


@pytest.mark.parametrize("corner", CORNERS, ids=CORNERS.keys())
def test_a_corner_told_in_every_order_is_announced_as_in_the_naive_reading(corner: str) -> None:
    """A few facts that meet at one corner of the rules are announced alike in every order, swept or not.

    Nobody is given a rung before they are known.
    """
    facts, shop = CORNERS[corner], Shop()
    until = end_of([fact for fact in facts if not isinstance(fact, int)])
    first = facts[:1] if any(isinstance(fact, events.Override) for fact in facts) else []
    for arrivals in ((*first, *rest) for rest in permutations(facts[len(first) :])):
        assert told_by_core(arrivals, until, shop) == told_by_oracle(arrivals, until, shop), arrivals


@pytest.mark.parametrize("pace", PACES, ids=PACES.keys())
def test_orders_at_a_pace_make_growth_as_in_the_naive_reading(pace: str) -> None:
    """Of six orders, after the growth by their rungs is over, both readings say alike whether their pace was growth."""
    facts: list[Told] = [make.purchase(make.day(200 + day), amount=amount) for day, amount in PACES[pace]]
    facts = [make.purchase(make.day(0)), make.purchase(make.day(1)), *facts]
    for at in (make.day(day) for day in (203, 205, 294, 295)):
        assert standing_by_core(facts, at, Shop()) == standing_by_oracle(facts, at, Shop())
    assert told_by_core(facts, end_of(facts), Shop()) == told_by_oracle(facts, end_of(facts), Shop())


@searched
@given(life=drawn(), days=st.integers(0, 3_000))
def test_no_life_is_found_whose_standings_differ(life: tuple[Shop, list[Told]], days: int) -> None:
    """A search for a life and an instant at which the readings differ finds none."""
    shop, facts = life
    at = oracle.instant_of(facts[0]) + days * instants.DAY
    assert standing_by_core(facts, at, shop) == standing_by_oracle(facts, at, shop)


@searched
@given(life=drawn(), random=st.randoms(use_true_random=False))
def test_no_life_is_found_whose_announcements_differ(life: tuple[Shop, list[Told]], random: Random) -> None:
    """A search for a life and an order of arrival of which the readings announce different things finds none."""
    shop, facts = life
    arrivals, until = shuffled(facts, random), end_of(facts)
    assert told_by_core(arrivals, until, shop) == told_by_oracle(arrivals, until, shop)


def test_the_people_of_cdnow_are_announced_as_in_the_naive_reading() -> None:
    """6,919 real purchases of 2,357 people give the same announcements in both readings."""
    lives: defaultdict[str, list[Told]] = defaultdict(list)
    for purchase in cdnow_purchases():
        lives[purchase.subject].append(purchase)
    assert (len(lives), sum(map(len, lives.values()))) == (2_357, 6_919)
    for person, facts in lives.items():
        steps = oracle.walk(facts, end_of(facts), Shop())
        told = comparable(one for step in steps for one in step.announced)
        assert told_by_core(facts, end_of(facts), Shop()) == told, person


@pytest.mark.parametrize("seed", range(0, 40, 20))
def test_people_who_refer_each_other_stand_as_in_the_naive_reading(seed: int) -> None:
    """With the friends' sides deciding on credits everybody stands where the whole crowd, seen at once, puts them."""
    for one in range(seed, seed + 20):
        facts = crowd(one)
        at = max(fact.at for fact in facts) + instants.DAY
        assert ladder_by_core(facts, at, Shop()) == ladder_by_oracle(facts, at, Shop()), one


def end_of(facts: Sequence[Told]) -> int:
    """Long after the last fact."""
    return max(map(oracle.instant_of, facts)) + 1_200 * instants.DAY


def instants_of_interest(facts: Sequence[Told], shop: Shop, random: Random) -> list[int]:
    """The instants of facts and of some deadlines, those right before, and one long after."""
    steps = oracle.steps_seen(oracle.without_repeats(facts), end_of(facts), shop)
    deadlines = [step.key[0] for step in steps if step.fact is None]
    moments = {*random.sample(deadlines, min(6, len(deadlines))), *map(oracle.instant_of, facts), end_of(facts)}
    return sorted(moments | {at - 1 for at in moments})


def shuffled(facts: Sequence[Told], random: Random) -> list[Told | int]:
    """Any order with sweeps in between, but nobody is credited or given a rung before their first fact."""
    rest: list[Told | int] = list(facts[1:])
    rest += [random.choice(facts).at + random.randint(0, 500) * instants.DAY for _ in range(random.randint(0, 3))]
    random.shuffle(rest)
    return [facts[0], *rest] if not all(map(oracle.is_own, facts)) else random.sample([facts[0], *rest], len(rest) + 1)
