"""What is expected of a rung, and how far it may stray; what new customers cost and bring."""

import numpy as np
import pytest

from services.ladder.core.fold import refold
from services.ladder.core.rules import Money
from services.ladder.core.standing import Standing, Worth
from services.ladder.core.worth import Net, net_of, rates_of
from services.ladder.estimates import acquisition, expected
from services.ladder.estimates.outlook import Histories, money_of
from services.ladder.estimates.reckoning import reckon
from services.ladder.estimates.simulation import YEARS, around, play
from services.ladder.estimates.snapshot import Range, SourceNoted, snapshot
from services.ladder.estimates.sums import SAMPLE, SOURCES, Sums
from tests.make import day, identified, purchase, rules

PARAMS = rules().churn.params


def people(many: int) -> Histories:
    """People with all kinds of histories."""
    chance = np.random.default_rng(3)
    x = chance.integers(0, 12, many)
    now = chance.uniform(30, 80, many)
    return Histories(x, np.where(x > 0, now * chance.uniform(0.2, 1, many), 0.0), now, chance.uniform(5, 60, many))


def test_played_years_are_around_what_is_expected() -> None:
    """The mean of the plays is the formula's, for purchase days and for what is paid on them."""
    many = people(400)
    alive = expected.alive(PARAMS, many.x, many.t_x, many.now)
    played = play(many, alive, PARAMS, money_of(rules()), np.random.default_rng(5))
    days = expected.purchases(PARAMS, many.x, many.t_x, many.now, 365 / 7)
    paid = days * expected.mean_paid(money_of(rules()), many.x, many.mean)
    for told, formula in ((played.purchase_days, days.sum()), (played.paid, paid.sum())):
        assert len(told) == YEARS
        assert told.mean() == pytest.approx(formula, abs=5 * told.std() / YEARS**0.5)


def test_nine_plays_of_ten_lie_within_the_range() -> None:
    """Low and high are quantiles, put around what is expected, and money is never below nothing."""
    strays = np.arange(-50.0, 51.0)
    assert around(1_000, strays, 0.9) == (955, 1_045)
    assert around(10, strays, 0.9) == (0, 55)


def test_a_large_rung_is_played_by_a_sample() -> None:
    """Of many alike a sample strays as the whole would: the width of the range is the root of the number."""
    standing = refold([purchase(day(0)), purchase(day(90))], rules(), day(100))
    assert standing is not None
    few, many = (_noted(standing, times) for times in (SAMPLE, 16 * SAMPLE))
    width = (few.high - few.low, many.high - many.low)
    assert many.expected == pytest.approx(16 * few.expected)
    assert width[1] / width[0] == pytest.approx(4, rel=0.25)


def _noted(standing: Standing, times: int) -> Range:
    sums = Sums(np.random.default_rng(1))
    for _ in range(times // 100):
        reckon([("c1", standing)] * 100, day(120), rules(), sums)
    return snapshot(sums, rules(), day(120), 0, 0.0, "").rungs[standing.rung - 1].value


def test_a_source_that_costs_more_than_it_brings_is_marked() -> None:
    """Ten identified at 3, four bought with a discount of 2 each: 38, so 9.50 for a customer who brings 5."""
    noted = SourceNoted(
        source="letter", people=10, customers=4, cost=3_000, discounts=800, value=1_200, months=24.0, expected=10.0
    )
    told = acquisition.told(noted, rules())
    assert (told.cost, told.cost_per_customer, told.value_so_far) == ("38.00", "9.50", "5.00")
    assert (told.value_expected, told.most, told.months_to_pay_back) == ("2.50", "7.50", 11.4)
    assert told.costs_more_than_it_brings
    cheap = SourceNoted(**{**{name: getattr(noted, name) for name in noted.__struct_fields__}, "cost": 1_000})
    assert not acquisition.told(cheap, rules()).costs_more_than_it_brings


def test_a_source_without_customers_has_only_a_cost() -> None:
    """Nothing is divided by nobody."""
    noted = SourceNoted(source=None, people=3, customers=0, cost=900, discounts=0, value=0, months=0, expected=0)
    told = acquisition.told(noted, rules())
    assert (told.cost, told.cost_per_customer, told.most, told.months_to_pay_back) == ("9.00", None, None, None)
    assert told.costs_more_than_it_brings


def test_sources_beyond_a_thousand_are_counted_together() -> None:
    """Whatever a shop writes there, the figures stay small."""
    sums = Sums(np.random.default_rng(1))
    for number in range(SOURCES + 5):
        standing = refold([identified(day(0), f"s{number}", "1")], rules())
        assert standing is not None
        sums.add([standing], [net_of(standing, rates_of(rules()))], day(1))
    noted = snapshot(sums, rules(), day(1), 0, 0.0, "")
    assert (len(noted.sources), noted.others and noted.others.people, noted.others and noted.others.cost) == (
        SOURCES,
        5,
        500,
    )


def test_net_value_is_rounded_half_up_to_the_minor_unit() -> None:
    """A minute at .50 is half a unit each second and a bit: all who ask come to the same."""
    standing = refold([purchase(day(0), amount="10.01")], rules())
    assert standing is not None
    standing.worth = Worth(served=1_000, complaints=1, acquisition_cost=7, first_discount=9, friends_spent=33)
    assert net_of(standing, rates_of(rules())) == Net(
        margin=1_001, referred=17, effort=501, acquisition=7, net=1_001 + 17 - 501 - 7
    )


def test_the_shipped_model_of_what_is_paid() -> None:
    """Gamma-Gamma of the CDNOW sample."""
    assert money_of(rules()) == Money(6.25, 3.74, 15.44)
