"""What to expect of people, from their standings: many at once, as arrays."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from services.ladder.core.rules import Money, Rules
from services.ladder.core.standing import Standing
from services.ladder.estimates import expected
from services.ladder.estimates.history import Floats, Ints
from shared.instants import SECOND

DAYS: Final = 365
"""How far ahead is looked."""
_WEEK_SECONDS: Final = 7 * 86_400


class Histories(NamedTuple):
    """Of people who have bought: as the models see them; `mean` is paid on each of the x days, in major units."""

    x: Ints
    t_x: Floats
    now: Floats
    mean: Floats


class Outlook(NamedTuple):
    """What is expected of each; money in major units, after the margin."""

    alive: Floats
    chance: Floats
    """Of a purchase within the horizon of the churn rules."""
    chance_after_purchase: Floats
    """The same as it was right after the newest purchase day began."""
    purchase_days: Floats
    paid: Floats
    """On a purchase day, before the margin."""
    value: Floats


def histories(standings: Sequence[Standing], at: int, rules: Rules) -> Histories:
    """How these people look at an instant; each must have bought before."""
    unit = int(rules.unit)
    x = np.array([standing.purchase_days - 1 for standing in standings], dtype=np.int64)
    t_x = np.array([(standing.last_day - standing.first_day) / 7 for standing in standings], dtype=np.float64)
    silent = np.array([max(0, at - standing.last_midnight) for standing in standings], dtype=np.float64)
    repeats = [(standing.spent - standing.first_day_spent) / unit for standing in standings]
    mean = np.array(repeats, dtype=np.float64) / np.maximum(x, 1)
    return Histories(x, t_x, t_x + silent / SECOND / _WEEK_SECONDS, mean)


def outlook(people: Histories, rules: Rules) -> Outlook:
    """What the fitted models expect of them within the next `DAYS`."""
    params, horizon, (x, t_x, now, mean) = rules.churn.params, rules.churn.horizon_days / 7, people
    days = expected.purchases(params, x, t_x, now, DAYS / 7)
    paid = expected.mean_paid(money_of(rules), x, mean)
    return Outlook(
        alive=expected.alive(params, x, t_x, now),
        chance=expected.chances(params, x, t_x, now, horizon),
        chance_after_purchase=expected.chances(params, x, t_x, t_x, horizon),
        purchase_days=days,
        paid=paid,
        value=days * paid * rules.value.margin,
    )


def money_of(rules: Rules) -> Money:
    """The Gamma-Gamma model of these rules."""
    return Money(rules.value.p, rules.value.q, rules.value.gamma)
