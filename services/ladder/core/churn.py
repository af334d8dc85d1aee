"""How likely a person is to buy again, and when that has sunk so far that it is a risk, or silence.

MBG/NBD: Batislam, Denizel and Filiztekin 2007, "Empirical validation and comparison of models for customer base
analysis". BG/NBD: Fader, Hardie and Lee 2005, "Counting your customers the easy way". x counts purchase days after the
first, t_x and T are weeks from the first purchase day to the newest one and to now.
"""

from collections.abc import Sequence
from math import exp, expm1, log, log1p
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.instants import SECOND

_WEEK_SECONDS: Final = 7 * 86_400
_BLOCK: Final = 64
"""So many neighbouring t_x are solved at once."""
_REMEMBERED: Final = 1 << 16
"""So many (x, t_x) are remembered at most."""
_FARTHEST: Final = 1 << 38
"""Seconds; what does not happen within these millennia never happens."""

Floats = NDArray[np.float64]


class Params(NamedTuple):
    """Purchases come with rates from gamma(r, alpha), alpha in weeks; dropout chances are from beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


def p_alive(params: Params, x: int, t_x: float, now: float) -> float:
    """MBG/NBD: the chance that the person has not dropped out at T = `now`."""
    return exp(-_softplus(_odds(params, params.b + x, x, t_x, now)))


def p_alive_bg(params: Params, x: int, t_x: float, now: float) -> float:
    """BG/NBD: the same where nobody drops out before a second purchase."""
    return 1.0 if x == 0 else exp(-_softplus(_odds(params, params.b + x - 1, x, t_x, now)))


def chance(params: Params, x: int, t_x: float, now: float, horizon: float) -> float:
    """The score: the chance of at least one purchase within `horizon` weeks after T = `now`."""
    return exp(_log_chance(params, x, t_x, now - t_x, horizon))


def _odds(params: Params, beta: float, x: int, t_x: float, now: float) -> float:
    """The logarithm of dropped out : alive."""
    return log(params.a / beta) + (params.r + x) * log1p((now - t_x) / (params.alpha + t_x))


def _softplus(value: float) -> float:
    """log(1 + e^value) without overflow."""
    return value + log1p(exp(-value)) if value > 0 else log1p(exp(value))


def _log_chance(params: Params, x: int, t_x: float, elapsed: float, horizon: float) -> float:
    dropped = _odds(params, params.b + x, x, t_x, t_x + elapsed)
    none = -(params.r + x) * log1p(horizon / (params.alpha + t_x + elapsed))
    return log(-expm1(none)) - _softplus(dropped)


def _log_chances(params: Params, x: int, t_x: Floats, elapsed: Floats, horizon: float) -> Floats:
    """`_log_chance` for many at once."""
    since = params.alpha + t_x
    dropped = np.log(params.a / (params.b + x)) + (params.r + x) * np.log1p(elapsed / since)
    none = -(params.r + x) * np.log1p(horizon / (since + elapsed))
    chances: Floats = np.log(-np.expm1(none)) - np.logaddexp(0.0, dropped)
    return chances


class Deadlines:
    """When the chance has sunk to given fractions of what it was right after the newest purchase day began.

    Found once per (x, t_x) and remembered, for a block of neighbouring t_x at a time.
    """

    def __init__(
        self, params: Params, horizon_days: int, fractions: Sequence[float], floor_days: Sequence[int]
    ) -> None:
        """`fractions` and `floor_days`: for risk and for silence."""
        self.params = params
        self.horizon_days = horizon_days
        self._horizon = horizon_days / 7
        self._sunk = [log(fraction) for fraction in fractions]
        self._floors = [days * 86_400 for days in floor_days]
        self._known: dict[tuple[int, int], tuple[int, int]] = {}

    def after(self, x: int, days: int) -> tuple[int, int]:
        """Microseconds from the newest purchase day's midnight to risk and to silence; t_x is `days` / 7.

        Each is the smallest whole second at which the chance is at or below its fraction, no sooner than its floor.
        """
        found = self._known.get((x, days))
        if found is None:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._solve(x, days)
            found = self._known[x, days]
        return found

    def chance(self, x: int, days: int, elapsed: int) -> float:
        """The score `elapsed` microseconds after the newest purchase day's midnight."""
        return exp(_log_chance(self.params, x, days / 7, elapsed / SECOND / _WEEK_SECONDS, self._horizon))

    def _solve(self, x: int, days: int) -> None:
        if self._floors_decide(x, days):
            self._known[x, days] = self._floors[0] * SECOND, self._floors[1] * SECOND
            return
        block = np.arange(days - days % _BLOCK, days - days % _BLOCK + _BLOCK)
        seconds = np.maximum(self._sinks(x, block / 7), self._floors)
        for day, (risk, silence) in zip(block.tolist(), (seconds * SECOND).tolist(), strict=True):
            self._known[x, day] = risk, silence

    def _floors_decide(self, x: int, days: int) -> bool:
        """Whether the chance has sunk far enough at the floors already, as for those who buy every week."""
        start = _log_chance(self.params, x, days / 7, 0.0, self._horizon)
        return all(
            _log_chance(self.params, x, days / 7, floor / _WEEK_SECONDS, self._horizon) <= start + sunk
            for floor, sunk in zip(self._floors, self._sunk, strict=True)
        )

    def _sinks(self, x: int, t_x: Floats) -> NDArray[np.int64]:
        """For each t_x the smallest whole seconds at which the chance has sunk to each of the fractions."""
        start = t_x[:, np.newaxis]
        goal = _log_chances(self.params, x, start, np.zeros_like(start), self._horizon) + np.array(self._sunk)
        low = np.zeros(goal.shape, dtype=np.int64)
        high = np.full(goal.shape, 1 << 25, dtype=np.int64)
        while np.any(unreached := ~self._sunk_by(x, start, high, goal) & (high < _FARTHEST)):
            high = np.where(unreached, high * 2, high)
        while np.any(high - low > 1):
            middle = (low + high) // 2
            sunk = self._sunk_by(x, start, middle, goal)
            low, high = np.where(sunk, low, middle), np.where(sunk, middle, high)
        return high

    def _sunk_by(self, x: int, t_x: Floats, seconds: NDArray[np.int64], goal: Floats) -> NDArray[np.bool_]:
        sunk: NDArray[np.bool_] = _log_chances(self.params, x, t_x, seconds / _WEEK_SECONDS, self._horizon) <= goal
        return sunk
