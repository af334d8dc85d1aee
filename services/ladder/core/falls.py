"""The fall that is to come if nothing more is heard: when, to which rung, and what runs out."""

from msgspec import Struct

from services.ladder.core import rungs
from services.ladder.core.counted import by_hand, counted, in_grace, met
from services.ladder.core.criteria import Criterion
from services.ladder.core.evolve import Step, advance
from services.ladder.core.rules import Rules, Rung
from services.ladder.core.standing import FOREVER, Standing, copied
from shared import instants
from shared.events import Counted


class Falls(Struct, gc=False):
    """The first fall if nothing more is heard, and the criteria that run out."""

    to: int
    at: str
    because: list[Counted]


def falls_of(standing: Standing, now: int, rules: Rules) -> Falls | None:
    """The first fall after `now`, by which deadlines have fired; None when the rung stays."""
    if standing.override is not None:
        return _under_override(standing, now, rules)
    at = rungs.due(standing, rules)
    if at >= FOREVER:
        return None
    fallen = copied(standing)
    rungs.fall(fallen, rules, at)
    return Falls(fallen.rung, instants.text(at), _failing(standing, at, now, rules))


def _under_override(standing: Standing, now: int, rules: Rules) -> Falls | None:
    """Step by step: the override may end before or after what it hides falls."""
    while standing.due < FOREVER:
        standing, (step,) = advance(standing, standing.due, rules)
        if standing.rung < step.before.rung:
            return Falls(standing.rung, instants.text(step.at), _behind(step, now, rules))
    return None


def _behind(step: Step, now: int, rules: Rules) -> list[Counted]:
    """The override that ends with this step, and the criteria that do."""
    before, after = step.before, step.after
    ended = before.override if after.override is None else None
    failing = _failing(before, step.at, now, rules) if after.rung_by_rules < before.rung_by_rules else []
    return failing if ended is None else [by_hand(ended), *failing]


def _failing(standing: Standing, at: int, now: int, rules: Rules) -> list[Counted]:
    failing = [rung for rung in rungs.resting(standing, rules) if standing.ends[rung.index] + rung.grace == at]
    return [counted(one, standing, now, rules) for one in _runs_out(standing, failing[-1], now)]


def _runs_out(standing: Standing, rung: Rung, now: int) -> list[Criterion]:
    """The criteria of keep that end with it; in grace all that fail."""
    if in_grace(standing, rung, now):
        return [one for one in rung.keep.criteria() if one.until(standing) <= now]
    end = standing.ends[rung.index]
    return [one for one in met(rung.keep, standing, now) if one.until(standing) <= end]
