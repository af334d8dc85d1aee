"""What follows for a person from an announcement, a fact, or the passing of time, as a value. Pure.

The lane's worker writes it down. Announcements start and cancel plays in the order of the log. Facts of the shop's and
deadlines come between them at their own instants: while a history is played that order, and nothing else, decides.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from services.notifier.message import UNSENT, Message, Reason, State, Way
from services.notifier.plays import memberships, perks, steps
from services.notifier.plays.book import Book, Perks, Play
from services.notifier.plays.conditions import holds
from services.notifier.plays.person import Cause, Course, Decision, Heard, Moment, Person, Run, after
from shared import instants
from shared.events import (
    Announcement,
    CustomerWonBack,
    ReferralConverted,
    RungDemoted,
    RungEndangered,
    RungPromoted,
    type_of,
)

Cue = Announcement
"""What plays are made of, besides the shop's facts."""

FALL: Final = type_of(RungDemoted)
BACK: Final = type_of(CustomerWonBack)


def decide(cue: Cue, person: Person, moment: Moment, book: Book) -> Decision:
    """What follows from `cue`, which was not heard before."""
    kind, cause = type_of(cue), _cause(cue)
    decision = _cancel(kind, cause, person, moment, book)
    if isinstance(cue, RungDemoted):
        decision += perks.fallen(cause, after(person, decision), moment, book)
    data = msgspec.to_builtins(cue.data)
    for play in book.play:
        if kind in play.on and holds(play.where, data):
            decision += _begun(play, cause, after(person, decision), moment, book)
    return decision


def _begun(play: Play, cause: Cause, person: Person, moment: Moment, book: Book) -> Decision:
    """A perk is owed whether or not the news of it is old, so such a play always begins."""
    if any(isinstance(step, Perks) for step in play.step):
        return perks.risen(play, cause, person, moment, book)
    return steps.begin(play, cause, person, moment, book)


def learn(fact: Heard, person: Person, moment: Moment, book: Book) -> Decision:
    """What follows from a fact that is among those of the person: it cancels, and it starts."""
    decision = _cancel(fact.type, fact.cause, person, moment, book)
    for play in book.play:
        if play.id in fact.starts and memberships.begins(play, fact, person, book):
            decision += steps.begin(play, fact.cause, after(person, decision), moment, book)
    return decision


def pass_time(person: Person, moment: Moment, book: Book) -> Decision:
    """Every series whose wait is over by now goes on, once."""
    decision = Decision()
    due = [run for run in person.runs.values() if run.due_at is not None and run.due_at <= moment.now]
    for run in sorted(due, key=lambda each: (each.due_at or 0, each.key)):
        decision += steps.resume(book.find(run.play), run, after(person, decision), moment, book)
    return decision


def next_at(person: Person, until: int) -> int | None:
    """The instant, up to that one, of the first fact not yet decided on, wait that is over, or moment to look at."""
    facts = [each.at for each in person.heard if each.open and each.at <= until]
    waits = [run.due_at for run in person.runs.values() if run.due_at is not None and run.due_at <= until]
    marks = [mark.due_at for mark in person.marks.values() if mark.due_at is not None and mark.due_at <= until]
    return min([*facts, *waits, *marks], default=None)


def _cause(cue: Cue) -> Cause:
    friend = cue.data.to if isinstance(cue, ReferralConverted) else None
    return Cause(cue.id, instants.parse(cue.time), _rung(cue), friend=friend)


def _rung(cue: Cue) -> int | None:
    """The rung that it is about: reached, or about to be lost."""
    match cue:
        case RungPromoted() | RungDemoted():
            return cue.data.to
        case RungEndangered():
            return cue.data.from_
        case _:
            return None


# -- cancelling --------------------------------------------------------------------------------------------------


def _cancel(kind: str, cause: Cause, person: Person, moment: Moment, book: Book) -> Decision:
    """End the series that this cancels, and drop what is not sent of their plays."""
    plays = [play for play in book.play if kind in play.cancel or _fallen_out(kind, cause, play)]
    decision = Decision()
    for play in plays:
        for run in person.runs.values():
            if run.play == play.id and run.live and _undoes(kind, cause, (run.rung,), run.cause_at):
                decision += steps.stop(play, run, person, moment, kind)
    if kind == BACK:
        decision += Decision(runs=tuple(_released(person, book)))
    names = {play.id for play in plays}
    unsent = [each for each in person.messages.values() if _may_be_dropped(each, moment)]
    dropped = (
        each for each in unsent if each.play in names and _undoes(kind, cause, each.rungs or (None,), each.cause_at)
    )
    return decision + Decision(revised=tuple(_cancelled(dropped)))


def _fallen_out(kind: str, cause: Cause, play: Play) -> bool:
    """Whether it is a fall to a rung that the play is not for."""
    return kind == FALL and bool(play.audience.rungs) and cause.rung not in play.audience.rungs


def _may_be_dropped(message: Message, moment: Moment) -> bool:
    """Mail until it is sent, a task until it is done or not worth doing."""
    if message.way is Way.TASK:
        worth_doing = message.expires_at is None or message.expires_at > moment.now
        return worth_doing and (message.state in UNSENT or message.state is State.OPEN)
    return message.state in UNSENT and not moment.played


def _released(person: Person, book: Book) -> Iterator[Run]:
    """Who comes back has rested long enough, also for the sake of a play that has left the book."""
    for run in person.runs.values():
        if run.course is Course.RESTING and book.find(run.play) is None:
            yield run.ended(Course.STOPPED, BACK)


def _undoes(kind: str, cause: Cause, rungs: tuple[int | None, ...], cause_at: int) -> bool:
    """A fall undoes what is about a rung that was lost; a fact what began before it; another announcement anything."""
    if kind == FALL and rungs[0] is not None:
        return cause.rung is None or rungs[0] > cause.rung
    return not cause.fact or cause.at > cause_at


def _cancelled(messages: Iterable[Message]) -> list[Message]:
    return [message.held_back(Reason.CANCELLED) for message in messages]
