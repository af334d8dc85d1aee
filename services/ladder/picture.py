"""The ladder as a whole, from the tallies."""

from decimal import Decimal

from services.ladder.answers import PhaseCount, Picture, RungCount
from services.ladder.core.rules import Rules
from services.ladder.core.standing import PHASE_OF, RUNGS
from services.ladder.feed import ALL_TYPES
from services.ladder.queries import Queries
from shared import instants


async def picture(queries: Queries, rules: Rules) -> Picture:
    """Everybody, counted; as many rows are read as there are rungs, stages and types of announcements in the lanes."""
    rows = await queries.picture()
    people = {(row.kind, row.key): row.people for row in rows}
    spent = {row.key: row.spent for row in rows if row.kind == "rung"}
    now = next(row.people for row in rows if row.kind == "now")
    rungs = [
        RungCount(
            number=number,
            key=key,
            people=people.get(("rung", str(number)), 0),
            spent=f"{Decimal(spent.get(str(number), 0)).scaleb(-rules.exponent):f}",
        )
        for number, key in enumerate(RUNGS, 1)
    ]
    return Picture(
        as_of=instants.text(now),
        people=sum(rung.people for rung in rungs),
        rungs=rungs,
        phases=[
            PhaseCount(phase=phase, stage=stage, people=people.get(("stage", f"{phase}/{stage}"), 0))
            for stage, phase in PHASE_OF.items()
        ],
        announced={kind: people.get(("announced", kind), 0) for kind in ALL_TYPES},
    )
