"""What one step of a person's timeline changes in the figures: people and money that move, orders, times spent."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from services.ladder.core.evolve import Step
from services.ladder.core.rules import Rules
from services.ladder.core.standing import NOTHING, Stage, Standing, Worth
from shared.instants import DAY, SECOND

NOWHERE: Final = 0
"""The rung of those who are not known yet."""
_EPOCH: Final = date(1970, 1, 1).toordinal()


class Move(NamedTuple):
    """A step that figures know of. From its moves alone the figures of a person can be added up, and taken back."""

    day: int
    """The calendar day in the shop's time zone, counted from 1970-01-01."""
    from_rung: int
    """NOWHERE with the first fact."""
    from_stage: Stage | None
    rung: int
    stage: Stage
    on_rung: int
    """Seconds on the rung that is left; 0 where none is."""
    in_stage: int
    """Seconds in the stage that is left; 0 where none is."""
    carried: int
    """What the person had spent before, in minor units."""
    revenue: int
    had: int
    """Orders before."""
    orders: int
    first_day: int
    """The day of the first order; means nothing before there is one."""
    first_of_month: bool
    """Whether this is the person's first order of the calendar month."""
    was: Worth
    """What the person had cost before."""
    worth: Worth
    source: str | None
    """Where they came from, by all that is known of them, also where it was named later."""


@dataclass(slots=True)
class Moves:
    """What a fact, or the passing of time, changes of a timeline."""

    made: list[Move] = field(default_factory=list)
    undone: list[Move] = field(default_factory=list)
    """Those that a correction tells otherwise."""

    def clear(self) -> None:
        """Nothing was moved after all, or it has been counted."""
        self.made.clear()
        self.undone.clear()


def moved(before: Standing | None, after: Standing, at: int, rules: Rules, source: str | None) -> Move | None:
    """The move of one step at `at`; None where nothing changes that figures know of."""
    if before is None:
        had, carried, from_rung, from_stage, on_rung, in_stage, last = 0, 0, NOWHERE, None, 0, 0, 0
        was = NOTHING
    elif (
        before.rung == after.rung
        and before.stage is after.stage
        and before.purchases == after.purchases
        and before.worth is after.worth
    ):
        return None
    else:
        had, carried, last, was = before.purchases, before.spent, before.last_day, before.worth
        from_rung, from_stage = before.rung, before.stage
        on_rung = (at - before.rung_since) // SECOND if from_rung != after.rung else 0
        in_stage = (at - before.phase_since) // SECOND if from_stage is not after.stage else 0
    day = _day(at, rules)
    orders = after.purchases - had
    return Move(
        day,
        from_rung,
        from_stage,
        after.rung,
        after.stage,
        on_rung,
        in_stage,
        carried,
        after.spent - carried,
        had,
        orders,
        after.first_day,
        orders > 0 and (not had or month_of(last) < month_of(day)),
        was,
        after.worth,
        source,
    )


def _day(at: int, rules: Rules) -> int:
    try:
        return rules.day_of(at)[0]
    except (OverflowError, ValueError):  # in the first or the last hours there are, no zone has a day
        return at // DAY


def moves_of(steps: Iterable[Step], rules: Rules, source: str | None) -> list[Move]:
    """The moves of deadlines that fired."""
    moves = (moved(step.before, step.after, step.at, rules, source) for step in steps)
    return [move for move in moves if move is not None]


@lru_cache(maxsize=1 << 14)
def month_of(day: int) -> int:
    """The calendar month of a day, counted in months from the year 0."""
    found = date.fromordinal(day + _EPOCH)
    return found.year * 12 + found.month - 1


@lru_cache(maxsize=1 << 12)
def first_of(month: int) -> int:
    """The first day of a month, counted from 1970-01-01."""
    return date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH
