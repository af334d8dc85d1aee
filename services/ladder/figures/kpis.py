"""Rates and values from sums, by two definitions. No I/O."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from services.ladder.core.moves import first_of
from services.ladder.figures.answers import Counts, Definition, Definitions, Kpis, Mark
from services.ladder.figures.queries import difference
from services.ladder.figures.sums import Figure

YEAR: Final = 365
WATCH: Final = 0.05
WARNING: Final = 0.07
"""Yearly churn of healthy shops is said to lie below 5 to 7 per cent."""

DEFINITIONS: Final = Definitions(
    simple=Definition(
        repeat_rate="customers with at least two orders / customers, both at the end",
        churn_rate="people who turned from active to passive in the period / active people at its start",
        churn_per_year="churn_rate * 365 / days of the period",
        purchase_frequency="orders of the period / customers at the end * 365 / days of the period",
        average_order_value="revenue of the period / orders of the period",
        customer_lifetime_value="average_order_value * purchase_frequency / churn_per_year",
    ),
    cohort=Definition(
        repeat_rate="those of the cohort with at least two orders at the end / customers of the cohort",
        churn_rate="those of the cohort who are not active at the end / customers of the cohort",
        churn_per_year="1 - (1 - churn_rate) ^ (365 / days from the end of the cohort's month to the end)",
        purchase_frequency="orders of the cohort up to the end / customers of the cohort",
        average_order_value="revenue of the cohort up to the end / its orders",
        customer_lifetime_value="revenue of the cohort up to the end / customers of the cohort",
    ),
)


class Money:
    """Minor units as text in the shop's currency."""

    def __init__(self, exponent: int) -> None:
        self._exponent = exponent

    def text(self, minor: int) -> str:
        """An amount."""
        return f"{Decimal(minor).scaleb(-self._exponent):f}"

    def rounded(self, minor: float | None) -> str | None:
        """An amount that came out of a division, to whole minor units."""
        return None if minor is None else self.text(int(Decimal(minor).quantize(Decimal(1), ROUND_HALF_EVEN)))


def simple(start: Figure, end: Figure, days: int, money: Money) -> Kpis:
    """By the definition `simple`: running sums at the begin and at the end of a period of so many days."""
    within = difference(end, start)
    churn = ratio(within.lapsed, start.active)
    yearly = None if churn is None else churn * YEAR / days
    frequency = ratio(within.orders * YEAR, end.customers * days)
    value = ratio(within.revenue, within.orders)
    lasting = value * frequency / yearly if value is not None and frequency is not None and yearly else None
    return Kpis(
        repeat_rate=told(ratio(end.repeaters, end.customers)),
        churn_rate=told(churn),
        churn_per_year=told(yearly),
        churn_mark=mark(yearly),
        purchase_frequency=told(frequency),
        average_order_value=money.rounded(value),
        customer_lifetime_value=money.rounded(lasting),
    )


def cohort(members: dict[int, Figure], after: int, money: Money) -> Kpis:
    """By the definition `cohort`: of these months' cohorts what they have come to before the day `after`.

    Several cohorts are taken as one whose age is the mean of theirs, weighted by customers.
    """
    customers = sum(figure.customers for figure in members.values())
    churn = ratio(customers - sum(figure.active for figure in members.values()), customers)
    orders, revenue = (sum(figure[place] for figure in members.values()) for place in _BOUGHT)
    age = ratio(sum(figure.customers * age_of(month, after) for month, figure in members.items()), customers)
    yearly = 1 - (1 - churn) ** (YEAR / age) if churn is not None and age else None
    return Kpis(
        repeat_rate=told(ratio(sum(figure.repeaters for figure in members.values()), customers)),
        churn_rate=told(churn),
        churn_per_year=told(yearly),
        churn_mark=mark(yearly),
        purchase_frequency=told(ratio(orders, customers)),
        average_order_value=money.rounded(ratio(revenue, orders)),
        customer_lifetime_value=money.rounded(ratio(revenue, customers)),
    )


_BOUGHT: Final = (Figure._fields.index("orders"), Figure._fields.index("revenue"))


def age_of(month: int, after: int) -> int:
    """Days from the end of a cohort's month to before the day `after`."""
    return max(0, after - first_of(month + 1))


def counts(start: Figure, end: Figure, money: Money, *, people: int | None = None) -> Counts:
    """What the figures are computed from."""
    within = difference(end, start)
    return Counts(
        people=end.entered - end.gone if people is None else people,
        customers=end.customers,
        repeaters=end.repeaters,
        active_at_start=start.active,
        active=end.active,
        lapsed=within.lapsed,
        won_back=within.won_back,
        lost=within.lost,
        orders=within.orders,
        revenue=money.text(within.revenue),
    )


def mark(yearly: float | None) -> Mark | None:
    """How yearly churn compares with the usual bounds."""
    if yearly is None:
        return None
    if yearly > WARNING:
        return Mark.WARNING
    return Mark.WATCH if yearly > WATCH else Mark.FINE


def ratio(part: int, whole: int) -> float | None:
    """A share; None of nothing."""
    return part / whole if whole else None


def told(rate: float | None) -> float | None:
    """A rate as it is answered, with six decimals."""
    return None if rate is None else round(rate, 6)
