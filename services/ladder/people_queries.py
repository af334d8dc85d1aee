"""The SQL of lists of people: found by an index lane by lane, rung by rung, stage by stage, however rare they are."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Select,
    String,
    bindparam,
    column,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, TableValuedAlias
from sqlalchemy.types import TypeEngine

from services.ladder import tables
from services.ladder.core.standing import PHASE_OF, RUNGS, Phase, Stage
from services.ladder.tables import standing

_lane = tables.lanes.lane
_LIMIT: Final = bindparam("limit", type_=BigInteger)


class Wanted(NamedTuple):
    """Which people: on a rung, in a phase, in a stage, with ids that begin so; what is not said is all."""

    rung: int | None = None
    phase: Phase | None = None
    stage: Stage | None = None
    beginning: str = ""

    @property
    def rungs(self) -> list[int]:
        """The rungs to look at."""
        return [*range(1, len(RUNGS) + 1)] if self.rung is None else [self.rung]

    @property
    def stages(self) -> list[str]:
        """The stages to look at; none where stage and phase do not go together."""
        return [
            str(stage)
            for stage, phase in PHASE_OF.items()
            if self.stage in {None, stage} and self.phase in {None, phase}
        ]


def listed(wanted: Wanted) -> Select[Any]:
    """So many (`limit`) whole rows in the order of (lane, person) behind the place (`lane`, `person`)."""
    after_lane, after = bindparam("lane", type_=Integer), bindparam("person", type_=String)
    places, in_place = _lane_by_lane() if wanted == Wanted(beginning=wanted.beginning) else _cell_by_cell(wanted)
    behind = or_(_lane.c.lane > after_lane, standing.c.person > after)
    rows = select(standing).where(*in_place, behind, *_begins(wanted.beginning))
    found = rows.order_by(standing.c.person).limit(_LIMIT).lateral("found")
    joined = select(found).join_from(places, found, true()).where(_lane.c.lane >= after_lane)
    return joined.order_by(found.c.lane, found.c.person).limit(_LIMIT)


def _lane_by_lane() -> tuple[FromClause, list[ColumnElement[bool]]]:
    return _lane, [standing.c.lane == _lane.c.lane]


def _cell_by_cell(wanted: Wanted) -> tuple[FromClause, list[ColumnElement[bool]]]:
    """Every lane with every rung and stage that is wanted."""
    rungs = _values("rung", wanted.rungs, standing.c.rung.type)
    stages = _values("stage", wanted.stages, standing.c.stage.type)
    in_cell = [standing.c.lane == _lane.c.lane, standing.c.rung == rungs.c.rung, standing.c.stage == stages.c.stage]
    return _lane.join(rungs, true()).join(stages, true()), in_cell


def _values(name: str, values: Sequence[Any], kind: TypeEngine[Any]) -> TableValuedAlias:
    listed = func.unnest(literal(values, ARRAY(kind)))
    return listed.table_valued(column(name, kind), name=f"{name}s").render_derived()


def _begins(beginning: str) -> list[ColumnElement[bool]]:
    if not beginning:
        return []
    person = standing.c.person
    conditions: list[ColumnElement[bool]] = [person >= literal(beginning, person.type)]
    if (end := end_of(beginning)) is not None:
        conditions.append(person < literal(end, person.type))
    return conditions


def end_of(beginning: str) -> str | None:
    """The first text behind all that begin so, by code point; None: there is none."""
    trimmed = beginning.rstrip("\U0010ffff")
    if not trimmed:
        return None
    following = ord(trimmed[-1]) + 1
    return trimmed[:-1] + chr(0xE000 if following == 0xD800 else following)
