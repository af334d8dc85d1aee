"""From the core's changes to messages on `ladder.events`."""

import msgspec

from services.ladder.core.decide import Change, FactCause
from shared import instants
from shared.events import (
    ANNOUNCEMENT_TYPES,
    LADDER_EVENTS,
    Announcement,
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
_KINDS: dict[str, type[Announcement]] = {type_of(kind): kind for kind in ANNOUNCEMENT_TYPES}


def announcement(person: str, change: Change, recorded_at: int, *, historical: bool, via: str = "") -> Announcement:
    """The message for a change. Its id is the same whenever the same change is found.

    `via` is the id of the record between lanes that brought the cause, where one did: one referral can cause two
    changes of its maker, when it is made and when it is credited.
    """
    cause = change.cause
    if isinstance(cause, FactCause):
        told, parts = fact_cause(cause.fact, cause.source), (cause.source, cause.fact, *([via] if via else []))
    else:
        told, parts = deadline_cause(cause.name, cause.at), (cause.name, str(cause.at))
    data = _DATA[change.type](
        cause=told,
        standing=Standing(rung=change.rung, phase=change.phase, stage=change.stage),
        recorded_at=instants.text(recorded_at),
        historical=True if historical else msgspec.UNSET,
        from_=change.from_,  # type: ignore[arg-type] # the core pairs type and data
        to=change.to,  # type: ignore[arg-type]
    )
    return _KINDS[change.type](
        id=derived_id(person, change.type, *parts),
        source=SOURCE,
        subject=person,
        time=instants.text(change.at),
        data=data,  # type: ignore[arg-type]
    )


def outbox_row(lane: int, message: Announcement, at: int) -> OutboxRow:
    """The announcement on its way to the lane of `ladder.events` with the same number."""
    return OutboxRow(LADDER_EVENTS, lane, message.subject, message.id, type_of(message), at, encode(message))


def tick_row(lane: int, time: int) -> OutboxRow:
    """Tells the notifier that everything up to this instant has been announced in this lane."""
    tick = Tick(id=derived_id("clock.tick", SOURCE, str(lane), str(time)), source=SOURCE, time=instants.text(time))
    return OutboxRow(LADDER_EVENTS, lane, None, tick.id, type_of(tick), time, encode(tick))
