"""Rungs: entered when `enter` and `keep` hold, held until `keep` has failed for the whole grace."""

from services.ladder.core.rules import Affected, Rules, Rung
from services.ladder.core.standing import FOREVER, NEVER, Override, Standing


def climb(standing: Standing, affected: Affected, at: int) -> int:
    """Sets the rungs held after a fact at `at`, and returns the highest, whatever an override shows.

    `affected`: from the lowest it may have changed upwards.
    """
    ends = list(standing.ends)
    moved = False  # the rung below was just entered or lost
    for rung, touched in affected:
        if not (touched or moved):
            continue
        index = rung.index
        end = ends[index]
        if rung.needs_below and ends[index - 1] == NEVER:
            ends[index] = NEVER
        elif end != FOREVER or not rung.lasting:
            ends[index] = _end_after_fact(standing, rung, end, at)
        moved = (ends[index] == NEVER) is not (end == NEVER)
    return _settle(standing, ends, at)


def _end_after_fact(standing: Standing, rung: Rung, end: int, at: int) -> int:
    """Until when the rung's keep holds, or since when it fails within its grace, or NEVER: not held."""
    until = rung.keep.until(standing)
    if end + rung.grace > at:  # held up to here
        if until > at:
            return until
        failed = min(end, at)
        return failed if failed + rung.grace > at else NEVER
    return until if until > at and rung.enter.until(standing) > at else NEVER


def fall(standing: Standing, rules: Rules, at: int) -> None:
    """Takes away the rungs whose grace is over at `at`, and those that rest on them."""
    ends = list(standing.ends)
    for rung in rules.rungs:
        bereft = rung.needs_below and ends[rung.index - 1] == NEVER
        if bereft or ends[rung.index] + rung.grace <= at:
            ends[rung.index] = NEVER
    _settle(standing, ends, at)


def override(standing: Standing, given: Override | None, at: int) -> None:
    """Shows the rung given by hand from `at` on, or, with None, the one by the rules."""
    standing.override = given
    _settle(standing, list(standing.ends), at)


def _settle(standing: Standing, ends: list[int], at: int) -> int:
    standing.ends = tuple(ends)
    number = len(ends)
    while ends[number - 1] == NEVER:
        number -= 1
    shown = number if standing.override is None else standing.override.shown(number)
    if shown != standing.rung:
        standing.rung = shown
        standing.rung_since = at
    return number


def due(standing: Standing, rules: Rules) -> int:
    """When the person falls by the rules if nothing more is heard, or FOREVER."""
    earliest = FOREVER
    for rung in resting(standing, rules):
        end = standing.ends[rung.index] + rung.grace
        if end < earliest:
            earliest = end
    return earliest


def resting(standing: Standing, rules: Rules) -> tuple[Rung, ...]:
    """The rung the person is on by the rules and those it rests on, the highest first."""
    rung = standing.rung if standing.override is None else standing.rung_by_rules
    return rules.rests_on[rung - 1]
