"""Why a person stands where they stand, what is missing for the next rung, and when and why they would fall.

Asks the same criteria that decide, so it cannot disagree with them.
"""

from typing import Literal

from msgspec import Struct, field

from services.ladder.core import phases
from services.ladder.core.counted import by_hand, counted, in_grace, met, money, needed
from services.ladder.core.criteria import Criterion
from services.ladder.core.evolve import advance
from services.ladder.core.falls import Falls, falls_of
from services.ladder.core.rules import Rules, Rung
from services.ladder.core.standing import Standing
from shared import instants
from shared.events import Counted, Needed

_LATEST = instants.parse("9999-12-31T00:00:00Z")


class RungExplained(Struct, gc=False):
    """The rung, and the criteria by which it is held."""

    number: int
    key: str
    since: str
    because: list[Counted]


class PhaseExplained(Struct, gc=False):
    """Phase and stage, since when, and why."""

    phase: str
    stage: str
    since: str
    because: str | None


class ChurnExplained(Struct, gc=False):
    """The chance of a purchase within the horizon, right after the newest one and now, to four decimals."""

    horizon_days: int
    chance_after_last_purchase: float
    chance_now: float
    risk_raised: bool
    risk_at: str | None
    silence_at: str | None


class Next(Struct, gc=False):
    """The next rung, and the ways to it, the nearest first."""

    number: int
    key: str
    missing: list[list[Needed]]


class Totals(Struct, gc=False):
    """Of the orders that stand; `spent` is net of `refunded`, both are text in major units."""

    purchases: int
    purchase_days: int
    spent: str
    refunded: str
    currency: str
    first_purchase_at: str | None
    last_purchase_at: str | None


class Referrals(Struct, gc=False):
    """How many the person made, and how many friends became buyers."""

    made: int
    converted: int


class OverrideExplained(Struct, gc=False):
    """A rung given by hand, and the one that the rules alone would give."""

    id: str
    rung: int
    kind: Literal["floor", "fixed"]
    reason: str
    by: str
    since: str
    until: str | None
    otherwise: int


class Explanation(Struct, gc=False):
    """A standing explained, as it is shown."""

    as_of: str
    rules_version: int
    rung: RungExplained
    phase: PhaseExplained
    churn: ChurnExplained | None
    next_: Next | None = field(name="next")
    falls: Falls | None
    totals: Totals
    referrals: Referrals
    override: OverrideExplained | None = None


def explain(standing: Standing, as_of: int, rules: Rules) -> Explanation:
    """The standing at `as_of`, which is no earlier than its newest fact; deadlines up to then count as fired."""
    now, _ = advance(standing, as_of, rules)
    return Explanation(
        as_of=instants.text(as_of),
        rules_version=rules.version,
        rung=_rung(now, as_of, rules),
        phase=_phase(now, as_of),
        churn=_churn(now, as_of, rules),
        next_=_next(now, as_of, rules),
        falls=falls_of(now, as_of, rules),
        totals=_totals(now, rules),
        referrals=Referrals(now.referrals_made, now.referrals_converted),
        override=_override(now),
    )


def _rung(standing: Standing, now: int, rules: Rules) -> RungExplained:
    rung, since = rules.rungs[standing.rung - 1], instants.text(standing.rung_since)
    if standing.override is not None and standing.rung != standing.rung_by_rules:
        return RungExplained(standing.rung, rung.key, since, [by_hand(standing.override)])
    held_by = [counted(one, standing, now, rules) for one in _held_by(standing, rung, now)]
    return RungExplained(standing.rung, rung.key, since, held_by)


def _held_by(standing: Standing, rung: Rung, now: int) -> list[Criterion]:
    if in_grace(standing, rung, now):
        return rung.keep.criteria()
    return met(rung.enter if rung.enter.until(standing) > now else rung.keep, standing, now)


def _phase(standing: Standing, now: int) -> PhaseExplained:
    because = phases.because(standing, now)
    since = instants.text(standing.phase_since)
    return PhaseExplained(standing.phase, standing.stage, since, because)


def _churn(standing: Standing, now: int, rules: Rules) -> ChurnExplained | None:
    if not standing.purchases:
        return None
    x, days = standing.purchase_days - 1, standing.last_day - standing.first_day
    return ChurnExplained(
        horizon_days=rules.churn.horizon_days,
        chance_after_last_purchase=round(rules.churn.chance(x, days, 0), 4),
        chance_now=round(rules.churn.chance(x, days, now - standing.last_midnight), 4),
        risk_raised=standing.risk_at <= now,
        risk_at=_text(standing.risk_at),
        silence_at=_text(standing.silence_at),
    )


def _next(standing: Standing, now: int, rules: Rules) -> Next | None:
    """An override leaves out none of the rungs below it: what is missing is missing by the rules."""
    number = standing.rung_by_rules
    if number == len(rules.rungs):
        return None
    rung = rules.rungs[number]
    condition = rung.keep if rung.enter.until(standing) > now else rung.enter
    ways = [[one for one in way if one.until(standing) <= now] for way in condition.ways]
    ways.sort(key=lambda way: _further_facts(way, standing, now))
    return Next(rung.index + 1, rung.key, [[needed(one, standing, now, rules) for one in way] for way in ways])


def _further_facts(way: list[Criterion], standing: Standing, now: int) -> int:
    """How many more facts a way takes at least; one purchase serves all criteria about purchases."""
    lacking: dict[str, int] = {}
    for one in way:
        kind = "purchases" if one.measure == "spend" else one.measure
        lacks = 1 if one.measure == "spend" else one.at_least - one.have(standing, now)
        lacking[kind] = max(lacks, lacking.get(kind, 0))
    return sum(lacking.values())


def _override(standing: Standing) -> OverrideExplained | None:
    given = standing.override
    if given is None:
        return None
    return OverrideExplained(
        id=given.id,
        rung=given.rung,
        kind="fixed" if given.fixed else "floor",
        reason=given.reason,
        by=given.by,
        since=instants.text(given.since),
        until=_text(given.until),
        otherwise=standing.rung_by_rules,
    )


def _totals(standing: Standing, rules: Rules) -> Totals:
    return Totals(
        purchases=standing.purchases,
        purchase_days=standing.purchase_days,
        spent=money(standing.spent, rules),
        refunded=money(standing.refunded, rules),
        currency=rules.currency,
        first_purchase_at=_text(standing.first_purchase_at),
        last_purchase_at=_text(standing.last_purchase_at),
    )


def _text(at: int | None) -> str | None:
    return None if at is None or at > _LATEST else instants.text(at)
