"""From the facts of people to what the models are fitted to: counts of purchase days, and money.

A purchase day is a calendar day, in the shop's time zone, with at least one order that stands. x counts those after the
first, t_x and T are the weeks from the first to the newest one and to the end of what is looked at.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ladder.core.facts import key
from services.ladder.core.orders import paid
from services.ladder.core.rules import Rules
from shared.events import PurchaseCompleted, PurchaseRefunded

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Days = list[tuple[int, int]]
"""The purchase days of a person, ascending, each with what was paid on it in minor units."""

_WEEK: Final = 7


class Counts(NamedTuple):
    """How many people share an (x, t_x, T); times in weeks."""

    x: Ints
    t_x: Floats
    now: Floats
    people: Floats

    @property
    def total(self) -> float:
        """All people."""
        return float(self.people.sum())

    @property
    def repeaters(self) -> int:
        """Those with a second purchase day."""
        return int(self.people[self.x > 0].sum())


class Spending(NamedTuple):
    """How many repeaters share (repeat days, mean paid on such a day in major units)."""

    x: Ints
    mean: Floats
    people: Floats


class Held(NamedTuple):
    """People as they were known at a split, one by one, and on how many days they bought between it and the end."""

    x: Ints
    t_x: Floats
    now: Floats
    bought: Ints


def purchase_days(facts: Iterable[PurchaseCompleted | PurchaseRefunded], rules: Rules) -> Days:
    """The days of one person on which an order was placed that stands: the earliest of its order, not all refunded."""
    orders: dict[str, PurchaseCompleted] = {}
    refunds: defaultdict[str, list[PurchaseRefunded]] = defaultdict(list)
    for fact in sorted(facts, key=key):
        if type(fact) is PurchaseRefunded:
            refunds[fact.data.order_id].append(fact)
        elif type(fact) is PurchaseCompleted:
            orders.setdefault(fact.data.order_id, fact)
    days: dict[int, int] = {}
    for order, bought in orders.items():
        net = paid(bought, refunds.get(order, ()), rules).net
        if net is not None:
            day, _ = rules.day_of(bought.at)
            days[day] = days.get(day, 0) + net
    return sorted(days.items())


class Sample:
    """Everybody's purchase days up to an end, as arrays, once as of the end and once as of a split before it."""

    def __init__(self, end: int, split: int) -> None:
        """`end` and `split`: numbers of days (since 1970-01-01), both included."""
        self.end, self.split = end, split
        self._whole = [array("q") for _ in range(4)]
        self._split = [array("q") for _ in range(4)]

    def add(self, days: Days) -> None:
        """Take in one person; who had not bought by the end is left out."""
        if not days or days[0][0] > self.end:
            return
        first, known = days[0][0], [day for day, _ in days if day <= self.end]
        money = sum(net for day, net in days[1:] if day <= self.end)
        _append(self._whole, len(known) - 1, known[-1] - first, self.end - first, money)
        if first <= self.split:
            before = [day for day in known if day <= self.split]
            _append(self._split, len(before) - 1, before[-1] - first, self.split - first, len(known) - len(before))

    def counts(self) -> Counts:
        """People by (x, t_x, T) as of the end."""
        return counted(*_columns(self._whole)[:3])

    def counts_at_split(self) -> Counts:
        """The same as of the split."""
        return counted(*_columns(self._split)[:3])

    def spending(self, unit: int) -> Spending:
        """What repeaters paid; `unit` minor units are a major one. Who paid nothing at all is left out."""
        x, _, _, money = _columns(self._whole)
        rows = np.stack([x, money])[:, (x > 0) & (money > 0)]
        found, people = np.unique(rows, axis=1, return_counts=True)
        return Spending(found[0], found[1] / unit / found[0], people.astype(np.float64))

    def held(self) -> Held:
        """Everybody known at the split, and what they did afterwards."""
        x, t_x, now, bought = _columns(self._split)
        return Held(x, t_x / _WEEK, now / _WEEK, bought)


def counted(x: Ints, t_x: Ints, now: Ints) -> Counts:
    """People one by one, times in days, to people by (x, t_x, T)."""
    # One number of a row sorts ten times as fast as three; nobody lives for 2^21 days.
    rows, people = np.unique((x << 42) | (t_x << 21) | now, return_counts=True)
    low = (1 << 21) - 1
    return Counts(rows >> 42, (rows >> 21 & low) / _WEEK, (rows & low) / _WEEK, people.astype(np.float64))


def _append(columns: list["array[int]"], *values: int) -> None:
    for column, value in zip(columns, values, strict=True):
        column.append(value)


def _columns(columns: list["array[int]"]) -> list[Ints]:
    return [np.array(column, dtype=np.int64) for column in columns]
