"""Whether a message may go out: held back with the first reason against it. Pure.

The order: too old, a duplicate, no address, nobody who writes, a rest that was promised, an objection, no basis.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from services.notifier.consent import basis
from services.notifier.consent.of_message import asked_by, standing_on
from services.notifier.message import Channel, Message, Purpose, Reason
from services.notifier.plays.person import Course, Moment, Person
from services.notifier.profile import address, phone, postal
from shared.events import Profile

_FOR_ADVERTISING: Final = frozenset({Reason.NO_BASIS, Reason.OBJECTED, Reason.CAPPED})
"""Reasons against advertising that may be none against service."""


def weighed(message: Message, person: Person, moment: Moment, *, or_service: bool = False) -> Message:
    """The message, to be sent or held back with the reason; `or_service`: rather without its offer than not at all."""
    mailbox = address(person.profile(moment))
    if mailbox is None:
        return message.held_back(Reason.NO_ADDRESS)
    found = _asked(message, mailbox, person, moment)
    return as_service(message, person, moment) if or_service and found.reason in _FOR_ADVERTISING else found


def as_service(message: Message, person: Person, moment: Moment) -> Message:
    """The message without its offer, and so without advertising; the person has an address."""
    mailbox = address(person.profile(moment))
    assert mailbox is not None
    return _asked(msgspec.structs.replace(message, purpose=Purpose.SERVICE, offer=None), mailbox, person, moment)


def _asked(message: Message, mailbox: str, person: Person, moment: Moment) -> Message:
    if (barred := _barred(message, person, moment)) is not None:
        return message.held_back(barred)
    return standing_on(message, basis(person.ledger, asked_by(message, mailbox), moment.known_until))


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
    """Where staff reaches somebody by this channel; None where they do not."""
    match channel:
        case Channel.PHONE:
            return phone(profile)
        case Channel.POST:
            return postal(profile)
        case _:
            return None


def still(message: Message, person: Person, moment: Moment) -> Message:
    """The task as it may still be done, or held back: the last look, at consents and where the person is reached."""
    return message if message.channel is None else _by(message.channel, message, person, moment)
