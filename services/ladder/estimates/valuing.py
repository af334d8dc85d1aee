"""What one person is worth, and what to expect of them."""

from decimal import Decimal
from typing import Final

from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing
from services.ladder.core.worth import Net, net_of, rates_of
from services.ladder.estimates.answers import Acquisition, Effort, Expected, FriendsWorth, PersonValue
from services.ladder.estimates.outlook import DAYS, histories, outlook
from services.ladder.people import Registry
from services.ladder.rulebook.book import Book
from shared import instants

_MINUTE: Final = 60_000
"""Milliseconds."""


class Valuer:
    """Puts the rules' rates on what the fold has summed up."""

    def __init__(self, registry: Registry, book: Book) -> None:
        self._registry = registry
        self._book = book

    async def value(self, person: str) -> PersonValue:
        """The person's worth now. Raises Problem 404."""
        standing, at, _, _ = await self._registry.standing(person)
        friends = await self._registry.friends(person)
        rules = self._book.rules
        net = net_of(standing, rates_of(rules))
        return PersonValue(
            customer=person,
            as_of=instants.text(at),
            rules_version=rules.version,
            currency=rules.currency,
            brought=money(standing.spent, rules),
            margin=money(net.margin, rules),
            referrals=_friends(len(friends), standing, net, rules),
            effort=_effort(standing, net, rules),
            acquisition=_acquisition(standing, net, rules),
            net_value=money(net.net, rules),
            expected=_expected(standing, at, rules) if standing.purchase_days else None,
        )


def money(minor: int, rules: Rules) -> str:
    """An amount in minor units as text in major ones."""
    return f"{Decimal(minor).scaleb(-rules.exponent):f}"


def rounded(major: float, rules: Rules) -> str:
    """An expected amount in major units, to the minor unit."""
    return money(round(major * int(rules.unit)), rules)


def _friends(friends: int, standing: Standing, net: Net, rules: Rules) -> FriendsWorth:
    brought = money(standing.worth.friends_spent, rules)
    return FriendsWorth(friends=friends, brought=brought, credited=money(net.referred, rules))


def _effort(standing: Standing, net: Net, rules: Rules) -> Effort:
    worth = standing.worth
    return Effort(
        minutes=worth.served / _MINUTE,
        complaints=worth.complaints,
        refunds=worth.refunds,
        cost=money(net.effort, rules),
    )


def _acquisition(standing: Standing, net: Net, rules: Rules) -> Acquisition:
    worth = standing.worth
    return Acquisition(
        source=worth.source,
        cost=money(net.acquisition, rules),
        first_order_discount=money(worth.first_discount, rules),
    )


def _expected(standing: Standing, at: int, rules: Rules) -> Expected:
    seen = outlook(histories([standing], at, rules), rules)
    return Expected(
        days=DAYS,
        alive=round(float(seen.alive[0]), 4),
        purchase_days=round(float(seen.purchase_days[0]), 4),
        paid_per_day=rounded(float(seen.paid[0]), rules),
        value=rounded(float(seen.value[0]), rules),
    )
