"""What a person is worth, over HTTP."""

from decimal import Decimal

import numpy as np
import pytest

from services.ladder.core.churn import Params
from services.ladder.estimates import expected
from shared.events import Fact
from tests.integration.ladder_http import ladder
from tests.make import day, fact, identified, purchase, refund, rules


def served(at: int, minutes: float) -> Fact:
    """Somebody took care of c1."""
    return fact("contact.served", at, minutes=minutes)


LIFE = [
    identified(day(0), "letter", "4.20"),
    purchase(day(1), order="o1", amount="80.00", discount="8.00"),
    purchase(day(40), order="o2", amount="20.00"),
    refund(day(45), order="o2", amount="5.00"),
    fact("contact.complained", day(46)),
    served(day(47), 12.5),
    served(day(48), 7.5),
    fact("referral.made", day(50), referee="f1"),
    fact("referral.made", day(51), referee="f2"),
    purchase(day(60), order="f1-1", subject="f1", amount="30.00"),
    purchase(day(61), order="f1-2", subject="f1", amount="30.00"),
    purchase(day(62), order="f2-1", subject="f2", amount="99.00"),
    refund(day(63), order="f2-1", subject="f2"),
]
"""c1 paid 95 of which 5 went back; f1 became a buyer by c1's referral, f2 gave everything back."""


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the other way round"])
async def test_worth_is_exact_in_whatever_order_facts_come(database: str, turned: bool) -> None:
    """Brought 95, half of f1's 60, 20 minutes at .50, a complaint and a refund at 5, 4.20 to win."""
    async with ladder(database) as (lanes, client):
        for one in reversed(LIFE) if turned else LIFE:
            await lanes.tell([one])
            await lanes.settled()
        await lanes.tick(day(100))
        await lanes.settled()
        told = (await client.get("/v1/customers/c1/value")).raise_for_status().json()
    forecast = told.pop("expected")
    assert told == {
        "customer": "c1",
        "as_of": "2024-04-10T00:00:00Z",
        "rules_version": rules().version,
        "currency": "EUR",
        "brought": "95.00",
        "margin": "95.00",
        "referrals": {"friends": 1, "brought": "60.00", "credited": "30.00"},
        "effort": {"minutes": 20.0, "complaints": 1, "refunds": 1, "cost": "20.00"},
        "acquisition": {"source": "letter", "cost": "4.20", "first_order_discount": "8.00"},
        "net_value": "100.80",
    }
    params = Params(r=0.525, alpha=6.183, a=0.891, b=1.614)
    row = (np.array([1]), np.array([39 / 7]), np.array([99 / 7]))
    days = expected.purchases(params, *row, 365 / 7)[0]
    paid = 6.25 * (15.44 + 15) / (6.25 + 3.74 - 1)
    assert forecast["days"] == 365
    assert forecast["purchase_days"] == round(float(days), 4)
    assert forecast["paid_per_day"] == f"{paid:.2f}"
    assert float(Decimal(forecast["value"])) == pytest.approx(days * paid, abs=0.006)


async def test_who_never_bought_has_cost_something_all_the_same(database: str) -> None:
    """Nothing is expected of them; nobody else is known."""
    async with ladder(database) as (lanes, client):
        await lanes.tell([identified(day(0), None, "3"), served(day(1), 1)])
        await lanes.settled()
        told = (await client.get("/v1/customers/c1/value")).json()
        unknown = await client.get("/v1/customers/nobody/value")
    assert (told["net_value"], told["expected"], unknown.status_code) == ("-3.50", None, 404)
