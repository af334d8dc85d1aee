"""What is told of versions: their state, and how far an activation has come. No I/O."""

from collections.abc import Mapping

from services.ladder.rulebook.answers import GoingOver, Mode, RulesVersion, State
from services.ladder.rulebook.store import LaneVersion, Version
from shared import instants

Lanes = Mapping[int, LaneVersion]


def behind(target: Version, lanes: Lanes) -> dict[int, LaneVersion]:
    """The lanes that have not gone over yet."""
    return {number: lane for number, lane in lanes.items() if lane.version != target.version}


def state_of(version: Version, target: Version | None, lanes: Lanes) -> State:
    """Where a version stands, when `target` was activated last."""
    late = {} if target is None else behind(target, lanes)
    if target is not None and version.version == target.version:
        return "coming" if late else "in_force"
    if any(lane.version == version.version for lane in late.values()):
        return "in_force"
    return "draft" if version.activated_at is None else "former"


def told(version: Version, state: State) -> RulesVersion:
    """The version without its text."""
    activated = version.activated_at
    return RulesVersion(
        version=version.version,
        state=state,
        digest=version.digest,
        put_at=instants.text(version.put_at),
        put_by=version.put_by,
        activated_at=None if activated is None else instants.text(activated),
        mode=None if activated is None else mode_of(version),
    )


def mode_of(version: Version) -> Mode:
    """How its activation tells what it changes."""
    return Mode.EMIT if version.emit else Mode.SILENT


def going_over(target: Version | None, lanes: Lanes, people: Mapping[int, int]) -> GoingOver | None:
    """The activation under way; `people`: how many there are by lane."""
    if target is None or not (late := behind(target, lanes)):
        return None
    done = sum(people.get(number, 0) for number in lanes.keys() - late.keys())
    return GoingOver(
        to=target.version,
        mode=mode_of(target),
        people=done + sum(lane.people for lane in late.values()),
        of=sum(people.values()),
        lanes_done=len(lanes) - len(late),
        lanes=len(lanes),
    )
