"""What a person costs and brings: sums that the fold keeps, and what they come to at the rates of the rules."""

from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing, Worth
from shared.events import LARGEST_AMOUNT, Identification

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
        source = told.source[:_LONGEST_NAME]
    return replace(worth, acquisition_cost=cost, source=source)


def discounted(worth: Worth, discount: Decimal, rules: Rules) -> Worth:
    """The first order that stands came with a discount."""
    return replace(worth, first_discount=_minor(discount, rules))


def _minor(amount: Decimal, rules: Rules) -> int:
    """Not every program that writes to the log checks what it writes: what is no amount is nothing."""
    return rules.minor(amount) if amount.is_finite() and 0 < amount <= _LARGEST else 0


# -- as it is asked for ------------------------------------------------------------------------------------------


class Rates(NamedTuple):
    """The rates of the rules as integers, so that all who ask come to the same minor unit."""

    margin: int
    """Millionths of what was paid."""
    referral_share: int
    """Millionths of a friend's margin."""
    minute: int
    """Millionths of a minor unit for a minute."""
    complaint: int
    refund: int


class Net(NamedTuple):
    """What a person is worth so far, in minor units."""

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


def net_of(standing: Standing, friends_spent: int, rates: Rates) -> Net:
    """What a person is worth so far; `friends_spent`: what those paid whom they are credited with, net of refunds."""
    worth = standing.worth
    margin = _part(standing.spent * rates.margin, _PPM)
    referred = _part(friends_spent * rates.margin * rates.referral_share, _PPM**2)
    effort = _part(worth.served * rates.minute, _MINUTE * _PPM)
    effort += worth.complaints * rates.complaint + worth.refunds * rates.refund
    acquisition = worth.acquisition_cost or 0
    return Net(margin, referred, effort, acquisition, margin + referred - effort - acquisition)


def _part(amount: int, of: int) -> int:
    """Rounded half up."""
    return (2 * amount + of) // (2 * of)
