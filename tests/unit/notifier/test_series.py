"""A play of several steps: given somebody's place and what is known, when time passes, then this follows."""

from dataclasses import replace

import msgspec

from services.notifier.consent import Ledger
from services.notifier.message import Message, Purpose, Reason, State
from services.notifier.plays.book import Book
from services.notifier.plays.deciding import decide, learn, pass_time
from services.notifier.plays.person import Course, Decision, Heard, Moment, Person, Run, after
from services.notifier.plays.reading import parse_book
from services.notifier.profile import KnownProfile
from shared.events import Group, Profile
from shared.instants import DAY
from tests.make import day, lapsed, promoted, won_back
from tests.unit.notifier.people import consent, objection, profile, willing

SERIES = """
version = 1
[[play]]
id = "silence"
on = ["customer.lapsed"]
max_age_days = 10
cancel = ["purchase.completed", "customer.won_back"]
[[play.step]]
do = "send"
mail = "thank_you"
[[play.step]]
do = "wait"
days = 14
[[play.step]]
do = "send"
mail = "win_back"
offer = "win_back"
[[play.step]]
do = "wait"
days = 45
[[play.step]]
do = "rest"
[[play]]
id = "other"
on = ["rung.promoted"]
max_age_days = 10
[[play.step]]
do = "send"
mail = "thank_you"
"""
BOOK: Book = parse_book(SERIES)


def bought(at: int, id_: str = "b") -> Heard:
    return Heard("shop", id_, "purchase.completed", at)


def begun(person: Person | None = None, book: Book = BOOK) -> tuple[Person, Decision]:
    who = person or willing()
    decision = decide(lapsed(day(0)), who, Moment(day(0)), book)
    return after(who, decision), decision


def later(person: Person, at: int, book: Book = BOOK) -> tuple[Person, Decision]:
    decision = pass_time(person, Moment(at), book)
    return after(person, decision), decision


def place(person: Person) -> Run:
    (run,) = person.runs.values()
    return run


def said(decision: Decision) -> list[tuple[int, State, Reason | None]]:
    return [(each.step, each.state, each.reason) for each in decision.messages]


def test_a_series_waits_between_its_steps() -> None:
    """Each message once, at its time, under an id of its own; the offer comes with the step that names it."""
    person, first = begun()
    assert (said(first), place(person).due_at) == ([(0, State.PENDING, None)], day(14))

    person, early = later(person, day(14) - 1)
    assert early == Decision()
    person, second = later(person, day(14))
    person, again = later(person, day(14))

    assert said(second) == [(2, State.PENDING, None)]
    assert [each.offer for each in person.messages.values()] == [None, "win_back"]
    assert again == Decision()
    assert place(person).due_at == day(59)


def test_a_purchase_ends_the_series_at_once() -> None:
    """What is not sent is dropped, what it waited for is recorded, and nothing more comes."""
    person, _ = begun()
    fact = bought(day(3))
    decision = learn(fact, replace(person, heard=(fact,)), Moment(day(3)), BOOK)
    person = after(person, decision)

    assert {(each.step, each.reason) for each in person.messages.values()} == {
        (0, Reason.CANCELLED),
        (2, Reason.CANCELLED),
    }
    assert (place(person).course, place(person).stopped_by) == (Course.STOPPED, "purchase.completed")
    assert later(person, day(100))[1] == Decision()


def test_a_purchase_of_before_does_not_end_it() -> None:
    """Also one that comes to be known late."""
    person, _ = begun()
    fact = bought(day(-1))

    assert learn(fact, replace(person, heard=(fact,)), Moment(day(3)), BOOK) == Decision()


def test_a_purchase_that_is_known_before_the_cause_is() -> None:
    """The series does not begin: its first message is held back as cancelled."""
    _, decision = begun(replace(willing(), heard=(bought(day(0) + 1),)))

    assert (said(decision), decision.runs) == ([(0, State.HELD_BACK, Reason.CANCELLED)], ())


def test_in_a_played_history_a_purchase_of_later_is_not_known() -> None:
    """It cancels the step behind it and none before."""
    person = replace(willing(), heard=(bought(day(20)),))
    decision = decide(lapsed(day(0)), person, Moment(day(0), played=True), BOOK)
    person = after(person, decision)
    person = after(person, second := pass_time(person, Moment(day(14), played=True), BOOK))

    third = pass_time(person, Moment(day(59), played=True), BOOK)

    assert (said(decision), said(second)) == ([(0, State.PENDING, None)], [(2, State.PENDING, None)])
    assert third.runs[0].course is Course.STOPPED


def test_who_rests_gets_no_marketing_until_they_come_back() -> None:
    """Of no play; when they are won back the rest is over."""
    person, _ = begun()
    person, _ = later(person, day(14))
    person, _ = later(person, day(59))
    assert place(person).course is Course.RESTING

    resting = decide(promoted(day(60), 4), person, Moment(day(60)), BOOK)
    person = after(person, decide(won_back(day(61)), person, Moment(day(61)), BOOK))
    awake = decide(promoted(day(62), 5), person, Moment(day(62)), BOOK)

    assert said(resting) == [(0, State.HELD_BACK, Reason.CAPPED)]
    assert said(awake) == [(0, State.PENDING, None)]


