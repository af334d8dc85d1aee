"""A batch of decisions while plays are on trial, and the offers it wants."""

from dataclasses import replace

from services.notifier.experiments.holding import Experiments
from services.notifier.message import Message, Purpose, Reason, State
from services.notifier.plays.book import Book, Play, Send
from services.notifier.profile import KnownProfile
from services.notifier.turn import Manner, Turn
from shared.events import Profile
from tests.make import day, lapsed
from tests.unit.notifier.people import BOOK, willing

KEEN = Profile(email="anna@example.org", interests=["tea"])


def book(*, or_service: bool) -> Book:
    """A win-back with an offer."""
    step = Send(mail="win_back", offer="win_back", or_service=or_service)
    return Book(version=1, play=(Play(id="win_back", on=("customer.lapsed",), max_age_days=30, step=(step,)),))


def turn_of(plays: Book, control: float) -> Turn:
    """The turn in which c1 has lapsed."""
    experiments = Experiments(b"secret", control)
    manner = Manner(
        plays, b"s" * 32, lanes=8, currency="EUR", exponent=2, by_facts=False, history=False, experiments=experiments
    )
    turn = Turn(manner, 0, day(2), None)
    cue = lapsed(day(1), standing={"rung": 5, "phase": "passive", "stage": "win_back"})
    known = KnownProfile(at=day(0), id="p", source="shop", profile=KEEN)
    person = replace(willing(), profiles=(known,))
    turn.take([cue], {(cue.subject, cue.id)}, {"c1": person})
    return turn


def message_of(turn: Turn) -> Message:
    (message,) = turn.messages
    return message


def test_who_is_held_out_wants_no_offer() -> None:
    """The message is recorded with the reason."""
    turn = turn_of(book(or_service=False), control=1.0)

    assert (message_of(turn).state, message_of(turn).reason) == (State.HELD_BACK, Reason.HELD_OUT)
    assert turn.wanted == []


def test_what_may_go_as_service_does() -> None:
    """An apology is owed also to those who get no advertising, but without its offer."""
    message = message_of(turn_of(book(or_service=True), control=1.0))

    assert (message.state, message.purpose, message.offer) == (State.PENDING, Purpose.SERVICE, None)


def test_an_offer_is_chosen_by_rung_and_interest() -> None:
    """What the turn knows of the person goes with the wish."""
    turn = turn_of(book(or_service=False), control=0.0)

    (wanted,) = turn.wanted
    assert (wanted.offer, wanted.rung, wanted.interests) == ("win_back", 5, frozenset({"tea"}))
    assert wanted.message == message_of(turn).id


def test_the_shipped_book_holds_nobody_out() -> None:
    """Whom to leave out is the shop's decision."""
    assert BOOK.control == 0
    assert {trial.held_out for trial in BOOK.trials.values()} == {0}
