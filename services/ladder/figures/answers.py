"""The shapes of the answers about figures. Money is text in the shop's currency."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

Rate = Annotated[float | None, Meta(description="Null where its divisor is zero.")]
Money = Annotated[str | None, Meta(description="Null where its divisor is zero.")]


class Mark(StrEnum):
    """How yearly churn compares with the usual bounds: up to 5 % fine, up to 7 % watch, above it warning."""

    FINE = "fine"
    WATCH = "watch"
    WARNING = "warning"


class Definition(Struct, kw_only=True):
    """One way to define the figures: what each of them divides by what."""

    repeat_rate: str
    churn_rate: str
    churn_per_year: str
    purchase_frequency: str
    average_order_value: str
    customer_lifetime_value: str


class Definitions(Struct, kw_only=True):
    """Both definitions, in words."""

    simple: Definition
    cohort: Definition


class Counts(Struct, kw_only=True):
    """What the figures are computed from; people and customers as of the end of the period, the rest within it."""

    people: int
    customers: int
    repeaters: int
    active_at_start: int
    active: int
    lapsed: int
    won_back: int
    lost: int
    orders: int
    revenue: str


class Kpis(Struct, kw_only=True):
    """The figures by one definition; `churn_mark` says how yearly churn compares with the usual 5 to 7 per cent."""

    repeat_rate: Rate
    churn_rate: Rate
    churn_per_year: Rate
    churn_mark: Mark | None
    purchase_frequency: Rate
    average_order_value: Money
    customer_lifetime_value: Money


class Group(Struct, kw_only=True):
    """The figures of one rung, cohort, month or source; the definition `cohort` is of cohorts only."""

    key: Annotated[str | None, Meta(description="A source as it was named, null: none has been. Else never null.")]
    counts: Counts
    simple: Kpis
    cohort: Kpis | None


class Curve(Struct, kw_only=True):
    """Of the people whose first order was in `cohort`: how many ordered in that month and in each one after it.

    Whole months up to the end of the period only; `retention` is `buyers` over `customers`.
    """

    cohort: str
    customers: int
    buyers: list[int]
    retention: list[float]


class Period(Struct, kw_only=True):
    """From the begin of one day to the end of another, calendar days of the shop."""

    first: str = field(name="from")
    last: str = field(name="to")
    days: int


class KpiAnswer(Struct, kw_only=True):
    """The figures of a period, of everybody and by group, with the retention curves of the cohorts that began in it."""

    period: Period
    currency: str
    definitions: Definitions
    counts: Counts
    simple: Kpis
    cohort: Kpis
    by: str | None
    groups: list[Group]
    others: Annotated[Group | None, Meta(description="Sources beyond the thousand with the most people.")]
    curves: list[Curve]


class Place(Struct, kw_only=True):
    """A rung and a stage of a phase."""

    rung: int
    phase: str
    stage: str


class Way(Struct, kw_only=True):
    """How many people went from one place to another, and what they had spent by then; `from` null: newly known."""

    from_: Place | None = field(name="from")
    to: Place
    people: int
    spent: str


class Value(Struct, kw_only=True):
    """What people are worth: net = margin + referrals - effort - acquisition, at the rates of the rules as they are."""

    margin: Annotated[str, Meta(description="Of what they paid what remains after the goods are paid for.")]
    referrals: Annotated[str, Meta(description="The share that is credited to them of what friends brought.")]
    effort: Annotated[str, Meta(description="Minutes of service, complaints and refunds.")]
    acquisition: Annotated[str, Meta(description="What it cost to win them.")]
    net: str


class RungFlow(Struct, kw_only=True):
    """What happened on a rung: people at the begin and at the end, who came and went, and what it was worth.

    `climbed` and `fell` are who left it upwards and downwards, their rates are over the people at the start, per year.
    `days_on_rung` is the mean of the stays that ended in the period. Orders and revenue are of those who stood here
    after the order; `revenue_per_person` is over the mean of the people at start and end, per year. `value` is of what
    they paid and cost in the period, while they stood here.
    """

    number: int
    key: str
    people_at_start: int
    people: int
    entered: int
    climbed: int
    fell: int
    climbs_per_year: Rate
    falls_per_year: Rate
    days_on_rung: Rate
    orders: int
    revenue: str
    revenue_per_person: Money
    value: Value


class Flows(Struct, kw_only=True):
    """Who went from where to where in a period."""

    period: Period
    currency: str
    ways: list[Way]
    rungs: list[RungFlow]
