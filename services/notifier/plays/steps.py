"""Somebody's way through a play: which step is taken, and what comes of it. Pure: a place in, a place out."""

import itertools
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from services.notifier.consent.sales import all_given_back
from services.notifier.message import Message, Reason, State, message_id
from services.notifier.plays import perks
from services.notifier.plays.appreciation import neglected_at
from services.notifier.plays.book import (
    Audience,
    Book,
    Perks,
    Play,
    Repeat,
    Rest,
    Send,
    Stop,
    Task,
    Told,
    Wait,
    WaitForEnd,
    WaitForNeglect,
)
from services.notifier.plays.conditions import meant
from services.notifier.plays.person import Cause, Course, Decision, Moment, Person, Run, after
from services.notifier.plays.weighing import assigned, choices, weighed
from shared import instants
from shared.events import PurchaseRefunded, type_of

GIVEN_BACK: Final = type_of(PurchaseRefunded)

_ROUND: Final = re.compile(r"#[1-9][0-9]{0,8}$")


def begin(play: Play, cause: Cause, person: Person, moment: Moment, book: Book) -> Decision:
    """Somebody comes into a play, unless it is not for them; one that must not begin says why."""
    if not _meant(play, person, moment):
        return Decision()
    run = Run(
        play=play.id,
        cause=cause.id,
        cause_at=cause.at,
        began_at=moment.now,
        rung=cause.rung,
        ends_at=cause.ends_at,
        friend=cause.friend,
    )
    if _is_in(play, run, person):
        return Decision()
    if moment.now - cause.at > play.max_age:
        return _kept_out(play, run, person, moment, Reason.TOO_OLD)
    if _entered(play, run, person, moment):
        return _kept_out(play, run, person, moment, Reason.DUPLICATE)
    if cancelled_by(play, run, person, moment) is not None:
        return _kept_out(play, run, person, moment, Reason.CANCELLED)
    return _walk(play, run, person, moment, book)


def resume(play: Play | None, run: Run, person: Person, moment: Moment, book: Book) -> Decision:
    """The wait is over: take the next steps. A play that has left the book, or become shorter, ends."""
    if play is None or run.step >= len(play.step):
        return Decision(runs=(run.ended(Course.STOPPED, "book"),))
    by = cancelled_by(play, run, person, moment)
    if by is not None:
        return stop(play, run, person, moment, by)
    if not _meant(play, person, moment):
        return stop(play, run, person, moment, "audience")
    return _walk(play, run, person, moment, book)


def stop(play: Play, run: Run, person: Person, moment: Moment, by: str) -> Decision:
    """End a series; the message it was waiting for is recorded as cancelled."""
    messages = tuple(_kept_back(play, run, person, moment, Reason.CANCELLED)) if run.course is Course.WAITING else ()
    return Decision(messages, runs=(run.ended(Course.STOPPED, by),))


def cancelled_by(play: Play, run: Run, person: Person, moment: Moment) -> str | None:
    """The type of the first fact behind the cause that cancels the play, as far as it is known.

    What began because a friend had bought ends when the friend has given all of it back.
    """
    until = moment.known_until
    if all_given_back(person.friends.get(run.friend or "", ()), until):
        return GIVEN_BACK
    facts = [
        each
        for each in person.heard
        if each.type in play.cancel and each.at > run.cause_at and (until is None or each.at <= until)
    ]
    return min(facts, key=lambda each: (each.at, each.id)).type if facts else None


def _walk(play: Play, run: Run, person: Person, moment: Moment, book: Book) -> Decision:
    """Take steps until there is something to wait for."""
    done = Decision()
    for number in range(run.step, len(play.step)):
        match play.step[number]:
            case WaitForEnd() if run.ends_at is None:
                break
            case (Wait() | WaitForEnd() | WaitForNeglect()) as wait:
                if (waiting := _waiting(play, run, number, wait, after(person, done), moment, book)) is not None:
                    return done + Decision(runs=(waiting,))
            case (Send() | Task()) as told:
                done += _told(play, run, number, told, after(person, done), moment)
            case Perks():
                cause = Cause(run.cause, run.cause_at, run.rung)
                done += perks.risen(play, cause, after(person, done), moment, book)
            case Rest():
                rest = msgspec.structs.replace(run, step=number, due_at=None, course=Course.RESTING)
                return done + Decision(runs=(rest,))
            case Repeat():
                done += Decision(runs=(run.ended(Course.DONE),))
                return done + _walk(play, _next_round(run, person, moment), after(person, done), moment, book)
            case Stop():
                break
    return done + (Decision(runs=(run.ended(Course.DONE),)) if run.due_at is not None else Decision())


