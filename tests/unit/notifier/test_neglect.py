"""The neglect alarm: given what a person got and when, it is rung so many days later, or not at all."""

from dataclasses import replace

import msgspec
import pytest

from services.notifier.consent import Ledger
from services.notifier.message import Message, Reason, State, Way
from services.notifier.plays.book import Book
from services.notifier.plays.deciding import decide, learn, pass_time
from services.notifier.plays.person import Course, Decision, Heard, Moment, Person, after
from services.notifier.plays.reading import parse_book
from services.notifier.profile import KnownProfile
from shared.events import Profile
from tests.make import day, demoted, promoted
from tests.unit.notifier.people import consent, expressed

PLAYS = """
version = 1
[[play]]
id = "thanks"
on = ["rung.promoted"]
max_age_days = 14
appreciation = true
[[play.step]]
do = "send"
mail = "thank_you"
[[play]]
id = "news"
on = ["customer.lapsed"]
max_age_days = 14
[[play.step]]
do = "send"
mail = "miss_you"
[[play]]
id = "neglected"
on = ["rung.promoted"]
audience = { rungs = [5, 6, 7] }
again = { one_at_a_time = true }
max_age_days = 14
cancel = ["contact.cancelled"]
appreciation = true
[[play.step]]
do = "wait_for_neglect"
days = 180
[[play.step]]
do = "task"
task = "neglected"
channel = ["phone", "post"]
[[play.step]]
do = "send"
mail = "surprise"
[[play.step]]
do = "repeat"
"""
BOOK: Book = parse_book(PLAYS)


def member() -> Person:
    """Somebody who agreed to mail and calls."""
    profile = Profile(email="anna@example.org", phone="+49 221 4711")
    known = KnownProfile(at=day(0), id="p", source="shop", profile=profile)
    return Person("c1", (known,), Ledger((consent(), expressed(channel="phone"))))


def rise(person: Person, at: int, to: int = 5) -> Person:
    cue = promoted(at, to)
    person = replace(person, standing=cue.data.standing)
    return after(person, decide(cue, person, Moment(at), BOOK))


def pass_to(person: Person, at: int) -> tuple[Person, Decision]:
    decision = pass_time(person, Moment(at), BOOK)
    return after(person, decision), decision


def due(person: Person) -> list[int]:
    return [run.due_at for run in person.runs.values() if run.due_at is not None]


def become(person: Person, state: State, sent_at: int | None = None, way: Way = Way.MAIL) -> Person:
    """The person with all that waits by this way in that state."""
    messages = {
        key: msgspec.structs.replace(each, state=state, sent_at=sent_at)
        if each.way is way and each.state in (State.PENDING, State.OPEN)
        else each
        for key, each in person.messages.items()
    }
    return replace(person, messages=messages)


def said(decision: Decision) -> list[tuple[str, str | None, Reason | None]]:
    return [(each.mail, each.channel, each.reason) for each in decision.messages]


def test_it_is_rung_half_a_year_after_the_last_appreciation() -> None:
    """A task and a surprise, not a moment before; and again half a year after the surprise."""
    person = become(rise(member(), day(0)), State.SENT, day(1))
    person, nothing = pass_to(person, day(180))
    person, early = pass_to(person, day(181) - 1)
    assert (nothing.messages, early, due(person)) == ((), Decision(), [day(181)])

    person, rung = pass_to(person, day(181))
    assert said(rung) == [("neglected", "phone", None), ("surprise", "email", None)]
    assert due(person) == [day(361)]
    person, again = pass_to(person, day(361))

    assert said(again) == said(rung)
    assert [each.cause for each in again.messages] == [f"{rung.messages[0].cause}#2"] * 2
    assert {run.course for run in person.runs.values()} == {Course.DONE, Course.WAITING}
    assert due(person) == [day(541)]


def test_what_comes_meanwhile_puts_it_off() -> None:
    """Thanks for the next rung; and nobody is in it twice."""
    person = rise(member(), day(0))
    person = become(rise(person, day(100), to=6), State.SENT, day(100))
    assert due(person) == [day(180)]

    person, nothing = pass_to(person, day(180))

    assert (nothing.messages, due(person)) == ((), [day(280)])


