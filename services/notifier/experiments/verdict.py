"""What may be concluded about a play, and how many people are missing for a conclusion. Pure.

Group sizes: J. L. Fleiss, B. Levin, M. C. Paik, Statistical Methods for Rates and Proportions, 3rd edition (2003),
chapter 4, for unequal groups and without continuity correction: with P1 in the smaller group of m and P2 in the one of
r m, the mean P = (P1 + r P2) / (r + 1), and Q = 1 - P,

    m = (z_a sqrt((r + 1) P Q) + z_b sqrt(r P1 Q1 + P2 Q2))^2 / (r (P2 - P1)^2)

for a two-sided test at 5 % that finds the difference with 80 %.
"""

from enum import StrEnum
from math import ceil, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

from services.notifier.experiments.newcombe import Count, Interval, Z, difference

POWER: Final = 0.8
_Z_POWER: Final = NormalDist().inv_cdf(POWER)


class Verdict(StrEnum):
    """Whether a play helps."""

    HELPS = "helps"
    """The whole interval is above 0."""
    DOES_NOT = "does_not"
    """The whole interval is below what would pay, or enough people were watched and 0 is still in it."""
    TOO_EARLY = "too_early"


class Conclusion(NamedTuple):
    """The difference of the rates, its interval, the verdict, and how many more people it takes (0: none)."""

    difference: float
    interval: Interval
    verdict: Verdict
    more: int


def conclude(treated: Count, held_out: Count, worth: float, share: float) -> Conclusion:
    """Compare the groups. `worth`: the smallest difference that pays; `share`: how many are held out by plan."""
    interval = difference(treated, held_out)
    more = missing(treated, held_out, worth, share)
    verdict = _verdict(treated, held_out, interval, worth, more)
    more = more if verdict is Verdict.TOO_EARLY else 0
    return Conclusion(treated.rate - held_out.rate, interval, verdict, more)


def _verdict(treated: Count, held_out: Count, interval: Interval, worth: float, more: int) -> Verdict:
    if not treated.of or not held_out.of:
        return Verdict.TOO_EARLY
    if interval.low > 0:
        return Verdict.HELPS
    if interval.high < worth or not more:
        return Verdict.DOES_NOT
    return Verdict.TOO_EARLY


def missing(treated: Count, held_out: Count, worth: float, share: float) -> int:
    """How many more people have to be watched until a difference of `worth` would be found with 80 %."""
    ratio = treated.of / held_out.of if held_out.of and treated.of else (1 - share) / share if share else 1.0
    base = _base(held_out if held_out.of else treated)
    better = base + worth if base + worth < 1 else base - worth
    needed = group_size(base, better, ratio)
    return max(0, ceil(needed) - held_out.of) + max(0, ceil(ratio * needed) - treated.of)


def _base(count: Count) -> float:
    """The rate without the play; a few people who all did the same prove no rate of 0 or 1 (Laplace)."""
    return (count.reached + 1) / (count.of + 2)


def group_size(p1: float, p2: float, ratio: float = 1.0) -> float:
    """People in the first group, with `ratio` times as many in the second, to tell these two rates apart."""
    mean = (p1 + ratio * p2) / (ratio + 1)
    alike = Z * sqrt((ratio + 1) * mean * (1 - mean))
    apart = _Z_POWER * sqrt(ratio * p1 * (1 - p1) + p2 * (1 - p2))
    return (alike + apart) ** 2 / (ratio * (p2 - p1) ** 2)
