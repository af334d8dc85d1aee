"""Perks come with a rung and go with it; what is unsent never says the opposite of what is so. Pure."""

from collections.abc import Iterable
from typing import Final

import msgspec

from services.notifier.message import UNSENT, Message, Purpose, Reason, message_id
from services.notifier.plays.book import Book, Perks, Play
from services.notifier.plays.person import Cause, Decision, Moment, Person
from services.notifier.plays.weighing import weighed

GRANTED: Final = "perk_granted"
WITHDRAWN: Final = "perk_withdrawn"
"""Names of templates."""
_NO_LONGER_IN_THE_BOOK: Final = "loyalty_perk"


def risen(play: Play, cause: Cause, person: Person, moment: Moment, book: Book) -> Decision:
    """Every perk up to the rung reached."""
    to = cause.rung or 0
    granted = tuple(sorted({perk.rung for perk in book.perk if perk.rung <= to} - person.perks))
    revised, untold = _settle(_unsent(person, WITHDRAWN, moment), granted)
    if not granted:
        return Decision(revised=revised)
    message = _message(play.id, GRANTED, cause, person, moment)
    told = _about(message, granted, untold, person, moment, play)
    return Decision((told,), revised, granted=granted)


def fallen(cause: Cause, person: Person, moment: Moment, book: Book) -> Decision:
    """Perks are withdrawn even if their play is no longer in the book: who was told of them is told that they end.

    That is owed, and no advertising.
    """
    to = cause.rung or 0
    withdrawn = tuple(sorted(rung for rung in person.perks if rung > to))
    revised, untold = _settle(_unsent(person, GRANTED, moment), withdrawn)
    if not withdrawn:
        return Decision(revised=revised)
    play = next((each for each in book.play if any(isinstance(step, Perks) for step in each.step)), None)
    message = _message(play.id if play else _NO_LONGER_IN_THE_BOOK, WITHDRAWN, cause, person, moment)
    message = msgspec.structs.replace(message, purpose=Purpose.SERVICE)
    told = _about(message, withdrawn, untold, person, moment, play)
    return Decision((told,), revised, withdrawn=withdrawn)


def _message(play: str, mail: str, cause: Cause, person: Person, moment: Moment) -> Message:
    return Message(
        id=message_id(play, person.id, cause.id),
        person=person.id,
        play=play,
        mail=mail,
        cause=cause.id,
        cause_at=cause.at,
        at=moment.now,
    )


def _unsent(person: Person, mail: str, moment: Moment) -> list[Message]:
    if moment.played:
        return []
    return [each for each in person.messages.values() if each.mail == mail and each.state in UNSENT]


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


def _about(
    message: Message,
    rungs: tuple[int, ...],
    untold: frozenset[int],
    person: Person,
    moment: Moment,
    play: Play | None,
) -> Message:
    """The mail about perks that came or went; what had come and gone before anybody was told is not told."""
    left = tuple(rung for rung in rungs if rung not in untold)
    message = msgspec.structs.replace(message, rungs=left or rungs)
    if not left:
        return message.held_back(Reason.CANCELLED)
    if play is not None and moment.now - message.cause_at > play.max_age:
        return message.held_back(Reason.TOO_OLD)
    return weighed(message, person, moment)
