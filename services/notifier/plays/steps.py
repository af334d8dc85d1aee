"""Somebody's way through a play: which step is taken, and what comes of it. Pure: a place in, a place out."""

from collections.abc import Iterator
from typing import Final

import msgspec

from services.notifier.consent.sales import all_given_back
from services.notifier.message import Message, Reason, State, message_id
from services.notifier.plays import perks
from services.notifier.plays.book import Audience, Book, Perks, Play, Rest, Send, Stop, Wait, WaitForEnd
from services.notifier.plays.conditions import meant
from services.notifier.plays.person import Cause, Course, Decision, Moment, Person, Run, after
from services.notifier.plays.weighing import weighed
from shared import instants
from shared.events import PurchaseRefunded, type_of

GIVEN_BACK: Final = type_of(PurchaseRefunded)


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
            case Wait() as wait:
                return _pausing(play, run, number, moment.now + wait.span, done)
            case WaitForEnd() as wait:
                if run.ends_at is None:
                    break
                due = run.ends_at - wait.days_before * instants.DAY
                return _pausing(play, run, number, max(due, moment.now), done)
            case Send() as send if not _for(send.only, person, moment):
                continue
            case Send() as send:
                done += Decision((_sent(play, run, number, send, after(person, done), moment),))
            case Perks():
                cause = Cause(run.cause, run.cause_at, run.rung)
                done += perks.risen(play, cause, after(person, done), moment, book)
            case Rest():
                rest = msgspec.structs.replace(run, step=number, due_at=None, course=Course.RESTING)
                return done + Decision(runs=(rest,))
            case Stop():
                break
    return done + (Decision(runs=(run.ended(Course.DONE),)) if run.step else Decision())


def _pausing(play: Play, run: Run, number: int, due: int, done: Decision) -> Decision:
    if number + 1 == len(play.step):
        return done + Decision(runs=(run.ended(Course.DONE),))
    return done + Decision(runs=(msgspec.structs.replace(run, step=number + 1, due_at=due),))


def _sent(play: Play, run: Run, number: int, send: Send, person: Person, moment: Moment) -> Message:
    message = _message(play, run, number, send, person, moment)
    if run.due_at is not None and moment.now - run.due_at > play.max_age:
        return message.held_back(Reason.TOO_OLD)
    return weighed(message, person, moment, or_service=send.or_service)


def _message(play: Play, run: Run, number: int, send: Send, person: Person, moment: Moment) -> Message:
    return Message(
        id=message_id(play.id, person.id, run.cause, number),
        person=person.id,
        play=play.id,
        mail=send.mail,
        cause=run.cause,
        cause_at=run.cause_at,
        at=moment.now,
        step=number,
        channel=send.channel,
        purpose=send.purpose or play.purpose,
        way=send.way,
        offer=send.offer,
        rungs=() if run.rung is None else (run.rung,),
        friend=run.friend,
    )


# -- whether it may begin ----------------------------------------------------------------------------------------


def _meant(play: Play, person: Person, moment: Moment) -> bool:
    return _for(play.audience, person, moment)


def _for(audience: Audience, person: Person, moment: Moment) -> bool:
    return meant(audience, person.standing, person.profile(moment), instants.text(moment.now)[:10])


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
        if isinstance(step, Send):
            yield _message(play, run, number, step, person, moment).held_back(reason)
            return
