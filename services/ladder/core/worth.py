"""What a person costs and brings: sums that the fold keeps, and what they come to at the rates of the rules."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from services.ladder.core.rules import Rules
from services.ladder.core.standing import Sale, Standing, Worth
from shared.events import LARGEST_AMOUNT, Identification, Purchase, ReferralSold

_MINUTE: Final = 60_000
"""Milliseconds."""
_PPM: Final = 1_000_000
_LONGEST: Final = 10**6
"""Minutes of one service at most; more is a slip of the pen."""
_LONGEST_NAME: Final = 200
"""Characters of a source that are kept with everybody who came from there."""
_LARGEST: Final = Decimal(LARGEST_AMOUNT)


# -- as facts come -----------------------------------------------------------------------------------------------


def served(worth: Worth, minutes: float) -> Worth:
    """Somebody took care of the person for so long."""
    return replace(worth, served=worth.served + round(min(minutes, _LONGEST) * _MINUTE))


def complained(worth: Worth) -> Worth:
    """One more complaint."""
    return replace(worth, complaints=worth.complaints + 1)


def refunded(worth: Worth) -> Worth:
    """One more refund; the money is taken off elsewhere."""
    return replace(worth, refunds=worth.refunds + 1)


def identified(worth: Worth, told: Identification, rules: Rules) -> Worth:
    """Where they came from and what that cost: the first that is told of each, for one is won but once."""
    cost, source = worth.acquisition_cost, worth.source
    if (cost is not None or told.acquisition_cost is None) and (source is not None or told.source is None):
        return worth
    if cost is None and told.acquisition_cost is not None:
        cost = _minor(told.acquisition_cost, rules)
    if source is None and told.source is not None:
        source = source_of(told)
    return replace(worth, acquisition_cost=cost, source=source)


def source_of(told: Identification) -> str | None:
    """The source as it is kept."""
    return None if told.source is None else told.source[:_LONGEST_NAME]


def discounted(worth: Worth, discount: Decimal, rules: Rules) -> Worth:
    """The first order that stands came with a discount."""
    return replace(worth, first_discount=_minor(discount, rules))


def referred(worth: Worth, sales: Iterable[Sale]) -> Worth:
    """Friends who are credited to the person ordered."""
    for sale in sales:
        worth = replace(
            worth,
            friends_spent=worth.friends_spent + sale.spent,
            friends_costed=worth.friends_costed + sale.costed,
            friends_cost=worth.friends_cost + sale.cost,
        )
    return worth


def sale(told: ReferralSold, at: int, rules: Rules) -> Sale | None:
    """A friend's order, which counts from `at` on; None where nothing is credited for it any more."""
    data = told.data
    if data.paid is None:
        return None
    return Sale(at, _minor(data.paid, rules), _minor(data.costed, rules), _minor(data.cost, rules))


def supplied(worth: Worth, purchase: Purchase, net: int, rules: Rules) -> Worth:
    """An order of goods; of one that was paid back in part, the same part of their cost is taken to have come back."""
    costed, cost = goods(purchase, net, rules)
    return replace(worth, costed=worth.costed + costed, cost=worth.cost + cost) if costed or cost else worth


def goods(purchase: Purchase, net: int, rules: Rules) -> tuple[int, int]:
    """(what is paid for the items whose cost is told, that cost), of what was paid net of refunds."""
    told, paid = _goods(purchase, rules), rules.minor(purchase.amount)
    if told is None:
        return 0, 0
    costed, cost = told
    return told if net == paid else (_part(costed * net, paid), _part(cost * net, paid))


def _goods(purchase: Purchase, rules: Rules) -> tuple[int, int] | None:
    """The same as if all was paid; None where it cannot be said of any item.

    What an order costs more or less than its items, such as shipping or a discount, goes with those that have a cost.
    """
    items = purchase.items or ()
    costs = [item.cost for item in items if item.cost is not None and _is_amount(item.cost)]
    others = [item.amount for item in items if item.cost is None or not _is_amount(item.cost)]
    told = [amount for amount in others if amount is not None and _is_amount(amount)]
    if not costs or len(told) < len(others):
        return None
    costed = rules.minor(purchase.amount) - rules.minor(min(_LARGEST, sum(told, Decimal(0))))
    return max(0, costed), rules.minor(min(_LARGEST, sum(costs, Decimal(0))))


def _minor(amount: Decimal, rules: Rules) -> int:
    return rules.minor(amount) if _is_amount(amount) else 0


def _is_amount(amount: Decimal) -> bool:
    """Not every program that writes to the log checks what it writes: what is no amount is nothing."""
    return amount.is_finite() and 0 <= amount <= _LARGEST


# -- as it is asked for ------------------------------------------------------------------------------------------


class Sums(NamedTuple):
    """What adds up, over one person or many; money in minor units."""

    costed: int = 0
    cost: int = 0
    served: int = 0
    """Milliseconds."""
    complaints: int = 0
    refunds: int = 0
    acquisition: int = 0
    friends_spent: int = 0
    friends_costed: int = 0
    friends_cost: int = 0


def sums(worth: Worth) -> Sums:
    """Of one person."""
    return Sums(
        worth.costed,
        worth.cost,
        worth.served,
        worth.complaints,
        worth.refunds,
        worth.acquisition_cost or 0,
        worth.friends_spent,
        worth.friends_costed,
        worth.friends_cost,
    )


class Rates(NamedTuple):
    """The rates of the rules as integers, so that all who ask come to the same minor unit."""

    margin: int
    """Millionths of what was paid for goods of which no cost is known."""
    referral_share: int
    """Millionths of a friend's margin."""
    minute: int
    """Millionths of a minor unit for a minute."""
    complaint: int
    refund: int


class Net(NamedTuple):
    """What a person, or many, are worth so far, in minor units."""

    margin: int
    """Of what they paid what remained."""
    referred: int
    """Of what friends paid whom they referred, the part that is credited to them."""
    effort: int
    acquisition: int
    """What they cost to win; a discount on the first order is missing from what was paid already."""
    net: int


def rates_of(rules: Rules) -> Rates:
    """The rates of these rules."""
    value, unit = rules.value, int(rules.unit)
    return Rates(
        margin=round(value.margin * _PPM),
        referral_share=round(value.referral_share * _PPM),
        minute=round(value.minute_cost * unit * _PPM),
        complaint=round(value.complaint_cost * unit),
        refund=round(value.refund_cost * unit),
    )


def net_of(standing: Standing, rates: Rates) -> Net:
    """What a person is worth so far."""
    return net(standing.spent, sums(standing.worth), rates)


def net(spent: int, told: Sums, rates: Rates) -> Net:
    """What people are worth who have spent this."""
    margin = _part(_margin(spent, told.costed, told.cost, rates), _PPM)
    theirs = _margin(told.friends_spent, told.friends_costed, told.friends_cost, rates)
    referred = _part(theirs * rates.referral_share, _PPM**2)
    effort = _part(told.served * rates.minute, _MINUTE * _PPM)
    effort += told.complaints * rates.complaint + told.refunds * rates.refund
    return Net(margin, referred, effort, told.acquisition, margin + referred - effort - told.acquisition)


def _margin(spent: int, costed: int, cost: int, rates: Rates) -> int:
    """Millionths of minor units; the share of the rules stands for the costs that are not known."""
    return (spent - costed) * rates.margin + (costed - cost) * _PPM


def _part(amount: int, of: int) -> int:
    """Rounded half up."""
    return (2 * amount + of) // (2 * of)