def _next_round(run: Run, person: Person, moment: Moment) -> Run:
    """The next round has a cause of its own: that of the round before, and which round it is."""
    cause, _, number = run.cause.rpartition("#") if _ROUND.search(run.cause) else (run.cause, "", "1")
    names = (f"{cause}#{each}" for each in itertools.count(int(number) + 1))
    free = next(name for name in names if (run.play, name) not in person.runs)
    return Run(play=run.play, cause=free, cause_at=moment.now, began_at=moment.now, rung=run.rung)


def _waiting(
    play: Play,
    run: Run,
    number: int,
    wait: Wait | WaitForEnd | WaitForNeglect,
    person: Person,
    moment: Moment,
    book: Book,
) -> Run | None:
    """The place in which it waits for the step behind this one, or has come to its end; None: the wait is over."""
    if isinstance(wait, WaitForNeglect):
        due = neglected_at(wait, run, person, book)  # looked at again then: an appreciation may have come
        return msgspec.structs.replace(run, step=number, due_at=due) if due > moment.now else None
    if number + 1 == len(play.step):
        return run.ended(Course.DONE)
    if isinstance(wait, Wait):
        due = moment.now + wait.span
    else:
        due = max((run.ends_at or 0) - wait.days_before * instants.DAY, moment.now)
    return msgspec.structs.replace(run, step=number + 1, due_at=due)


def _told(play: Play, run: Run, number: int, told: Told, person: Person, moment: Moment) -> Decision:
    """The message of this step, if it is for this person."""
    return Decision((_sent(play, run, number, told, person, moment),) if _for(told.only, person, moment) else ())


def _sent(play: Play, run: Run, number: int, told: Told, person: Person, moment: Moment) -> Message:
    message = _message(play, run, number, told, person, moment)
    if run.due_at is not None and moment.now - run.due_at > play.max_age:
        return message.held_back(Reason.TOO_OLD)
    if isinstance(told, Task):
        return assigned(message, told.channels, person, moment)
    return weighed(message, person, moment, choices(told, person, moment), or_service=told.or_service)


def _message(play: Play, run: Run, number: int, told: Told, person: Person, moment: Moment) -> Message:
    message = Message(
        id=message_id(play.id, person.id, run.cause, number),
        person=person.id,
        play=play.id,
        mail=told.mail,
        cause=run.cause,
        cause_at=run.cause_at,
        at=moment.now,
        step=number,
        channel=told.channel if isinstance(told, Send) else next(iter(told.channels), None),
        purpose=told.purpose or play.purpose,
        way=told.way,
        offer=told.offer,
        rungs=() if run.rung is None else (run.rung,),
        friend=run.friend,
    )
    if isinstance(told, Send):
        return message
    do_by, expires_at = (moment.now + days * instants.DAY for days in (told.due_days, told.expires_days))
    return msgspec.structs.replace(message, do_by=do_by, expires_at=expires_at)


# -- whether it may begin ----------------------------------------------------------------------------------------


def _meant(play: Play, person: Person, moment: Moment) -> bool:
    return _for(play.audience, person, moment)


def _for(audience: Audience, person: Person, moment: Moment) -> bool:
    return meant(audience, person.standing, person.profile(moment), instants.text(moment.now)[:10])


def _is_in(play: Play, run: Run, person: Person) -> bool:
    """Whether this very cause has led into the play before; or they are in it, where nobody is to be in it twice."""
    return run.key in person.runs or (
        play.again.one_at_a_time and any(each.play == play.id and each.live for each in person.runs.values())
    )


def _entered(play: Play, run: Run, person: Person, moment: Moment) -> bool:
    """Whether somebody has come into the play before, and is not to come in again yet."""
    again = play.again
    if again.days is None and not again.once:
        return False
    since = None if again.days is None else moment.now - again.days * instants.DAY
    return any(at > since if since is not None else True for at in _entries(play, run, person))


def _entries(play: Play, run: Run, person: Person) -> Iterator[int]:
    """When somebody came in before: there was a message of it that was not held back, or there still may be one."""
    per_rung = play.again.per_rung
    for message in person.messages.values():
        same = not per_rung or message.rungs == ((run.rung,) if run.rung is not None else ())
        if message.play == play.id and same and message.state is not State.HELD_BACK:
            yield message.at
    for other in person.runs.values():
        if other.play == play.id and other.live and (not per_rung or other.rung == run.rung):
            yield other.began_at


def _kept_out(play: Play, run: Run, person: Person, moment: Moment, reason: Reason) -> Decision:
    """The play does not begin; its first message is recorded as held back. Perks are granted all the same."""
    return Decision(tuple(_kept_back(play, run, person, moment, reason)))


def _kept_back(play: Play, run: Run, person: Person, moment: Moment, reason: Reason) -> Iterator[Message]:
    for number in range(run.step, len(play.step)):
        step = play.step[number]
        if isinstance(step, Send | Task):
            yield _message(play, run, number, step, person, moment).held_back(reason)
            return
