"""Criteria as they are shown: how much is needed, how much counts, and which facts do."""

from decimal import Decimal

from services.ladder.core.criteria import Condition, Criterion, until_of
from services.ladder.core.rules import Rules, Rung
from services.ladder.core.standing import NEVER, Override, Standing
from shared.events import Counted, Needed


def counted(criterion: Criterion, standing: Standing, now: int, rules: Rules) -> Counted:
    """The criterion with the newest facts that count now."""
    lacks = needed(criterion, standing, now, rules)
    return Counted(lacks.measure, lacks.have, lacks.need, lacks.within_days, criterion.facts(standing, now))


def needed(criterion: Criterion, standing: Standing, now: int, rules: Rules) -> Needed:
    """The criterion, and how much of it there is now; of spend in the shop's currency."""
    have: int | str = criterion.have(standing, now)
    need: int | str = criterion.at_least
    if criterion.measure == "spend":
        have, need = money(criterion.have(standing, now), rules), money(criterion.at_least, rules)
    return Needed(criterion.measure, have, need, criterion.within_days)


def by_hand(override: Override) -> Counted:
    """An override, shown as the criterion by which the rung is held."""
    return Counted("override", 1, 1, None, (override.id,))


def money(minor: int, rules: Rules) -> str:
    """Minor units as an amount of the shop's currency."""
    return f"{Decimal(minor).scaleb(-rules.exponent):f}"


def met(condition: Condition, standing: Standing, now: int) -> list[Criterion]:
    """The criteria of all ways that hold, each once."""
    ways = [way for way in condition.ways if until_of(way, standing) > now]
    return list(dict.fromkeys(criterion for way in ways for criterion in way))


def in_grace(standing: Standing, rung: Rung, now: int) -> bool:
    """Whether the rung is held although its keep fails."""
    return NEVER < standing.ends[rung.index] <= now
