"""Whether a message may go out: held back with the first reason against it. Pure.

The order: too old, a duplicate, no channel, no address, nobody who writes, a promised rest, an objection, no basis.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from services.notifier.consent import basis
from services.notifier.consent.of_message import asked_by, standing_on
from services.notifier.measure.preference import wished
from services.notifier.message import WAYS, Channel, Message, Purpose, Reason, State
from services.notifier.plays.book import Send
from services.notifier.plays.person import Course, Moment, Person
from services.notifier.profile import address, phone, postal, push_token
from shared.events import Profile

_FOR_ADVERTISING: Final = frozenset({Reason.NO_BASIS, Reason.OBJECTED, Reason.CAPPED})
"""Reasons against advertising that may be none against service."""
_MAIL_ONLY: Final = frozenset({Channel.EMAIL})


def weighed(
    message: Message,
    person: Person,
    moment: Moment,
    channels: Sequence[Channel] = (Channel.EMAIL,),
    *,
    or_service: bool = False,
) -> Message:
    """The message by the first of these channels by which it may be sent.

    If it is none, it is held back for what is against the first that is there. `or_service`: rather without its offer
    than not at all.
    """
    there = [each for each in channels if each in moment.carriers.there]
    if not there:
        return _by_way_of(channels[0], message).held_back(Reason.NO_CHANNEL)
    tried = [_sent_by(_by_way_of(each, message), person, moment) for each in there]
    unadvertised = [each for each in tried if each.reason in _FOR_ADVERTISING]
    if or_service and unadvertised and all(each.reason for each in tried):
        tried = [as_service(each, person, moment) for each in unadvertised]
    return next((each for each in tried if each.reason is None), tried[0])


def choices(step: Send, person: Person, moment: Moment) -> list[Channel]:
    """The channels of a step from first to last: what the person asked for, if it is one of them, then their order."""
    if isinstance(step.channels, tuple):
        listed = step.channels
    else:
        written = moment.carriers.written.get(step.mail, _MAIL_ONLY)
        listed = tuple(each for each in moment.carriers.order if each in written) or tuple(_MAIL_ONLY)
    asked = [each for each in wished(person.preferred, person.profile(moment)) if each in listed]
    return list(dict.fromkeys([*asked, *listed]))


def as_service(message: Message, person: Person, moment: Moment) -> Message:
    """The message without its offer, and so without advertising."""
    plain = msgspec.structs.replace(
        message, purpose=Purpose.SERVICE, offer=None, state=State.PENDING, reason=None, basis=None, basis_fact=None
    )
    return _sent_by(plain, person, moment)


def _by_way_of(channel: Channel, message: Message) -> Message:
    return msgspec.structs.replace(message, channel=channel, way=WAYS[channel])


def _sent_by(message: Message, person: Person, moment: Moment) -> Message:
    assert message.channel is not None
    reached = reach(message.channel, person.profile(moment))
    return message.held_back(Reason.NO_ADDRESS) if reached is None else _asked(message, reached, person, moment)


def _asked(message: Message, reached: str, person: Person, moment: Moment) -> Message:
    if (barred := _barred(message, person, moment)) is not None:
        return message.held_back(barred)
    return standing_on(message, basis(person.ledger, asked_by(message, reached), moment.known_until))


def _barred(message: Message, person: Person, moment: Moment) -> Reason | None:
    """What is against advertising to this person, whatever they agreed to."""
    if message.purpose is not Purpose.MARKETING:
        return None
    if not moment.named:
        return Reason.NO_BASIS
    return Reason.CAPPED if _resting(person, message.play) else None


def _resting(person: Person, play: str) -> bool:
    return any(run.course is Course.RESTING and run.play != play for run in person.runs.values())


# -- tasks -------------------------------------------------------------------------------------------------------


def assigned(message: Message, channels: Sequence[Channel], person: Person, moment: Moment) -> Message:
    """The task by the first of these channels that the person can be reached by and has permitted.

    If it is none, the task is held back for what is against the first. One without channels reaches nobody: it needs
    nothing to stand on.
    """
    if not channels:
        return message
    if (barred := _barred(message, person, moment)) is not None:
        return message.held_back(barred)
    tried = [_by(channel, message, person, moment) for channel in channels]
    return next((each for each in tried if each.reason is None), tried[0])


def _by(channel: Channel, message: Message, person: Person, moment: Moment) -> Message:
    message = msgspec.structs.replace(message, channel=channel)
    reached = reach(channel, person.profile(moment))
    if reached is None:
        return message.held_back(Reason.NO_ADDRESS)
    return standing_on(message, basis(person.ledger, asked_by(message, reached), moment.known_until))


def reach(channel: Channel, profile: Profile) -> str | None:
    """Where somebody is reached by this channel; None where they are not."""
    match channel:
        case Channel.EMAIL:
            return address(profile)
        case Channel.PHONE | Channel.SMS:
            return phone(profile)
        case Channel.POST:
            return postal(profile)
        case Channel.PUSH:
            return push_token(profile)


def still(message: Message, person: Person, moment: Moment) -> Message:
    """The task as it may still be done, or held back: the last look, at consents and where the person is reached."""
    return message if message.channel is None else _by(message.channel, message, person, moment)
