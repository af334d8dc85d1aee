"""The ladder as a whole, from the tallies."""

from collections import Counter
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from services.ladder.answers import PhaseCount, Picture, RungCount
from services.ladder.core.rules import Rules
from services.ladder.core.standing import PHASE_OF, RUNGS
from services.ladder.feed import ALL_TYPES
from services.ladder.figures import days
from services.ladder.figures.asking import Figures
from services.ladder.figures.sums import read_cell
from services.ladder.figures.valuing import value
from services.ladder.queries import Queries
from shared import instants


async def picture(queries: Queries, rules: Rules) -> Picture:
    """Everybody, counted; as many rows are read as there are rungs, stages and types of announcements in the lanes."""
    rows = await queries.picture()
    people = {(row.kind, row.key): row.people for row in rows}
    spent = {row.key: row.spent for row in rows if row.kind == "rung"}
    now = next(row.people for row in rows if row.kind == "now")
    return Picture(
        as_of=instants.text(now),
        people=sum(people.get(("rung", str(number)), 0) for number, _ in enumerate(RUNGS, 1)),
        rungs=[
            _rung(number, people.get(("rung", str(number)), 0), spent.get(str(number), 0), rules)
            for number, _ in enumerate(RUNGS, 1)
        ],
        phases=[
            PhaseCount(phase=phase, stage=stage, people=people.get(("stage", f"{phase}/{stage}"), 0))
            for stage, phase in PHASE_OF.items()
        ],
        announced={kind: people.get(("announced", kind), 0) for kind in ALL_TYPES},
    )


async def picture_of(day: date, figures: Figures, rules: Rules) -> Picture:
    """Everybody at the end of a day, from running sums."""
    on_rung, in_stage, spent = Counter[int](), Counter[str](), Counter[int]()
    cells, worth = await figures.at(days.number(day))
    for key, figure in cells.items():
        rung, stage = read_cell(key)
        on_rung[rung] += figure.entered - figure.gone
        in_stage[str(stage)] += figure.entered - figure.gone
        spent[rung] += figure.money_in + figure.revenue - figure.money_out
    return Picture(
        as_of=day.isoformat(),
        people=on_rung.total(),
        rungs=[
            replace(
                _rung(number, on_rung[number], spent[number], rules), value=value(spent[number], worth[number], rules)
            )
            for number, _ in enumerate(RUNGS, 1)
        ],
        phases=[PhaseCount(phase=phase, stage=stage, people=in_stage[stage]) for stage, phase in PHASE_OF.items()],
    )


def _rung(number: int, people: int, spent: int, rules: Rules) -> RungCount:
    return RungCount(
        number=number, key=RUNGS[number - 1], people=people, spent=f"{Decimal(spent).scaleb(-rules.exponent):f}"
    )