@pytest.mark.parametrize("state", [State.BOUNCED, State.FAILED, State.HELD_BACK])
def test_what_reached_nobody_is_no_appreciation(state: State) -> None:
    """Then the time counts from the cause."""
    person = become(rise(member(), day(0)), State.SENT, day(0))
    person = become(rise(person, day(170), to=6), state)

    _, rung = pass_to(person, day(180))

    assert len(rung.messages) == 2


def test_a_task_counts_when_it_is_done() -> None:
    """Not while it waits, and not where nobody was reached; then the mail before it counts."""
    person = become(rise(member(), day(0)), State.SENT, day(0))
    person, _ = pass_to(person, day(180))
    mailed = become(person, State.SENT, day(180))

    done = become(mailed, State.SENT, day(200), Way.TASK)
    missed = become(mailed, State.FAILED, day(200), Way.TASK)

    assert due(pass_to(done, day(360))[0]) == [day(380)]
    assert [len(pass_to(each, day(360))[1].messages) for each in (mailed, missed)] == [2, 2]


def test_without_any_basis_it_is_rung_again_half_a_year_later_all_the_same() -> None:
    """What is held back is recorded each time."""
    person = replace(rise(member(), day(0)), ledger=Ledger())
    person, first = pass_to(become(person, State.SENT, day(0)), day(180))
    person, second = pass_to(person, day(360))

    for decision in (first, second):
        assert said(decision) == [("neglected", "phone", Reason.NO_BASIS), ("surprise", "email", Reason.NO_BASIS)]
    assert due(person) == [day(540)]


def test_a_fall_below_member_ends_it_and_what_is_open() -> None:
    """A fall to a rung that it is for does not."""
    person = become(rise(member(), day(0), to=7), State.SENT, day(0))
    person, _ = pass_to(person, day(180))
    person = become(person, State.OPEN, way=Way.TASK)
    fall = demoted(day(190), 6)
    person = after(replace(person, standing=fall.data.standing), decide(fall, person, Moment(day(190)), BOOK))
    assert due(person) == [day(360)]

    below = demoted(day(200), 4)
    decision = decide(below, replace(person, standing=below.data.standing), Moment(day(200)), BOOK)

    assert [(each.way, each.reason) for each in decision.revised if each.way is Way.TASK] == [
        (Way.TASK, Reason.CANCELLED)
    ]
    assert due(after(person, decision)) == []


def test_a_cancellation_ends_it() -> None:
    """And the next rise begins it anew."""
    person = become(rise(member(), day(0)), State.SENT, day(0))
    fact = Heard("shop", "x", "contact.cancelled", day(50))
    person = replace(person, heard=(fact,))
    person = after(person, learn(fact, person, Moment(day(50)), BOOK))
    assert due(person) == []

    assert due(rise(person, day(60), to=6)) == [day(240)]


def test_a_book_that_would_repeat_without_end_is_refused() -> None:
    """What repeats begins with a wait, and nothing stands behind it."""
    for steps, fault in (
        ('do = "send"\nmail = "thank_you"\n[[play.step]]\ndo = "repeat"', "what repeats begins with a wait"),
        ('do = "wait"\n[[play.step]]\ndo = "repeat"', "what repeats begins with a wait"),
        ('do = "wait"\ndays = 1\n[[play.step]]\ndo = "repeat"\n[[play.step]]\ndo = "stop"', "nothing comes behind"),
        ('do = "task"\ntask = "nothing"', "there is no template de/tasks/nothing.txt.j2"),
        ('do = "task"\ntask = "neglected"\nchannel = "email"', "email"),
        ('do = "task"\ntask = "neglected"\ndue_days = 9\nexpires_days = 8', "expires_days >= due_days"),
    ):
        text = f'version = 1\n[[play]]\nid = "p"\non = ["rung.promoted"]\nmax_age_days = 1\n[[play.step]]\n{steps}\n'
        with pytest.raises(ValueError, match=fault):
            parse_book(text)


def test_rounds_of_one_cause_never_meet_a_cause_of_the_same_name() -> None:
    """However the ids of facts look."""
    person = become(rise(member(), day(0)), State.SENT, day(0))
    (run,) = person.runs.values()
    taken = msgspec.structs.replace(run.ended(Course.DONE), cause=f"{run.cause}#2")
    person = replace(person, runs={**person.runs, taken.key: taken})

    person, rung = pass_to(person, day(180))
    message: Message = pass_to(person, day(360))[1].messages[0]

    assert rung.messages[0].cause == run.cause
    assert message.cause == f"{run.cause}#3"
