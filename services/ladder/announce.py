"""From the core's changes to messages on `ladder.events`."""

from functools import lru_cache
from typing import Final

import msgspec

from services.ladder.core.decide import Change, FactCause
from services.ladder.core.falls import Falls
from shared import instants
from shared.events import LADDER_EVENTS, PhaseName, Standing, Tick, derived_id, encode, type_of
from shared.lanes import OutboxRow

SOURCE = "ladder"

_encode = msgspec.json.Encoder().encode
_HISTORICAL: Final = ',"historical":true'


def announce(
    person: str, change: Change, recorded_at: int, *, historical: bool, via: str = ""
) -> tuple[str, bytes, bytes]:
    """(id, whole message, its data alone) for a change. The id is the same whenever the same change is found.

    `via` is the id of the record between lanes that brought the cause, where one did: one referral can cause two
    changes of its maker, when it is made and when it is credited. Of an activation of other rules it tells which.

    Put together from encoded pieces, in a third of the time of encoding the typed message, which reads the same.
    """
    cause, type_, time = change.cause, change.type, instants.text(change.at)
    if type(cause) is FactCause:
        told = _encode(cause).decode()
        parts = (person, type_, cause.source, cause.fact)
        message_id = derived_id(*parts, via) if via else derived_id(*parts)
    else:
        told = f'{{"deadline":"{cause.name}","at":"{instants.text(cause.at)}"}}'
        parts = (person, type_, cause.name, str(cause.at))
        message_id = derived_id(*parts, via) if via else derived_id(*parts)
    fall = "" if change.falls is None else _fall(change.falls)
    data = (
        f'{{"cause":{told},"standing":{_standing(change.rung, change.phase, change.stage)},'
        f'{_recorded(recorded_at, historical)},"from":{_place(change.from_)},"to":{_place(change.to)}{fall}}}'
    ).encode()
    head = (
        f'{{"id":"{message_id}","source":"{SOURCE}","type":"{type_}","subject":{_text(person)},'
        f'"time":"{time}","specversion":"1.0","data":'
    )
    return message_id, b"%b%b}" % (head.encode(), data), data


def _fall(falls: Falls) -> str:
    return f',"at":"{falls.at}","because":{_encode(falls.because).decode()}'


@lru_cache(maxsize=256)
def _standing(rung: int, phase: str, stage: str) -> str:
    return _encode(Standing(rung=rung, phase=phase, stage=stage)).decode()


@lru_cache(maxsize=4096)
def _recorded(at: int, historical: bool) -> str:
    return f'"recorded_at":"{instants.text(at)}"{_HISTORICAL if historical else ""}'


@lru_cache(maxsize=256)
def _place(place: int | PhaseName | str | None) -> str:
    """Few places are ever named, but for friends."""
    return _encode(place).decode()


@lru_cache(maxsize=4096)
def _text(text: str) -> str:
    return _encode(text).decode()


def tick_row(lane: int, time: int) -> OutboxRow:
    """Tells the notifier that everything up to this instant has been announced in this lane."""
    tick = Tick(id=derived_id("clock.tick", SOURCE, str(lane), str(time)), source=SOURCE, time=instants.text(time))
    return OutboxRow(LADDER_EVENTS, lane, None, tick.id, type_of(tick), time, encode(tick))
