"""Given what is known of a person, when something is announced, then this follows."""

import msgspec

from services.notifier.consent import Ledger
from services.notifier.message import Mail, Reason, State
from services.notifier.plays.book import Book
from services.notifier.plays.deciding import decide
from services.notifier.plays.person import Decision, Moment, Person, after
from shared.instants import DAY
from tests.make import day, demoted, lapsed, promoted, won_back
from tests.unit.notifier.people import BOOK, consent, lived, objection, profile, willing


def states(decision: Decision) -> list[tuple[str, tuple[int, ...], State, Reason | None]]:
    return [(each.mail, each.rungs, each.state, each.reason) for each in decision.messages]


def sent(person: Person) -> Person:
    """All that is pending has gone out."""
    messages = {
        key: msgspec.structs.replace(each, state=State.SENT) if each.state is State.PENDING else each
        for key, each in person.messages.items()
    }
    return Person(person.id, person.profiles, person.ledger, messages, person.perks)


# -- thank-you ---------------------------------------------------------------------------------------------------


def test_who_becomes_a_customer_is_thanked() -> None:
    """One mail about the rung that was reached."""
    decision = decide(promoted(day(1), 4), willing(), Moment(day(1)), BOOK)

    assert states(decision) == [(Mail.THANK_YOU, (4,), State.PENDING, None)]
    assert not decision.granted


def test_who_becomes_a_buyer_is_not() -> None:
    """Thanks begin with the second purchase."""
    assert decide(promoted(day(1), 3), willing(), Moment(day(1)), BOOK) == Decision()


def test_a_rise_over_several_rungs_is_one_thank_you_and_every_perk_on_the_way() -> None:
    """The thank-you is for the rung reached; the perks are told in one mail."""
    decision = decide(promoted(day(1), 7), willing(), Moment(day(1)), BOOK)

    assert states(decision) == [
        (Mail.THANK_YOU, (7,), State.PENDING, None),
        (Mail.PERK_GRANTED, (5, 6, 7), State.PENDING, None),
    ]
    assert decision.granted == (5, 6, 7)


def test_the_same_rung_is_thanked_for_once_a_year() -> None:
    """Up, down and up again within 365 days is a duplicate; a year after the first it is not."""
    person, _ = lived(willing(), [(promoted(day(1), 4), Moment(day(1)))])
    person, _ = lived(sent(person), [(demoted(day(50), 3), Moment(day(50)))])

    too_soon = decide(promoted(day(365), 4), person, Moment(day(366) - 1), BOOK)
    late_enough = decide(promoted(day(366), 4), person, Moment(day(366)), BOOK)

    assert states(too_soon) == [(Mail.THANK_YOU, (4,), State.HELD_BACK, Reason.DUPLICATE)]
    assert states(late_enough) == [(Mail.THANK_YOU, (4,), State.PENDING, None)]


def test_another_rung_is_another_thank_you() -> None:
    """Within the same year."""
    person, _ = lived(willing(), [(promoted(day(1), 4), Moment(day(1)))])

    assert states(decide(promoted(day(9), 5), person, Moment(day(9)), BOOK))[0] == (
        Mail.THANK_YOU,
        (5,),
        State.PENDING,
        None,
    )


def test_a_thank_you_that_was_held_back_is_none() -> None:
    """Who was not thanked for want of a basis is thanked the next time."""
    unwilling = Person("c1", (profile(),))
    person, _ = lived(unwilling, [(promoted(day(1), 4), Moment(day(1)))])
    agreed = Person(person.id, person.profiles, Ledger((consent(day(2)),)), person.messages)

    assert states(decide(promoted(day(9), 4), agreed, Moment(day(9)), BOOK)) == [
        (Mail.THANK_YOU, (4,), State.PENDING, None)
    ]


def test_an_unsent_thank_you_is_dropped_when_its_rung_is_lost() -> None:
    """The cause is undone; what is about a rung still held goes out."""
    person, _ = lived(willing(), [(promoted(day(1), 4), Moment(day(1))), (promoted(day(2), 5), Moment(day(2)))])

    decision = decide(demoted(day(3), 4), person, Moment(day(3)), BOOK)

    thanks = [each for each in after(person, decision).messages.values() if each.mail == Mail.THANK_YOU]
    assert {(each.rungs, each.state, each.reason) for each in thanks} == {
        ((4,), State.PENDING, None),
        ((5,), State.HELD_BACK, Reason.CANCELLED),
    }


def test_what_has_gone_out_is_not_dropped() -> None:
    """A sent message stays sent."""
    person, _ = lived(willing(), [(promoted(day(1), 4), Moment(day(1)))])

    assert decide(demoted(day(2), 3), sent(person), Moment(day(2)), BOOK).revised == ()


# -- win-back ----------------------------------------------------------------------------------------------------


def test_who_lapsed_gets_an_offer() -> None:
    """One mail for each lapse."""
    decision = decide(lapsed(day(1)), willing(), Moment(day(1)), BOOK)

    assert states(decision) == [(Mail.WIN_BACK, (), State.PENDING, None)]


def test_an_unsent_offer_is_dropped_when_the_person_has_come_back() -> None:
    """They came without it."""
    person, _ = lived(willing(), [(lapsed(day(1)), Moment(day(1)))])

    (revised,) = decide(won_back(day(2)), person, Moment(day(2)), BOOK).revised

    assert (revised.mail, revised.state, revised.reason) == (Mail.WIN_BACK, State.HELD_BACK, Reason.CANCELLED)


