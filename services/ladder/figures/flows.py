"""Who went from where to where, and what happened on each rung, from running sums. No I/O."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from services.ladder.core.moves import NOWHERE
from services.ladder.core.rules import Rules
from services.ladder.core.standing import PHASE_OF, RUNGS, Stage
from services.ladder.core.worth import Sums
from services.ladder.figures import answers, days
from services.ladder.figures.kpis import YEAR, Money, ratio, told
from services.ladder.figures.queries import added, difference
from services.ladder.figures.sums import Figure, read_cell
from services.ladder.figures.valuing import value

_NOTHING: Final = Figure()
_DAY_SECONDS: Final = 86_400


class Running(NamedTuple):
    """The running sums, by key, at the begin and at the end of a period."""

    start: Mapping[str, Figure]
    end: Mapping[str, Figure]


class Brought(NamedTuple):
    """Of what people are worth that which had come about, by rung, at the begin and at the end of a period."""

    start: Mapping[str, Sums]
    end: Mapping[str, Sums]


class _Step(NamedTuple):
    from_: int
    to: int
    figure: Figure


class _Rung(NamedTuple):
    """The running sums of one rung at both ends, and what was brought between them."""

    number: int
    start: Figure
    end: Figure
    brought: Sums


def flows(span: days.Span, ways: Running, rungs: Running, brought: Brought, rules: Rules) -> answers.Flows:
    """The answer; `ways` are by the key of a way, `rungs` by that of a rung, what was brought by its number."""
    money = Money(rules.exponent)
    gone = {key: difference(figure, ways.start.get(key, _NOTHING)) for key, figure in ways.end.items()}
    moved = {key: figure for key, figure in sorted(gone.items()) if figure.entered}
    steps = [_step(key, figure) for key, figure in moved.items()]
    return answers.Flows(
        period=span.told(),
        currency=rules.currency,
        ways=[_way(key, figure, money) for key, figure in moved.items()],
        rungs=[
            _flow(_Rung(number, rungs.start[key], rungs.end[key], _between(brought, str(number))), steps, span, rules)
            for number, key in enumerate(RUNGS, 1)
        ],
    )


def _between(brought: Brought, rung: str) -> Sums:
    return difference(brought.end.get(rung, Sums()), brought.start.get(rung, Sums()))


def by_rung(cells: Mapping[str, Figure]) -> dict[str, Figure]:
    """The sums of each rung, whatever the stage."""
    return {
        key: added(figure for cell, figure in cells.items() if _rung_of(cell) == number)
        for number, key in enumerate(RUNGS, 1)
    }


def _step(key: str, figure: Figure) -> _Step:
    from_, _, to = key.partition(">")
    return _Step(_rung_of(from_), _rung_of(to), figure)


def _way(key: str, figure: Figure, money: Money) -> answers.Way:
    from_, _, to = key.partition(">")
    place = _place(to)
    assert place is not None
    return answers.Way(from_=_place(from_), to=place, people=figure.entered, spent=money.text(figure.money_in))


def _flow(rung: _Rung, steps: list[_Step], span: days.Span, rules: Rules) -> answers.RungFlow:
    (number, start, end, brought), money = rung, Money(rules.exponent)
    within, people = difference(end, start), (start.entered - start.gone, end.entered - end.gone)
    climbed = sum(step.figure.entered for step in steps if step.from_ == number < step.to)
    fell = sum(step.figure.entered for step in steps if step.to < number == step.from_)
    stayed = sum(step.figure.on_rung for step in steps if step.from_ == number != step.to)
    return answers.RungFlow(
        number=number,
        key=RUNGS[number - 1],
        people_at_start=people[0],
        people=people[1],
        entered=sum(step.figure.entered for step in steps if step.to == number != step.from_),
        climbed=climbed,
        fell=fell,
        climbs_per_year=told(ratio(climbed * YEAR, people[0] * span.days)),
        falls_per_year=told(ratio(fell * YEAR, people[0] * span.days)),
        days_on_rung=told(ratio(stayed, (climbed + fell) * _DAY_SECONDS)),
        orders=within.orders,
        revenue=money.text(within.revenue),
        revenue_per_person=money.rounded(ratio(2 * within.revenue * YEAR, sum(people) * span.days)),
        value=value(within.revenue, brought, rules),
    )


def _rung_of(cell: str) -> int:
    return read_cell(cell)[0]


def _place(cell: str) -> answers.Place | None:
    rung, stage = read_cell(cell)
    if rung == NOWHERE or stage is None:
        return None
    return answers.Place(rung=rung, phase=PHASE_OF[Stage(stage)], stage=stage)
