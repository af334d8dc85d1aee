"""What a new customer costs and brings, by source."""

from services.ladder.core.rules import Rules
from services.ladder.estimates.answers import SourceAcquisition
from services.ladder.estimates.snapshot import SourceNoted
from services.ladder.estimates.valuing import money


def told(noted: SourceNoted, rules: Rules) -> SourceAcquisition:
    """The figures of one source. Money is spent on all who were identified, and comes back by those who buy."""
    cost, customers = noted.cost + noted.discounts, noted.customers
    brought = noted.value + noted.discounts
    expected = round(noted.expected * int(rules.unit))
    return SourceAcquisition(
        source=noted.source,
        people=noted.people,
        customers=customers,
        cost=money(cost, rules),
        cost_per_customer=_each(cost, customers, rules),
        value_so_far=_each(brought, customers, rules),
        value_expected=_each(expected, customers, rules),
        most=_each(max(0, brought + expected), customers, rules),
        months_to_pay_back=_months(cost, brought, noted),
        costs_more_than_it_brings=cost > max(0, brought + expected),
    )


def _each(minor: int, customers: int, rules: Rules) -> str | None:
    return money(round(minor / customers), rules) if customers else None


def _months(cost: int, brought: int, noted: SourceNoted) -> float | None:
    """A customer's cost over what a customer brings in a month."""
    if not noted.customers or brought <= 0:
        return None
    return round(cost / noted.customers / (brought / noted.months), 1)
