"""The measure applied to what was decided: messages get their instant, or are held back with the reason. Pure.

A task that is done in the house reaches nobody: it is not measured, and fills no slot.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from services.notifier.measure.rules import Measure
from services.notifier.measure.when import Taken, Wish, when
from services.notifier.message import UNSENT, Message, Reason, State
from shared.events import Profile

GONE_NOWHERE = frozenset({State.HELD_BACK, State.BOUNCED, State.FAILED})
"""These reached nobody, so they fill no slot."""


class Circumstances(NamedTuple):
    """Of one decision: the person's rung and profile, now, the shop's zone, and what each play's priority is.

    `played`: all that was to go by now counts as gone, as it would have in life.
    """

    rung: int | None
    profile: Profile
    now: int
    zone: ZoneInfo
    priority: Callable[[str], int]
    played: bool = False


def measured(
    new: Iterable[Message], known: Iterable[Message], measure: Measure, around: Circumstances
) -> tuple[list[Message], list[Message]]:
    """The new messages with their instants, and those of the known that made room for them.

    Of the new the one of highest priority is asked first, whatever the order they were decided in.
    """
    messages = [*new]
    if not measure.cap and not measure.quiet:
        return messages, []
    zone = zone_of(around.profile, around.zone)
    others = {each.id: each for each in known if each.channel is not None}
    settled: dict[str, Message] = {}
    for message in sorted(messages, key=lambda each: -around.priority(each.play)):
        if message.state is not State.PENDING or message.channel is None:
            settled[message.id] = message
            continue
        taken = [_taken(each, around) for each in others.values() if each.state not in GONE_NOWHERE]
        taken += [_taken(each, around)._replace(open=True) for each in settled.values() if _makes_room(each)]
        wish = Wish(message.channel, message.purpose, around.priority(message.play), message.at)
        found = when(wish, taken, around.rung, zone, measure, around.now)
        if isinstance(found, Reason):
            settled[message.id] = message.held_back(found)
            continue
        settled[message.id] = msgspec.structs.replace(message, due_at=found.at if found.at > around.now else None)
        for id_ in found.instead_of:
            place = settled if id_ in settled else others
            place[id_] = place[id_].held_back(Reason.OUTRANKED)
    displaced = [each for each in others.values() if each.reason is Reason.OUTRANKED]
    before = {each.id for each in known if each.reason is Reason.OUTRANKED}
    return [settled[each.id] for each in messages], [each for each in displaced if each.id not in before]


def zone_of(profile: Profile, default: ZoneInfo) -> ZoneInfo:
    """The person's own time zone, or the shop's where theirs is not known."""
    if not profile.time_zone:
        return default
    try:
        return ZoneInfo(profile.time_zone.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return default


def _makes_room(message: Message) -> bool:
    return message.state in UNSENT and message.channel is not None


def _taken(message: Message, around: Circumstances) -> Taken:
    assert message.channel is not None
    at = message.goes_at
    waiting = at > around.now if around.played else message.state in UNSENT
    return Taken(message.id, message.channel, message.purpose, at, around.priority(message.play), waiting)
