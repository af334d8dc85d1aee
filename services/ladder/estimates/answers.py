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


class Range(Struct, kw_only=True):
    """What is expected, and between what it lies nine times out of ten if the model is right."""

    expected: float
    low: float
    high: float


class MoneyRange(Struct, kw_only=True):
    """The same of money."""

    expected: str
    low: str
    high: str


class RungEstimate(Struct, kw_only=True):
    """The people of a rung as they are; `number` 0 stands for all rungs together."""

    number: int
    key: str
    people: int
    buyers: Annotated[int, Meta(description="Those of them who have ever bought.")]
    net_value: Annotated[str, Meta(description="What they are worth so far, all together.")]
    purchase_days: Range
    value: Annotated[MoneyRange, Meta(description="After the margin.")]
    value_per_person: str


class LadderEstimates(Struct, kw_only=True):
    """What to expect of the days that follow `as_of`; `interval` is the chance that a figure lies within its range."""

    as_of: str
    made_at: str
    days: int
    interval: float
    currency: str
    rungs: list[RungEstimate]
    all: RungEstimate


class SourceAcquisition(Struct, kw_only=True):
    """What people from one source cost and bring. Figures of a customer are null where nobody has bought yet."""

    source: Annotated[str | None, Meta(description="As `contact.identified` named it; null: not named.")]
    people: int
    customers: Annotated[int, Meta(description="Those of them who have bought.")]
    cost: Annotated[str, Meta(description="Acquisition costs and discounts on first orders, of all these people.")]
    cost_per_customer: str | None
    value_so_far: Annotated[
        str | None,
        Meta(description="Of a customer: margin and referrals less effort, before discounts on first orders."),
    ]
    value_expected: Annotated[str | None, Meta(description="Of a customer, of the next 365 days.")]
    most: Annotated[str | None, Meta(description="What a new customer may cost: value so far and expected.")]
    months_to_pay_back: Annotated[
        float | None, Meta(description="At the value of a month since the first purchase; null: never.")
    ]
    costs_more_than_it_brings: bool


class AcquisitionAnswer(Struct, kw_only=True):
    """All sources, those with the most people first; beyond a thousand they are counted together as `others`."""

    as_of: str
    made_at: str
    days: int
    currency: str
    sources: list[SourceAcquisition]
    others: SourceAcquisition | None


class MeasuredEffect(Struct, kw_only=True):
    """What a play on trial was found to bring about: of those it comes to `rate` more reach its goal."""

    play: str
    goal: str
    window_days: int
    rate: float
    low: Annotated[float, Meta(description="With `high` it holds the rate with 95 %.")]
    high: float
    treated: Annotated[int, Meta(description="People watched to the end of the window.")]
    held_out: int
    verdict: Annotated[str, Meta(description="`helps` or `does_not`.")]


class WhatIfRung(Struct, kw_only=True):
    """People of a rung who move up one. `gain` is null where nobody stands above to be like."""

    number: int
    key: str
    to: str
    people: Annotated[int, Meta(description="Who move.")]
    gain: Annotated[MoneyRange | None, Meta(description="Of all of them, after the margin.")]
    gain_per_person: MoneyRange | None
    may_spend_per_person: Annotated[str | None, Meta(description="More than this costs more than it brings.")]
    rests_on: Annotated[
        str,
        Meta(
            description="`assumption`; `measured_effect`: how many move was measured, what it brings is assumed; "
            "`measured`: the money was; or `nothing`."
        ),
    ]
    play: str | None
    window_days: Annotated[int | None, Meta(description="Of money that was measured; an assumption is of a year.")]
    unavailable: Annotated[str | None, Meta(description="Why what was measured is not known.")]


class WhatIf(Struct, kw_only=True):
    """What it would bring in the days that follow if people moved up one rung, and what that stands on."""

    as_of: str
    made_at: str
    days: int
    interval: float
    currency: str
    share: float
    effect: float
    measured: Annotated[MeasuredEffect | None, Meta(description="What `effect` was taken from, where it was measured.")]
    rungs: list[WhatIfRung]
    most_gained_on: Annotated[int | None, Meta(description="The rung from which moving up brings the most in all.")]
    assumptions: list[str]
    selection: Annotated[str, Meta(description="A warning.")]
