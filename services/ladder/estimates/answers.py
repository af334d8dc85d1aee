"""The shapes of the answers about worth and expectations. Money is text in the shop's currency, major units."""

from typing import Annotated

from msgspec import Meta, Struct


class FriendsWorth(Struct, kw_only=True):
    """Friends who became buyers by this person's referral, each credited to one person only."""

    friends: int
    brought: Annotated[str, Meta(description="What these friends paid, net of refunds.")]
    credited: Annotated[str, Meta(description="The share of it, after the margin, that is credited to this person.")]


class Effort(Struct, kw_only=True):
    """What was done for the person, and what that cost at the rates of the rules."""

    minutes: float
    complaints: int
    refunds: int
    cost: str


class Acquisition(Struct, kw_only=True):
    """How the person was won."""

    source: str | None
    cost: str
    first_order_discount: Annotated[
        str, Meta(description="Counts as a cost of winning them; it is missing from what they paid already.")
    ]


class Expected(Struct, kw_only=True):
    """What MBG/NBD and Gamma-Gamma expect of somebody who has bought, in the days that follow."""

    days: int
    alive: Annotated[float, Meta(description="The chance that they have not left for good.")]
    purchase_days: float
    paid_per_day: Annotated[str, Meta(description="On each such day.")]
    value: Annotated[str, Meta(description="Of what they will pay what remains after the margin.")]


class PersonValue(Struct, kw_only=True):
    """What a person is worth: net_value = margin + referrals.credited - effort.cost - acquisition.cost."""

    customer: str
    as_of: str
    rules_version: int
    currency: str
    brought: Annotated[str, Meta(description="What they paid, net of refunds.")]
    margin: Annotated[str, Meta(description="What remains of it after the goods are paid for.")]
    referrals: FriendsWorth
    effort: Effort
    acquisition: Acquisition
    net_value: str
    expected: Expected | None
