"""Where somebody was in a series at an earlier instant. Pure.

Of a place only the last step is kept. How it came there follows from the book: each wait has its length, and each
message its instant.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from services.notifier.message import Message, Reason
from services.notifier.plays.appreciation import neglected_at
from services.notifier.plays.book import Book, Play, Repeat, Rest, Stop, Wait, WaitForEnd, WaitForNeglect
from services.notifier.plays.person import Course, Person, Run
from shared.instants import DAY

Waits = Wait | WaitForEnd | WaitForNeglect


def run_before(run: Run, now: Person, before: Person, book: Book, since: int) -> Run | None:
    """The place as it was just before `since`; None: they were not in the series yet.

    `now` and `before` are the person today and back then, `book` the one that was in force.
    """
    if run.began_at >= since:
        return None
    play = book.find(run.play)
    if play is None or _stopped_at(run, now.messages.values()) < since:
        return run
    said = {each.step: each.at for each in now.messages.values() if (each.play, each.cause) == run.key}
    at = run.began_at
    for number, step in enumerate(play.step):
        match step:
            case WaitForEnd() if run.ends_at is None:
                return run
            case Wait() | WaitForEnd() | WaitForNeglect():
                told = _told_behind(number, play, said)
                due = _due(step, run, at, before, book)
                if _waited(due, told, since):
                    return _waiting(run, number, step, max(due, since))
                at = due if told is None else told
            case Rest():
                return _resting(run, number, now, since)
            case Stop() | Repeat():
                return run
            case _:
                continue
    return run


def _waited(due: int, told: int | None, since: int) -> bool:
    """Whether it waited then: a message behind the wait says so better than the book does."""
    return due >= since if told is None else told >= since


def _waiting(run: Run, number: int, step: Waits, due: int) -> Run:
    """A neglect is looked at again when it is due, from any other wait the step behind it is taken."""
    place = number if isinstance(step, WaitForNeglect) else number + 1
    return replace(run, step=place, due_at=due, course=Course.WAITING, stopped_by=None)


def _due(step: Waits, run: Run, at: int, before: Person, book: Book) -> int:
    match step:
        case Wait():
            return at + step.span
        case WaitForEnd():
            return max((run.ends_at or 0) - step.days_before * DAY, at)
        case WaitForNeglect():
            return neglected_at(step, run, before, book)


def _told_behind(wait: int, play: Play, said: dict[int, int]) -> int | None:
    """When a message was decided that comes between this wait and the next; None: there was none."""
    behind = range(wait + 1, len(play.step))
    next_wait = (number for number in behind if isinstance(play.step[number], Waits))
    until = next(next_wait, len(play.step))
    return min((at for number, at in said.items() if wait < number < until), default=None)


def _stopped_at(run: Run, messages: Iterable[Message]) -> float:
    """When the series was cancelled, by the message it waited for; at the end of time if none says so."""
    if run.course is not Course.STOPPED:
        return float("inf")
    own = (each for each in messages if (each.play, each.cause) == run.key and each.step >= run.step)
    cancelled = [each.at for each in own if each.reason is Reason.CANCELLED]
    return max(cancelled, default=float("inf"))


def _resting(run: Run, step: int, now: Person, since: int) -> Run:
    """It rests until what ended the rest came; where nothing on record says when, it is taken to be over."""
    if run.course is not Course.STOPPED:
        return run
    ended = [each.at for each in now.heard if each.type == run.stopped_by and each.at > run.cause_at]
    if min(ended, default=0) < since:
        return run
    return replace(run, step=step, due_at=None, course=Course.RESTING, stopped_by=None)
