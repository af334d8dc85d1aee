"""Sums over people by rung and by source, and of each rung a sample whose year is played."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.random import Generator

from services.ladder.core.standing import RUNGS, Standing
from services.ladder.core.worth import Net
from services.ladder.estimates.history import Floats
from services.ladder.estimates.outlook import Histories, Outlook
from shared.instants import DAY

SAMPLE: Final = 500
"""People of a rung whose year is played."""
SOURCES: Final = 1_000
"""Sources that are told apart; further ones are counted together."""
_MONTH: Final = 365.25 / 12 * DAY


@dataclass(slots=True)
class RungSum:
    """One rung; `purchase_days` and `value` (major units, after the margin) are expected of the next year."""

    people: int = 0
    buyers: int = 0
    net: int = 0
    purchase_days: float = 0.0
    value: float = 0.0
    squares: float = 0.0
    """Of each person's value."""
    sample: Floats = field(default_factory=lambda: np.zeros((6, 0)))
    """Lots drawn, x, t_x, T, mean and the chance to be alive, of those with the lowest lots."""

    def draw(self, people: Histories, alive: Floats, chance: Generator) -> None:
        """These people too may be in the sample, each as likely as any other."""
        rows = np.stack([chance.random(len(alive)), people.x, people.t_x, people.now, people.mean, alive])
        both = np.concatenate([self.sample, rows], axis=1)
        self.sample = both[:, np.argsort(both[0])[:SAMPLE]]

    def sampled(self) -> tuple[Histories, Floats]:
        """The sample, and the chances to be alive."""
        _, x, t_x, now, mean, alive = self.sample
        return Histories(x.astype(np.int64), t_x, now, mean), alive


@dataclass(slots=True)
class SourceSum:
    """People who came from one source; money in minor units, `expected` in major ones."""

    people: int = 0
    customers: int = 0
    """Those who bought."""
    cost: int = 0
    discounts: int = 0
    """On first orders."""
    value: int = 0
    """Margin and referrals less effort, so far."""
    months: float = 0.0
    """Since their first purchases, each at least one."""
    expected: float = 0.0


class Sums:
    """Everybody, summed up a page at a time."""

    def __init__(self, chance: Generator) -> None:
        self._chance = chance
        self.rungs = [RungSum() for _ in RUNGS]
        self.sources: dict[str | None, SourceSum] = {}
        self.others = SourceSum()
        """Those from sources beyond the first `SOURCES`."""

    def add(self, standings: Sequence[Standing], nets: Sequence[Net], at: int) -> None:
        """What they have brought and cost."""
        for standing, net in zip(standings, nets, strict=True):
            rung, source, worth = self.rungs[standing.rung - 1], self._source(standing), standing.worth
            rung.people += 1
            rung.net += net.net
            source.people += 1
            source.cost += net.acquisition
            source.discounts += worth.first_discount
            source.value += net.net + net.acquisition
            if standing.first_purchase_at is not None:
                rung.buyers += 1
                source.customers += 1
                source.months += max(1.0, (at - standing.first_purchase_at) / _MONTH)

    def add_buyers(self, standings: Sequence[Standing], people: Histories, seen: Outlook) -> None:
        """What is expected of those who have bought."""
        for standing, value in zip(standings, seen.value.tolist(), strict=True):
            self._source(standing).expected += value
        rungs = np.array([standing.rung for standing in standings], dtype=np.int64)
        for number, rung in enumerate(self.rungs, 1):
            here = rungs == number
            if np.any(here):
                rung.purchase_days += float(seen.purchase_days[here].sum())
                rung.value += float(seen.value[here].sum())
                rung.squares += float((seen.value[here] ** 2).sum())
                rung.draw(Histories(*(column[here] for column in people)), seen.alive[here], self._chance)

    def _source(self, standing: Standing) -> SourceSum:
        name = standing.worth.source
        found = self.sources.get(name)
        if found is None:
            if len(self.sources) >= SOURCES:
                return self.others
            found = self.sources[name] = SourceSum()
        return found
