"""Whether a message may go out: held back with the first reason against it. Pure.

The order: too old, a duplicate, no address, nobody who writes, a rest that was promised, an objection, no basis.
"""

from typing import Final

import msgspec

from services.notifier.consent import basis
from services.notifier.consent.of_message import asked_by, standing_on
from services.notifier.message import Message, Purpose, Reason
from services.notifier.plays.person import Course, Moment, Person
from services.notifier.profile import address

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
    if message.purpose is Purpose.MARKETING:
        if not moment.named:
            return message.held_back(Reason.NO_BASIS)
        if _resting(person, message.play):
            return message.held_back(Reason.CAPPED)
    return standing_on(message, basis(person.ledger, asked_by(message, mailbox), moment.known_until))


def _resting(person: Person, play: str) -> bool:
    return any(run.course is Course.RESTING and run.play != play for run in person.runs.values())