def test_a_rest_ends_also_when_its_play_has_left_the_book() -> None:
    """Nobody is left in peace for ever by a play that is gone."""
    person, _ = begun()
    person, _ = later(person, day(14))
    person, _ = later(person, day(59))
    book = msgspec.structs.replace(BOOK, play=BOOK.play[1:])

    person = after(person, decide(won_back(day(61)), person, Moment(day(61)), book))

    assert place(person).course is Course.STOPPED
    assert said(decide(promoted(day(62), 5), person, Moment(day(62)), book)) == [(0, State.PENDING, None)]


def test_each_step_asks_for_its_basis_anew() -> None:
    """A consent that comes on the way counts from then on, and so does an objection."""
    person, first = begun(Person("c1", (profile(),)))
    person, second = later(replace(person, ledger=Ledger((consent(day(2)),))), day(14))
    objecting = replace(person, ledger=Ledger((consent(day(2)), objection(day(13), "z"))))

    assert said(first) == [(0, State.HELD_BACK, Reason.NO_BASIS)]
    assert said(second) == [(2, State.PENDING, None)]
    assert [each.reason for each in pass_time(objecting, Moment(day(59)), BOOK).messages] == []


def test_a_step_that_comes_too_late_is_too_old() -> None:
    """The notifier was away for longer than the play's news are news."""
    person, _ = begun()

    assert said(later(person, day(24) + 1)[1]) == [(2, State.HELD_BACK, Reason.TOO_OLD)]


def test_a_play_that_left_the_book_stops() -> None:
    """Whoever is in it gets nothing more of it."""
    person, _ = begun()

    (run,) = later(person, day(14), Book(version=2))[1].runs

    assert (run.course, run.stopped_by) == (Course.STOPPED, "book")


def test_again_once_means_once_ever() -> None:
    """A second cause is a duplicate, also while the first series is still waiting; one held back does not count."""
    book = parse_book(SERIES.replace('id = "silence"', 'id = "silence"\nagain = { once = true }'))
    person, _ = begun(book=book)

    second = decide(lapsed(day(5), id_="second"), person, Moment(day(5)), book)
    never = Person("c1", (profile(),))
    person = after(never, decide(lapsed(day(0)), never, Moment(day(0)), parse_book(SERIES)))

    assert said(second) == [(0, State.HELD_BACK, Reason.DUPLICATE)]
    assert person.runs


def test_a_play_for_a_group_is_for_those_who_are_in_it_now() -> None:
    """A group runs out with its day."""
    book = parse_book(SERIES.replace('id = "silence"', 'id = "silence"\naudience = { groups = ["Students"] }'))
    told = Profile(email="anna@example.org", groups=[Group(name="students", until="2024-01-05")])
    student = replace(willing(), profiles=(KnownProfile(at=day(0), id="p", source="shop", profile=told),))

    now = decide(lapsed(day(4)), student, Moment(day(4)), book)
    no_more = decide(lapsed(day(5)), student, Moment(day(5)), book)

    assert (said(now), said(no_more)) == ([(0, State.PENDING, None)], [])
    assert decide(lapsed(day(4)), willing(), Moment(day(4)), book) == Decision()


def test_an_audience_is_asked_again_at_every_step() -> None:
    """Whoever is no longer meant leaves the series."""
    book = parse_book(SERIES.replace('id = "silence"', 'id = "silence"\naudience = { stages = ["retention"] }'))
    cue = lapsed(day(0))
    person = replace(willing(), standing=cue.data.standing)
    person = after(person, decide(cue, person, Moment(day(0)), book))
    moved = replace(person, standing=type(cue.data.standing)(rung=3, phase="active", stage="growth"))

    decision = pass_time(moved, Moment(day(14)), book)

    assert said(decision) == [(2, State.HELD_BACK, Reason.CANCELLED)]
    assert decision.runs[0].stopped_by == "audience"


def test_rather_as_service_without_the_offer_than_not_at_all() -> None:
    """An apology needs no consent; the code in it would."""
    book = parse_book(SERIES.replace('offer = "win_back"', 'offer = "win_back"\nor_service = true'))
    person, _ = begun(Person("c1", (profile(),)), book)

    (message,) = later(person, day(14), book)[1].messages

    assert (message.state, message.purpose, message.offer) == (State.PENDING, Purpose.SERVICE, None)


def test_ids_of_messages_are_made_of_play_person_cause_and_step() -> None:
    """So that none is ever written twice."""
    person, _ = begun()
    person, _ = later(person, day(14) + DAY)
    messages: list[Message] = [*person.messages.values()]

    assert len({each.id for each in messages}) == len(messages) == 2
    assert {each.cause for each in messages} == {lapsed(day(0)).id}
