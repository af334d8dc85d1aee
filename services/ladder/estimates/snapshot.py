"""What the estimates came to, as it is noted for all who ask; figures, not yet texts."""

import msgspec
import numpy as np
from msgspec import Struct

from services.ladder.core.rules import Rules
from services.ladder.estimates.history import Floats
from services.ladder.estimates.outlook import money_of
from services.ladder.estimates.simulation import YEARS, Played, around, play
from services.ladder.estimates.sums import RungSum, SourceSum, Sums

INTERVAL = 0.9
"""The part of the plays between low and high."""


class Range(Struct, array_like=True, frozen=True):
    """What is expected, and between what the middle nine tenths of the plays lie."""

    expected: float
    low: float
    high: float


class RungNoted(Struct, frozen=True):
    """One rung, or all; `value` is after the margin, in major units.

    `deviation` is that of one person's year by chance, `spread` that of what is expected between people.
    """

    people: int
    buyers: int
    net: int
    purchase_days: Range
    value: Range
    deviation: float
    spread: float


class SourceNoted(Struct, frozen=True):
    """One source; see `SourceSum`."""

    source: str | None
    people: int
    customers: int
    cost: int
    discounts: int
    value: int
    months: float
    expected: float


class Snapshot(Struct, frozen=True):
    """Everybody at an instant. `seen` is what of the lanes and the rules it rests on, `seconds` what it took."""

    as_of: int
    made_at: int
    seconds: float
    seen: str
    rungs: list[RungNoted]
    all: RungNoted
    sources: list[SourceNoted]
    others: SourceNoted | None


def snapshot(sums: Sums, rules: Rules, as_of: int, made_at: int, seconds: float, seen: str) -> Snapshot:
    """Play the year of each rung's sample, and note all that was summed up."""
    chance = np.random.default_rng(as_of)
    played = [_play(rung, rules, chance) for rung in sums.rungs]
    rungs = [_rung(rung, plays) for rung, plays in zip(sums.rungs, played, strict=True)]
    sources = [_source(name, source) for name, source in sums.sources.items()]
    return Snapshot(
        as_of=as_of,
        made_at=made_at,
        seconds=seconds,
        seen=seen,
        rungs=rungs,
        all=_all(sums.rungs, played),
        sources=sorted(sources, key=lambda source: -source.people),
        others=_source(None, sums.others) if sums.others.people else None,
    )


def encode(noted: Snapshot) -> str:
    """As it is stored."""
    return msgspec.json.encode(noted).decode()


def decode(stored: str) -> Snapshot | None:
    """What was stored; None for one of another make, which is as good as none."""
    try:
        return msgspec.json.decode(stored, type=Snapshot)
    except msgspec.DecodeError:
        return None


def _play(rung: RungSum, rules: Rules, chance: np.random.Generator) -> Played:
    """How far the totals of the whole rung stray in each play, around nothing."""
    people, alive = rung.sampled()
    if not len(alive):
        return Played(np.zeros(YEARS), np.zeros(YEARS))
    days, paid = play(people, alive, rules.churn.params, money_of(rules), chance)
    wider = (rung.buyers / len(alive)) ** 0.5
    return Played((days - days.mean()) * wider, (paid - paid.mean()) * wider * rules.value.margin)


def _rung(rung: RungSum, plays: Played) -> RungNoted:
    people = max(1, rung.people)
    return RungNoted(
        people=rung.people,
        buyers=rung.buyers,
        net=rung.net,
        purchase_days=_range(rung.purchase_days, plays.purchase_days),
        value=_range(rung.value, plays.paid),
        deviation=float(plays.paid.std()) / people**0.5,
        spread=max(0.0, rung.squares / people - (rung.value / people) ** 2) ** 0.5,
    )


def _all(rungs: list[RungSum], played: list[Played]) -> RungNoted:
    whole = RungSum(
        people=sum(rung.people for rung in rungs),
        buyers=sum(rung.buyers for rung in rungs),
        net=sum(rung.net for rung in rungs),
        purchase_days=sum(rung.purchase_days for rung in rungs),
        value=sum(rung.value for rung in rungs),
        squares=sum(rung.squares for rung in rungs),
    )
    days, paid = (np.sum([plays[column] for plays in played], axis=0) for column in (0, 1))
    return _rung(whole, Played(days, paid))


def _range(expected: float, strays: Floats) -> Range:
    return Range(expected, *around(expected, strays, INTERVAL))


def _source(name: str | None, source: SourceSum) -> SourceNoted:
    return SourceNoted(
        source=name,
        people=source.people,
        customers=source.customers,
        cost=source.cost,
        discounts=source.discounts,
        value=source.value,
        months=source.months,
        expected=source.expected,
    )
