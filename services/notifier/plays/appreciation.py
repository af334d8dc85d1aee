"""When somebody was last shown that they are valued. Pure."""

from services.notifier.measure.measured import GONE_NOWHERE
from services.notifier.message import Mail, Message, State, Way
from services.notifier.plays.book import Book, WaitForNeglect
from services.notifier.plays.person import Person, Run


def neglected_at(wait: WaitForNeglect, run: Run, person: Person, book: Book) -> int:
    """From when on somebody in this series counts as neglected, as far as is known now."""
    return max(run.cause_at, last_appreciated(person, book) or 0) + wait.span


def last_appreciated(person: Person, book: Book) -> int | None:
    """The instant of the last message that appreciates; None: there has been none."""
    plays = {play.id for play in book.play if play.appreciation}
    times = [_at(each) for each in person.messages.values() if each.play in plays and _appreciates(each)]
    return max(times, default=None)


def _appreciates(message: Message) -> bool:
    """A task does when it is done. What is on its way counts: it was decided before, and goes by itself."""
    if message.mail == Mail.PERK_WITHDRAWN:
        return False
    return message.state is State.SENT if message.way is Way.TASK else message.state not in GONE_NOWHERE


def _at(message: Message) -> int:
    return message.goes_at if message.sent_at is None else message.sent_at
