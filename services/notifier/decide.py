"""What follows from an announcement, as a value: messages, perks, vouchers. Pure; the lane's worker writes it down.

The order of the reasons to hold a message back: too old, a duplicate, no address, an objection, no basis.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import msgspec

from services.notifier.consent import NOTHING, Ledger, basis
from services.notifier.consent.of_message import asked_by, standing_on
from services.notifier.message import UNSENT, Mail, Message, Purpose, Reason, State, message_id
from services.notifier.plays import Book, Play
from services.notifier.profile import KnownProfile, address, newest_profile
from shared import instants
from shared.events import CustomerLapsed, CustomerWonBack, RungDemoted, RungPromoted
from shared.instants import DAY

Cue = RungPromoted | RungDemoted | CustomerLapsed | CustomerWonBack
"""The announcements that plays are made of."""


class Moment(NamedTuple):
    """When something is decided; `played`: in a history that is played as if lived.

    Profiles and consents are then read ahead of the time they belong to: what was said after `now` is not known yet.
    And a message counts as sent once it is decided, as it would have been in life seconds later. Whether the sender has
    come to it by now depends on how the records came in batches, and must make no difference.
    """

    now: int
    played: bool = False
    named: bool = True
    """Whether the settings say who writes; without that no marketing is sent."""

    @property
    def known_until(self) -> int | None:
        """Up to when what is said of a person is known; None: all of it."""
        return self.now if self.played else None


@dataclass(frozen=True, slots=True)
class Person:
    """All the notifier knows of somebody."""

    id: str
    profiles: tuple[KnownProfile, ...] = ()
    ledger: Ledger = NOTHING
    messages: dict[str, Message] = field(default_factory=dict)
    """By id."""
    perks: frozenset[int] = frozenset()
    """The rungs whose perk the person has now."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write down because of one announcement."""

    messages: tuple[Message, ...] = ()
    """New ones."""
    revised: tuple[Message, ...] = ()
    """Messages not yet sent whose cause was undone, in whole (held back) or in part (fewer rungs)."""
    granted: tuple[int, ...] = ()
    withdrawn: tuple[int, ...] = ()


def after(person: Person, decision: Decision) -> Person:
    """The person once the decision is written down."""
    messages = {**person.messages, **{each.id: each for each in (*decision.revised, *decision.messages)}}
    perks = (person.perks | {*decision.granted}) - {*decision.withdrawn}
    return replace(person, messages=messages, perks=perks)


def decide(cue: Cue, person: Person, moment: Moment, book: Book) -> Decision:
    """What follows from `cue`, which was not heard before."""
    match cue:
        case RungPromoted():
            return _risen(cue, person, moment, book)
        case RungDemoted():
            return _fallen(cue, person, moment, book)
        case CustomerLapsed():
            return _lapsed(cue, person, moment, book)
        case CustomerWonBack():
            return Decision(revised=tuple(_cancelled(_unsent(person, Mail.WIN_BACK, moment))))


# -- the plays ---------------------------------------------------------------------------------------------------


def _risen(cue: RungPromoted, person: Person, moment: Moment, book: Book) -> Decision:
    to = cue.data.to
    granted: tuple[int, ...] = ()
    if book.loyalty_perk is not None:
        rungs = {perk.rung for perk in book.loyalty_perk.perks if perk.rung <= to}
        granted = tuple(sorted(rungs - person.perks))
    messages = [*_thanks(cue, person, moment, book)]
    revised, untold = _settle(_unsent(person, Mail.PERK_WITHDRAWN, moment), granted)
    if granted:
        message = _message(cue, Play.LOYALTY_PERK, Mail.PERK_GRANTED, moment)
        messages.append(_about_perks(message, granted, untold, person, moment, book))
    return Decision(tuple(messages), revised, granted=granted)


def _thanks(cue: RungPromoted, person: Person, moment: Moment, book: Book) -> Iterable[Message]:
    rules, to = book.thank_you, cue.data.to
    if rules is None or to < rules.from_rung:
        return
    message = msgspec.structs.replace(_message(cue, Play.THANK_YOU, Mail.THANK_YOU, moment), rungs=(to,))
    since = moment.now - rules.once_in_days * DAY
    thanked = any(
        each.mail is Mail.THANK_YOU and each.rungs == (to,) and each.state is not State.HELD_BACK and each.at > since
        for each in person.messages.values()
    )
    yield _weighed(message, person, moment, rules.max_age, duplicate=thanked)


