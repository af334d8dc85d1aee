"""Plays the coming year of people many times over, as the fitted models have it."""

from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator

from services.ladder.core.churn import Params
from services.ladder.core.rules import Money
from services.ladder.estimates.expected import YEAR
from services.ladder.estimates.history import Floats
from services.ladder.estimates.outlook import Histories

YEARS: Final = 400
"""So many times each person's year is played."""


class Played(NamedTuple):
    """Of each play what all people together did."""

    purchase_days: Floats
    paid: Floats
    """Major units, before the margin."""


def play(people: Histories, alive: Floats, params: Params, money: Money, chance: Generator) -> Played:
    """The totals of these people in each of `YEARS` plays of the next 365 days.

    Who is alive draws a rate from gamma(r + x, alpha + T) and a chance to leave after each purchase from
    beta(a, b + x + 1), and how much they pay on a day from gamma(p, nu), nu from gamma(p x + q, gamma + x mean): the
    posteriors of MBG/NBD and Gamma-Gamma.
    """
    size = (YEARS, len(people.x))
    rate = chance.gamma(params.r + people.x, 1 / (params.alpha + people.now), size)
    leaves = chance.beta(params.a, params.b + people.x + 1, size)
    bought = np.minimum(chance.poisson(rate * YEAR), chance.geometric(np.maximum(leaves, 1e-12)))
    days = bought * (chance.random(size) < alive)
    inverse_scale = chance.gamma(money.p * people.x + money.q, 1 / (money.gamma + people.x * people.mean), size)
    paid = np.where(days > 0, chance.gamma(money.p * np.maximum(days, 1)) / inverse_scale, 0.0)
    return Played(days.sum(axis=1).astype(np.float64), paid.sum(axis=1))


def around(expected: float, strays: Floats, part: float) -> tuple[float, float]:
    """Between what the middle `part` of the plays lies; `strays`: how far each play is from their mean."""
    low, high = np.quantile(strays, [(1 - part) / 2, (1 + part) / 2])
    return max(0.0, expected + float(low)), expected + float(high)
