"""The difference of two rates with its interval. Pure.

R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven methods.
Statistics in Medicine 17 (1998), 873-890, method 10: the hybrid of two score intervals, without continuity correction.
The single interval is E. B. Wilson's (Journal of the American Statistical Association 22 (1927), 209-212).
"""

from math import hypot, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

CONFIDENCE: Final = 0.95
Z: Final = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


class Count(NamedTuple):
    """How many of so many."""

    reached: int
    of: int

    @property
    def rate(self) -> float:
        """From 0 to 1; 0 for nobody."""
        return self.reached / self.of if self.of else 0.0


class Interval(NamedTuple):
    """A range with 95 % confidence."""

    low: float
    high: float


def wilson(count: Count, z: float = Z) -> Interval:
    """The score interval of one rate; of nobody, anything from 0 to 1."""
    if not count.of:
        return Interval(0.0, 1.0)
    n, p = count.of, count.rate
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def difference(one: Count, other: Count, z: float = Z) -> Interval:
    """The interval of `one`'s rate less `other`'s."""
    d, a, b = one.rate - other.rate, wilson(one, z), wilson(other, z)
    low = d - hypot(one.rate - a.low, b.high - other.rate)
    high = d + hypot(a.high - one.rate, other.rate - b.low)
    return Interval(low, high)
