"""The rules as data: read from TOML, checked, and made ready for the fold."""

import hashlib
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import dropwhile
from typing import Annotated, Any, Final, NamedTuple
from zoneinfo import ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from services.ladder.core import criteria
from services.ladder.core.churn import Deadlines, Params
from services.ladder.core.criteria import ALWAYS, Condition, Criterion, Measure
from services.ladder.core.days import DayOf, day_of
from services.ladder.core.standing import RUNGS
from shared.instants import DAY

Days = Annotated[int, Meta(ge=1, le=100_000)]
FloorDays = Annotated[int, Meta(ge=2, le=100_000)]
"""A purchase day may have 25 hours: a deadline must not come before the purchase."""
AtLeast = Annotated[int, Meta(ge=1, le=1_000)]
Positive = Annotated[float, Meta(gt=0)]
Part = Annotated[float, Meta(gt=0, lt=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Rate = Annotated[float, Meta(ge=0)]

MARKED: Final = (
    "responses",
    "checkouts",
    "engagements",
    "recommendations",
    "referrals_made",
    "referrals_converted",
)
"""The measures that count facts other than purchases."""


MAKE: Final = 3
"""Raised whenever a standing remembers more than before: those folded by older code must be folded anew."""


class RulesError(ValueError):
    """The rules cannot be used; the message says which key and why."""


# -- as written --------------------------------------------------------------------------------------------------


class Written(Struct, forbid_unknown_fields=True):
    """A criterion (`measure`, `at_least`, `within_days`), or others joined by `any_of` or `all_of`."""

    measure: Measure | None = None
    at_least: int | float | str | None = None
    within_days: Days | None = None
    any_of: list["Written"] | None = None
    all_of: list["Written"] | None = None


class WrittenRung(Struct, forbid_unknown_fields=True):
    """One rung; without `enter` anybody known, without `keep` never lost."""

    key: str
    enter: Written | None = None
    keep: Written | None = None
    grace_days: Annotated[int, Meta(ge=0, le=100_000)] = 0
    needs_below: bool = False


class Measures(Struct, forbid_unknown_fields=True):
    """What counts as what."""

    recommendation_score: Annotated[int, Meta(ge=0, le=10)]


class Phases(Struct, forbid_unknown_fields=True):
    """How long phases and stages last, in days."""

    qualification_days: Days
    closing_days: Days
    complaint_unanswered_days: Days
    complaint_expired_days: Days
    growth_from: str
    growth_by_rung_days: Days
    growth_by_pace_days: Days
    pace_orders: Annotated[int, Meta(ge=2, le=1_000)]
    pace_factor: Positive
    not_renewed_days: Days
    lost_days: Days


class WrittenFalls(Struct, forbid_unknown_fields=True):
    """How long before a fall it is warned of."""

    warn_days: Annotated[int, Meta(ge=0, le=100_000)] = 30


class Churn(Struct, forbid_unknown_fields=True):
    """The churn model's parameters (alpha in weeks) and where its score means risk and silence."""

    r: Positive
    alpha: Positive
    a: Positive
    b: Positive
    horizon_days: Days
    risk_at: Part
    silence_at: Part
    risk_floor_days: FloorDays
    silence_floor_days: FloorDays


class Value(Struct, forbid_unknown_fields=True):
    """What a person is worth: rates in the shop's currency, and the Gamma-Gamma model of what is paid on a day.

    Nothing of it changes a standing, so it may be changed at any time.
    """

    p: Positive = 6.25
    q: Annotated[float, Meta(gt=1)] = 3.74
    gamma: Positive = 15.44
    margin: Share = 1.0
    referral_share: Share = 0.5
    minute_cost: Rate = 0.5
    complaint_cost: Rate = 5.0
    refund_cost: Rate = 5.0


class Document(Struct, forbid_unknown_fields=True):
    """The whole of `rules.toml`."""

    version: Annotated[int, Meta(ge=1)]
    rungs: list[WrittenRung]
    measures: Measures
    phases: Phases
    churn: Churn
    value: Value = msgspec.field(default_factory=Value)
    falls: WrittenFalls = msgspec.field(default_factory=WrittenFalls)


# -- as used -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung, ready to be asked; `index` counts from 0, `grace` is in microseconds."""

    index: int
    key: str
    enter: Condition
    keep: Condition
    lasting: bool
    """Never lost once entered."""
    grace: int
    needs_below: bool

    def touched_by(self, measures: frozenset[str]) -> bool:
        """Whether any criterion counts one of these."""
        named = {criterion.measure for criterion in self.enter.criteria() + self.keep.criteria()}
        return not measures.isdisjoint(named)


Affected = tuple[tuple[Rung, bool], ...]
"""The rungs that a kind of fact may change, the lowest first, each with whether one of its own criteria counts it."""


@dataclass(frozen=True, slots=True)
class Durations:
    """The spans of the phases in microseconds."""

    qualification: int
    closing: int
    unanswered: int
    expired: int
    growth_by_rung: int
    growth_by_pace: int
    not_renewed: int
    lost: int


@dataclass(frozen=True, slots=True)
class Pace:
    """The newest `orders` against those before them, at `times` / `per` as much money per day."""

    orders: int
    times: int
    per: int


class Money(NamedTuple):
    """Gamma-Gamma (Fader and Hardie 2013): what is paid on a purchase day; gamma in major units."""

    p: float
    q: float
    gamma: float


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one shop, ready for the fold."""

    version: int
    digest: str
    """SHA-256 in hex over everything that changes a fold."""
    document: dict[str, Any]
    """The rules as written."""
    currency: str
    exponent: int
    unit: Decimal
    """So many minor units make one."""
    time_zone: str
    rungs: tuple[Rung, ...]
    warning: int
    """So many microseconds before a fall it is warned of."""
    growth_from: int
    """The number of the rung from which on a rise is growth."""
    durations: Durations
    pace: Pace
    recommendation_score: int
    churn: Deadlines
    value: Value
    day_of: DayOf
    keep_marks: dict[str, int]
    """Of each measure so many newest facts are remembered."""
    keep_orders: int
    spend_window: int
    """Orders within this many microseconds are remembered besides."""
    rests_on: tuple[tuple[Rung, ...], ...]
    """For each rung itself and those it rests on, the highest first."""
    affected: dict[str, Affected]
    """By measure, and for `joining`."""

    def minor(self, amount: Decimal) -> int:
        """An amount in minor units of the shop's currency; digits beyond them are cut off."""
        return int(amount * self.unit)


def load(toml: bytes | str, *, currency: str = "EUR", exponent: int = 2, time_zone: str = "UTC") -> Rules:
    """The rules from the text of a `rules.toml`; `exponent` is the currency's number of decimals.

    Raises RulesError with one line that names the key at fault.
    """
    tree = _parse(toml)
    document = _convert(tree)
    rungs = tuple(_rung(index, written, exponent) for index, written in enumerate(document.rungs))
    named = [criterion for rung in rungs for criterion in rung.enter.criteria() + rung.keep.criteria()]
    phases = document.phases
    times, per = Fraction(str(phases.pace_factor)).as_integer_ratio()
    pace = Pace(phases.pace_orders, times, per)
    return Rules(
        version=document.version,
        digest=_digest(document, currency, exponent, time_zone),
        document=tree,
        currency=currency,
        exponent=exponent,
        unit=Decimal(10**exponent),
        time_zone=time_zone,
        rungs=rungs,
        warning=document.falls.warn_days * DAY,
        growth_from=RUNGS.index(phases.growth_from) + 1,
        durations=_durations(phases),
        pace=pace,
        recommendation_score=document.measures.recommendation_score,
        churn=_deadlines(document.churn),
        value=document.value,
        day_of=_day_of(time_zone),
        keep_marks={measure: _most(named, measure) for measure in MARKED},
        keep_orders=max(_most(named, "purchases"), 2 * pace.orders),
        spend_window=max([(one.within_days or 0) * DAY for one in named if one.measure == "spend"], default=0),
        rests_on=tuple(_rests_on(rungs, rung) for rung in rungs),
        affected=_affected(rungs),
    )


def _parse(toml: bytes | str) -> dict[str, Any]:
    try:
        return tomllib.loads(toml if isinstance(toml, str) else toml.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"rules: not TOML: {error}") from error


def _convert(tree: dict[str, Any]) -> Document:
    try:
        document = msgspec.convert(tree, Document)
    except msgspec.ValidationError as error:
        raise RulesError(f"rules: {str(error).replace('$.', '')}") from error
    keys = tuple(rung.key for rung in document.rungs)
    if keys != RUNGS:
        raise RulesError(f"rules: rungs: must be {', '.join(RUNGS)}, in this order")
    if document.phases.growth_from not in RUNGS:
        raise RulesError(f"rules: phases.growth_from: must be one of {', '.join(RUNGS)}")
    if document.phases.complaint_unanswered_days >= document.phases.complaint_expired_days:
        raise RulesError("rules: phases.complaint_unanswered_days: must be less than complaint_expired_days")
    first = document.rungs[0]
    if first.enter or first.keep or first.needs_below:
        raise RulesError(f"rules: rungs: {first.key}: everybody known is on it, so no enter, keep or needs_below")
    return document


def _rung(index: int, written: WrittenRung, exponent: int) -> Rung:
    if index and written.enter is None:
        raise RulesError(f"rules: rungs: {written.key}: enter is missing")
    place = f"rungs: {written.key}"
    return Rung(
        index=index,
        key=written.key,
        enter=ALWAYS if written.enter is None else _condition(written.enter, f"{place}: enter", exponent),
        keep=ALWAYS if written.keep is None else _condition(written.keep, f"{place}: keep", exponent),
        lasting=written.keep is None,
        grace=written.grace_days * DAY,
        needs_below=written.needs_below,
    )


def _condition(written: Written, place: str, exponent: int) -> Condition:
    given = [written.measure, written.any_of, written.all_of]
    if sum(one is not None for one in given) != 1:
        raise RulesError(f"rules: {place}: needs exactly one of measure, any_of and all_of")
    if written.measure is not None:
        return criteria.single(_criterion(written, written.measure, place, exponent))
    if written.at_least is not None or written.within_days is not None:
        raise RulesError(f"rules: {place}: at_least and within_days belong to a measure")
    if not (parts := written.any_of or written.all_of):
        raise RulesError(f"rules: {place}: any_of and all_of need at least one criterion")
    conditions = [_condition(part, f"{place}: {number}", exponent) for number, part in enumerate(parts, 1)]
    return criteria.any_of(conditions) if written.any_of else criteria.all_of(conditions)


def _criterion(written: Written, measure: Measure, place: str, exponent: int) -> Criterion:
    if measure == "spend":
        return criteria.criterion(measure, _money(written.at_least, place, exponent), written.within_days)
    try:
        at_least = msgspec.convert(written.at_least, AtLeast)
    except msgspec.ValidationError as error:
        raise RulesError(f"rules: {place}: at_least of {measure} must be a whole number from 1 to 1000") from error
    if measure == "membership" and (at_least != 1 or written.within_days is not None):
        raise RulesError(f"rules: {place}: membership runs or not: at_least = 1, without within_days")
    return criteria.criterion(measure, at_least, written.within_days)


def _money(written: int | float | str | None, place: str, exponent: int) -> int:
    try:
        amount = Decimal(str(written)).scaleb(exponent)
    except ArithmeticError as error:
        raise RulesError(f"rules: {place}: at_least of spend must be an amount of money") from error
    if not amount.is_finite() or amount <= 0 or amount != int(amount):
        raise RulesError(f"rules: {place}: at_least of spend must be an amount above 0 with {exponent} decimals")
    return int(amount)


def _durations(phases: Phases) -> Durations:
    return Durations(
        qualification=phases.qualification_days * DAY,
        closing=phases.closing_days * DAY,
        unanswered=phases.complaint_unanswered_days * DAY,
        expired=phases.complaint_expired_days * DAY,
        growth_by_rung=phases.growth_by_rung_days * DAY,
        growth_by_pace=phases.growth_by_pace_days * DAY,
        not_renewed=phases.not_renewed_days * DAY,
        lost=phases.lost_days * DAY,
    )


def _deadlines(churn: Churn) -> Deadlines:
    return Deadlines(
        Params(churn.r, churn.alpha, churn.a, churn.b),
        churn.horizon_days,
        (churn.risk_at, churn.silence_at),
        (churn.risk_floor_days, churn.silence_floor_days),
    )


def _day_of(time_zone: str) -> DayOf:
    try:
        return day_of(time_zone)
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise RulesError(f"rules: the time zone {time_zone!r} is not known") from error


def _most(named: list[Criterion], measure: str) -> int:
    """How many facts of a measure are ever asked for; the newest one is always wanted."""
    return max([criterion.at_least for criterion in named if criterion.measure == measure], default=1)


def _rests_on(rungs: tuple[Rung, ...], rung: Rung) -> tuple[Rung, ...]:
    return (rung, *_rests_on(rungs, rungs[rung.index - 1])) if rung.needs_below else (rung,)


def _affected(rungs: tuple[Rung, ...]) -> dict[str, Affected]:
    """From the lowest rung that counts the measure upwards: those above may have waited for it."""
    kinds = {measure: frozenset({measure}) for measure in (*MARKED, "membership")}
    kinds["purchases"] = frozenset({"purchases", "spend"})
    kinds["joining"] = frozenset({"membership", "responses"})
    found: dict[str, Affected] = {}
    for kind, measures in kinds.items():
        pairs = [(rung, rung.touched_by(measures)) for rung in rungs]
        found[kind] = tuple(dropwhile(lambda pair: not pair[1], pairs))
    return found


def _digest(document: Document, currency: str, exponent: int, time_zone: str) -> str:
    shape = msgspec.to_builtins(document)
    del shape["version"], shape["value"]
    told = msgspec.json.encode([MAKE, shape, currency, exponent, time_zone], order="deterministic")
    return hashlib.sha256(told).hexdigest()
