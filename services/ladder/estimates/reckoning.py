"""Reckons what people are worth and what to expect of them, a page of people at a time."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.ladder.core.rules import Rules
from services.ladder.core.standing import Standing
from services.ladder.core.worth import Net, net_of, rates_of
from services.ladder.estimates.outlook import Outlook, histories, outlook
from services.ladder.estimates.sums import Sums


class Reckoned(NamedTuple):
    """What is kept of a person; money in minor units. None: who has not bought is not expected to come again."""

    person: str
    net_value: int
    chance_now: float | None
    expected_value: int
    at_stake: int
    """What a year of theirs would bring were they still there, times the chance lost since their newest purchase."""


def reckon(page: Sequence[tuple[str, Standing]], at: int, rules: Rules, sums: Sums) -> list[Reckoned]:
    """Everybody of the page at an instant; adds them to the sums."""
    rates = rates_of(rules)
    nets = [net_of(standing, rates) for _, standing in page]
    bought = [place for place, (_, standing) in enumerate(page) if standing.purchase_days]
    people = histories([page[place][1] for place in bought], at, rules)
    seen = outlook(people, rules)
    sums.add([standing for _, standing in page], nets, at)
    sums.add_buyers([page[place][1] for place in bought], people, seen)
    return _rows(page, nets, bought, seen, int(rules.unit))


def _rows(
    page: Sequence[tuple[str, Standing]], nets: Sequence[Net], bought: Sequence[int], seen: Outlook, unit: int
) -> list[Reckoned]:
    rows = [Reckoned(person, net.net, None, 0, 0) for (person, _), net in zip(page, nets, strict=True)]
    lost = 1 - seen.chance / seen.chance_after_purchase
    if_alive = seen.value / np.maximum(seen.alive, 1e-12)
    stake = np.where(seen.alive > 1e-12, if_alive * np.clip(lost, 0, 1), 0.0)
    columns = zip(
        bought,
        seen.chance.tolist(),
        np.rint(seen.value * unit).astype(np.int64).tolist(),
        np.rint(stake * unit).astype(np.int64).tolist(),
        strict=True,
    )
    for place, chance, value, at_stake in columns:
        rows[place] = rows[place]._replace(chance_now=chance, expected_value=value, at_stake=at_stake)
    return rows