def _fallen(cue: RungDemoted, person: Person, moment: Moment, book: Book) -> Decision:
    """Perks are withdrawn even if their play is no longer in the book: who was told of them is told that they end."""
    to = cue.data.to
    withdrawn = tuple(sorted(rung for rung in person.perks if rung > to))
    thanks = _cancelled(each for each in _unsent(person, Mail.THANK_YOU, moment) if each.rungs[0] > to)
    revised, untold = _settle(_unsent(person, Mail.PERK_GRANTED, moment), withdrawn)
    messages: tuple[Message, ...] = ()
    if withdrawn:
        message = _message(cue, Play.LOYALTY_PERK, Mail.PERK_WITHDRAWN, moment)
        messages = (_about_perks(message, withdrawn, untold, person, moment, book),)
    return Decision(messages, (*thanks, *revised), withdrawn=withdrawn)


def _lapsed(cue: CustomerLapsed, person: Person, moment: Moment, book: Book) -> Decision:
    if book.win_back is None:
        return Decision()
    message = msgspec.structs.replace(_message(cue, Play.WIN_BACK, Mail.WIN_BACK, moment), offer=book.win_back.offer)
    return Decision((_weighed(message, person, moment, book.win_back.max_age),))


# -- perks -------------------------------------------------------------------------------------------------------


def _settle(opposite: Iterable[Message], rungs: tuple[int, ...]) -> tuple[tuple[Message, ...], frozenset[int]]:
    """Take these rungs out of unsent mail that says the opposite: (that mail as it is now, the rungs taken out)."""
    revised: list[Message] = []
    untold: set[int] = set()
    for message in opposite:
        left = tuple(rung for rung in message.rungs if rung not in rungs)
        if left != message.rungs:
            untold |= {*message.rungs} - {*left}
            revised.append(
                msgspec.structs.replace(message, rungs=left) if left else message.held_back(Reason.CANCELLED)
            )
    return tuple(revised), frozenset(untold)


def _about_perks(
    message: Message, rungs: tuple[int, ...], untold: frozenset[int], person: Person, moment: Moment, book: Book
) -> Message:
    """The mail about perks that came or went; what had come and gone before anybody was told is not told."""
    left = tuple(rung for rung in rungs if rung not in untold)
    message = msgspec.structs.replace(message, rungs=left or rungs)
    if not left:
        return message.held_back(Reason.CANCELLED)
    max_age = book.loyalty_perk.max_age if book.loyalty_perk else None
    return _weighed(message, person, moment, max_age)


# -- messages ----------------------------------------------------------------------------------------------------


def _message(cue: Cue, play: Play, mail: Mail, moment: Moment) -> Message:
    return Message(
        id=message_id(play, cue.subject, cue.id),
        person=cue.subject,
        play=play,
        mail=mail,
        cause=cue.id,
        cause_at=instants.parse(cue.time),
        at=moment.now,
    )


def _weighed(
    message: Message, person: Person, moment: Moment, max_age: int | None, *, duplicate: bool = False
) -> Message:
    """The message, to be sent or held back with the reason."""
    if max_age is not None and moment.now - message.cause_at > max_age:
        return message.held_back(Reason.TOO_OLD)
    if duplicate:
        return message.held_back(Reason.DUPLICATE)
    profile = newest_profile(person.profiles, moment.known_until)
    mailbox = address(profile)
    if mailbox is None:
        return message.held_back(Reason.NO_ADDRESS)
    if message.purpose is Purpose.MARKETING and not moment.named:
        return message.held_back(Reason.NO_BASIS)
    return standing_on(message, basis(person.ledger, asked_by(message, mailbox), moment.known_until))


def _unsent(person: Person, mail: Mail, moment: Moment) -> list[Message]:
    if moment.played:
        return []
    return [each for each in person.messages.values() if each.mail is mail and each.state in UNSENT]


def _cancelled(messages: Iterable[Message]) -> list[Message]:
    return [message.held_back(Reason.CANCELLED) for message in messages]
