"""What a fitted model expects of people, many at once: alive, buying within a horizon, how often, and for how much.

x counts purchase days after the first, t_x and T (`now`) are weeks from the first one to the newest one and to now.
Sources: as in `likelihood`; the expected number of purchases is Fader, Hardie and Lee 2005, equation 10, and
Batislam, Denizel and Filiztekin 2007, equation 7.
"""

from typing import Final

import numpy as np

from services.ladder.core.churn import Params
from services.ladder.core.rules import Money
from services.ladder.estimates.history import Floats, Ints

YEAR: Final = 365 / 7
"""Weeks."""
_MOST_TERMS: Final = 20_000


def alive(params: Params, x: Ints, t_x: Floats, now: Floats) -> Floats:
    """MBG/NBD: the chance of not having dropped out."""
    return _alive(params, x, t_x, now, _as_floats(x))


def alive_bg(params: Params, x: Ints, t_x: Floats, now: Floats) -> Floats:
    """BG/NBD: the same where nobody drops out before a second purchase."""
    found: Floats = np.where(x > 0, _alive(params, x, t_x, now, np.maximum(x - 1.0, 0.0)), 1.0)
    return found


def chances(params: Params, x: Ints, t_x: Floats, now: Floats, horizon: float) -> Floats:
    """MBG/NBD: the chance of at least one purchase within `horizon` weeks after `now`, as `churn.chance` has it."""
    none = (params.r + x) * np.log1p(horizon / (params.alpha + now))
    found: Floats = alive(params, x, t_x, now) * -np.expm1(-none)
    return found


def purchases(params: Params, x: Ints, t_x: Floats, now: Floats, horizon: float) -> Floats:
    """MBG/NBD: how many purchase days to expect within `horizon` weeks after `now`."""
    return alive(params, x, t_x, now) * _while_alive(params, x, now, horizon, _as_floats(x) + params.a + params.b)


def purchases_bg(params: Params, x: Ints, t_x: Floats, now: Floats, horizon: float) -> Floats:
    """BG/NBD: the same."""
    return alive_bg(params, x, t_x, now) * _while_alive(
        params, x, now, horizon, _as_floats(x) + params.a + params.b - 1
    )


def mean_paid(money: Money, x: Ints, mean: Floats) -> Floats:
    """Gamma-Gamma: what to expect to be paid on a purchase day of who paid `mean` on each of x of them.

    Fader and Hardie 2013, equation 5; without any such day it is the mean over all people.
    """
    found: Floats = money.p * (money.gamma + x * mean) / (money.p * x + money.q - 1)
    return found


def _as_floats(x: Ints) -> Floats:
    return x.astype(np.float64)


def _alive(params: Params, x: Ints, t_x: Floats, now: Floats, chances_to_leave: Floats) -> Floats:
    odds = np.log(params.a / (params.b + chances_to_leave))
    odds = odds + (params.r + x) * np.log1p((now - t_x) / (params.alpha + t_x))
    found: Floats = np.exp(-np.logaddexp(0.0, odds))
    return found


def _while_alive(params: Params, x: Ints, now: Floats, horizon: float, c: Floats) -> Floats:
    """Of those alive: (c / (a-1)) (1 - (1-z)^(r+x) 2F1(r+x, c-a+1; c; z)), z the horizon's part of alpha + T + horizon.

    By Euler's transformation that is (1 - (1-z)^(a-1) 2F1(c-r-x, a-1; c; z)) c / (a-1): a series whose terms stay small
    however often somebody bought, and from which a-1 can be divided out, so that a = 1 is nothing special.
    """
    a = params.a
    z = horizon / (params.alpha + now + horizon)
    log_left = np.log1p(-z)
    first = -log_left if a == 1 else -np.expm1((a - 1) * log_left) / (a - 1)
    found: Floats = c * (first - np.exp((a - 1) * log_left) * _series(c - params.r - x, a, c, z))
    return found


def _series(upper: Floats, a: float, c: Floats, z: Floats) -> Floats:
    """(2F1(upper, a-1; c; z) - 1) / (a-1)."""
    term = upper / c * z
    total = term.copy()
    for n in range(1, _MOST_TERMS):
        term = term * ((upper + n) * (a + n - 1) / ((c + n) * (n + 1)) * z)
        total += term
        if not np.any(np.abs(term) > 1e-14 * np.maximum(np.abs(total), 1e-3)):
            break
    return total