# -- perks -------------------------------------------------------------------------------------------------------


def test_perks_are_withdrawn_on_falling_and_granted_again_on_rising() -> None:
    """Each change is told; those of rungs still held stay."""
    person, _ = lived(willing(), [(promoted(day(1), 7), Moment(day(1)))])

    fallen = decide(demoted(day(100), 5), sent(person), Moment(day(100)), BOOK)
    person = sent(after(sent(person), fallen))
    risen = decide(promoted(day(200), 6), person, Moment(day(200)), BOOK)

    assert (fallen.withdrawn, states(fallen)) == ((6, 7), [(Mail.PERK_WITHDRAWN, (6, 7), State.PENDING, None)])
    assert risen.granted == (6,)
    assert states(risen)[-1] == (Mail.PERK_GRANTED, (6,), State.PENDING, None)


def test_a_perk_needs_no_consent_but_the_mail_about_it_does() -> None:
    """The perk is kept; the message is held back."""
    decision = decide(promoted(day(1), 5), Person("c1", (profile(),)), Moment(day(1)), BOOK)

    assert decision.granted == (5,)
    assert {each.reason for each in decision.messages} == {Reason.NO_BASIS}


def test_what_came_and_went_before_anybody_was_told_is_not_told() -> None:
    """The unsent grant is dropped, and the withdrawal with it, but both are recorded."""
    person, _ = lived(willing(), [(promoted(day(1), 5), Moment(day(1)))])

    decision = decide(demoted(day(2), 4), person, Moment(day(2)), BOOK)

    assert decision.withdrawn == (5,)
    assert states(decision) == [(Mail.PERK_WITHDRAWN, (5,), State.HELD_BACK, Reason.CANCELLED)]
    assert {each.reason for each in decision.revised} == {Reason.CANCELLED}


def test_a_grant_that_is_undone_in_part_is_told_in_part() -> None:
    """The unsent mail loses the rung that was lost and keeps the other."""
    person, _ = lived(willing(), [(promoted(day(1), 6), Moment(day(1)))])

    decision = decide(demoted(day(2), 5), person, Moment(day(2)), BOOK)

    grant = next(each for each in decision.revised if each.mail == Mail.PERK_GRANTED)
    assert (grant.rungs, grant.state) == ((5,), State.PENDING)


def test_perks_that_left_the_book_are_still_withdrawn() -> None:
    """Who was told of a perk is told that it ends, though nobody else gets it any more."""
    person, _ = lived(willing(), [(promoted(day(1), 5), Moment(day(1)))])

    decision = decide(demoted(day(9), 4), sent(person), Moment(day(9)), Book(version=2))

    assert decision.withdrawn == (5,)
    assert states(decision) == [(Mail.PERK_WITHDRAWN, (5,), State.PENDING, None)]


# -- holding back ------------------------------------------------------------------------------------------------


def reason_of(person: Person, moment: Moment | None = None) -> Reason | None:
    (message,) = decide(lapsed(day(1)), person, moment or Moment(day(1)), BOOK).messages
    return message.reason


def test_each_reason_to_hold_back() -> None:
    """Too old comes before the address, the address before the objection, the objection before the basis."""
    assert reason_of(Person("c1"), Moment(day(32))) is Reason.TOO_OLD
    assert reason_of(Person("c1", (), Ledger((objection(),)))) is Reason.NO_ADDRESS
    assert reason_of(Person("c1", (profile(),), Ledger((objection(),)))) is Reason.OBJECTED
    assert reason_of(Person("c1", (profile(),))) is Reason.NO_BASIS
    assert reason_of(willing()) is None


def test_news_are_news_up_to_their_age() -> None:
    """The age is exact to the microsecond."""
    assert reason_of(willing(), Moment(day(1) + 30 * DAY)) is None
    assert reason_of(willing(), Moment(day(1) + 30 * DAY + 1)) is Reason.TOO_OLD


def test_the_newest_profile_is_the_address() -> None:
    """In whatever order profiles came; one without an address takes it away."""
    older, newer = profile("old@example.org", day(0), "a"), profile(None, day(0), "b")

    assert reason_of(Person("c1", (newer, older), Ledger((consent(),)))) is Reason.NO_ADDRESS


# -- while a history is played -----------------------------------------------------------------------------------


def test_a_played_history_knows_no_future() -> None:
    """The address of later is not used for a mail of now."""
    later = Person("c1", (profile(at=day(5)),), Ledger((consent(),)))

    assert reason_of(later, Moment(day(1), played=True)) is Reason.NO_ADDRESS
    assert reason_of(later, Moment(day(1))) is None


def test_in_a_played_history_what_is_decided_counts_as_sent() -> None:
    """Whether the sender has come to it makes no difference: nothing that follows drops it."""
    cue = promoted(day(1), 5)
    waiting, _ = lived(willing(), [(cue, Moment(day(1), played=True))])

    undone = [
        decide(demoted(day(2), 3), person, Moment(day(2), played=True), BOOK) for person in (waiting, sent(waiting))
    ]

    assert undone[0] == undone[1]
    assert (undone[0].revised, states(undone[0])) == ((), [(Mail.PERK_WITHDRAWN, (5,), State.PENDING, None)])
