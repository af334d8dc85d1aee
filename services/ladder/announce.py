"""From the core's changes to messages on `ladder.events`."""

from typing import NamedTuple

import msgspec

from services.ladder.core.decide import Change, FactCause
from shared import instants
from shared.events import (
    ANNOUNCEMENT_TYPES,
    LADDER_EVENTS,
    Announcing,
    Conversion,
    PhaseChange,
    ReferralConverted,
    RungChange,
    RungDemoted,
    RungPromoted,
    Standing,
    Tick,
    deadline_cause,
    derived_id,
    encode,
    fact_cause,
    type_of,
)
from shared.lanes import OutboxRow

SOURCE = "ladder"

_DATA: dict[str, type[RungChange | PhaseChange | Conversion]] = {
    **{type_of(kind): PhaseChange for kind in ANNOUNCEMENT_TYPES},
    type_of(RungPromoted): RungChange,
    type_of(RungDemoted): RungChange,
    type_of(ReferralConverted): Conversion,
}
_encode = msgspec.json.Encoder().encode


class Announced(NamedTuple):
    """An announcement, encoded: the whole message, and its data alone."""

    id: str
    message: bytes
    data: bytes


def announce(person: str, change: Change, recorded_at: int, *, historical: bool, via: str = "") -> Announced:
    """The message for a change. Its id is the same whenever the same change is found.

    `via` is the id of the record between lanes that brought the cause, where one did: one referral can cause two
    changes of its maker, when it is made and when it is credited.
    """
    cause = change.cause
    if type(cause) is FactCause:
        told = fact_cause(cause.fact, cause.source)
        message_id = derived_id(person, change.type, cause.source, cause.fact, *((via,) if via else ()))
    else:
        told = deadline_cause(cause.name, cause.at)
        message_id = derived_id(person, change.type, cause.name, str(cause.at))
    data = _encode(
        _DATA[change.type](
            cause=told,
            standing=Standing(rung=change.rung, phase=change.phase, stage=change.stage),
            recorded_at=instants.text(recorded_at),
            historical=True if historical else msgspec.UNSET,
            from_=change.from_,  # type: ignore[arg-type] # the core pairs type and data
            to=change.to,  # type: ignore[arg-type]
        )
    )
    time = instants.text(change.at)
    message = Announcing(
        id=message_id, source=SOURCE, type=change.type, subject=person, time=time, data=msgspec.Raw(data)
    )
    return Announced(message_id, _encode(message), data)


def tick_row(lane: int, time: int) -> OutboxRow:
    """Tells the notifier that everything up to this instant has been announced in this lane."""
    tick = Tick(id=derived_id("clock.tick", SOURCE, str(lane), str(time)), source=SOURCE, time=instants.text(time))
    return OutboxRow(LADDER_EVENTS, lane, None, tick.id, type_of(tick), time, encode(tick))
