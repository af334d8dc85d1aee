"""The core against a second reading of the rules that shares nothing with it."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import instants
from shared.events import ReferralCredited
from tests import oracle
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

searched = settings(max_examples=80, deadline=None)


@pytest.mark.parametrize("seed", range(0, 100, 20))
def test_at_any_instant_of_a_life_the_standing_is_that_of_the_naive_reading(seed: int) -> None:
    """At each fact and deadline of a life, and right before it, both readings see the same standing."""
    for one in range(seed, seed + 20):
        shop, facts = seeded(one)
        for at in instants_of_interest(facts, shop, Random(one)):
            assert standing_by_core(facts, at, shop) == standing_by_oracle(facts, at, shop), (one, at)


@pytest.mark.parametrize("seed", range(0, 120, 30))
def test_a_life_told_in_order_is_announced_as_in_the_naive_reading(seed: int) -> None:
    """Of facts that come in their order both readings announce the same, for the same causes, at the same instants."""
    for one in range(seed, seed + 30):
        shop, facts = seeded(one)
        ordered = sorted(oracle.without_repeats(facts), key=oracle.key_of)
        until = end_of(facts)
        assert told_by_core(ordered, until, shop) == told_by_oracle(ordered, until, shop), one


@pytest.mark.parametrize("seed", range(0, 120, 30))
def test_a_life_told_in_any_order_is_announced_as_in_the_naive_reading(seed: int) -> None:
    """Of facts that come late both readings announce the same corrections, for the same causes, at one instant."""
    for one in range(seed, seed + 30):
        shop, facts = seeded(one)
        arrivals, until = shuffled(facts, Random(one)), end_of(facts)
        assert told_by_core(arrivals, until, shop) == told_by_oracle(arrivals, until, shop), one


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


@pytest.mark.parametrize("seed", range(0, 120, 30))
def test_people_who_refer_each_other_stand_as_in_the_naive_reading(seed: int) -> None:
    """With the friends' sides deciding on credits everybody stands where the whole crowd, seen at once, puts them."""
    for one in range(seed, seed + 30):
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


def shuffled(facts: Sequence[Told], random: Random) -> list[Told]:
    """Any order, but that credits, which answer a referral, never come before the person's first fact."""
    rest = list(facts[1:])
    random.shuffle(rest)
    credited = any(isinstance(fact, ReferralCredited) for fact in facts)
    return [facts[0], *rest] if credited else random.sample(facts, len(facts))
