"""The rhythm of useful content: everybody on a day of their own, each piece once, and nobody who has been let down."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.content.piece import Piece, Reader, cause_of, piece_in, suiting
from services.notifier.content.shelf import Shelf
from services.notifier.message import Message, Reason, State
from services.notifier.plays.moments import COMPLAINED, CONTENT, SERVED
from services.notifier.plays.person import Heard, Moment, Person, after
from services.notifier.plays.reading import parse_book
from services.notifier.plays.rhythm import BEGINS, SPREAD, Beat, Rhythm, beat, complains
from services.notifier.plays.yearly import Mark
from services.notifier.profile import KnownProfile
from shared import instants
from shared.events import Profile, Standing
from shared.instants import DAY, HOUR
from tests.make import day
from tests.unit.notifier.people import bought, consent, willing

UTC = ZoneInfo("UTC")
USEFUL = """
version = 1
[[play]]
id = "useful"
on = ["moment.content"]
every_days = {every}
max_age_days = 2
[[play.step]]
do = "send"
mail = "useful"
"""
BOOK = parse_book(USEFUL.format(every=30))
TEA = Piece("tea", "Tea", "Let it cool.", categories=frozenset({"tea"}), at=day(1))
NEWS = Piece("news", "News", "We have moved.", at=day(5))
COFFEE = Piece("coffee", "Coffee", "Grind it fresh.", categories=frozenset({"coffee"}), at=day(9))


def rhythm(*pieces: Piece, on: bool = True) -> Rhythm:
    shelf = Shelf(on=on)
    shelf.put(pieces, {each.key: each for each in pieces})
    return Rhythm(shelf, b"secret", UTC)


def buyer(*categories: str) -> Person:
    person = replace(willing(), marks={CONTENT: Mark(CONTENT, since=day(10), due_at=day(10))})
    ledger = msgspec.structs.replace(person.ledger, sales=(bought(day(0), "o1", *categories),))
    return replace(person, ledger=ledger)


def lived(person: Person, keeper: Rhythm, days: int) -> tuple[Person, list[Message]]:
    """By the wall clock, looked at whenever it is due."""
    messages: list[Message] = []
    while (due := person.marks[CONTENT].due_at) is not None and due <= day(10 + days):
        decision = keeper.keep(person, Moment(due), BOOK)
        messages += decision.messages
        person = after(person, decision)
    return person, messages


def test_each_piece_that_suits_comes_once_the_newest_first() -> None:
    """About what was bought, or for everybody; then nothing more until there is a new one."""
    person, messages = lived(buyer("Tea "), rhythm(TEA, NEWS, COFFEE), 200)
    new = Piece("new", "New", "x", at=day(300))
    _, more = lived(person, rhythm(TEA, NEWS, COFFEE, new), 500)

    assert [piece_in(each.cause) for each in messages] == ["news", "tea"]
    assert [(piece_in(each.cause), each.at > day(300)) for each in more] == [("new", True)]
    assert messages[1].at - messages[0].at == 30 * DAY
    assert {each.state for each in messages} == {State.PENDING}


def test_without_content_nobody_is_looked_at_again() -> None:
    """The play does nothing."""
    person, messages = lived(buyer("tea"), rhythm(on=False), 200)

    assert (messages, person.marks[CONTENT].due_at) == ([], None)


def test_a_piece_that_was_held_back_may_come_again() -> None:
    """Under a cause of its own; what went out never does."""
    person = replace(buyer("tea"), ledger=msgspec.structs.replace(buyer("tea").ledger, statements=()))
    person, held = lived(person, rhythm(TEA), 70)
    person = replace(person, ledger=msgspec.structs.replace(person.ledger, statements=(consent(),)))
    _, sent = lived(person, rhythm(TEA), 200)

    assert [(each.cause, each.reason) for each in held] == [
        (cause_of("tea"), Reason.NO_BASIS),
        (cause_of("tea", 2), Reason.NO_BASIS),
    ]
    assert [(each.cause, each.state) for each in sent] == [(cause_of("tea", 3), State.PENDING)]
    assert len({each.id for each in held + sent}) == 3


@pytest.mark.parametrize(
    ("stage", "heard", "left_alone"),
    [
        ("degeneration", [(COMPLAINED, 3)], True),
        ("degeneration", [(SERVED, 2), (COMPLAINED, 3)], True),
        ("degeneration", [(COMPLAINED, 3), (SERVED, 4)], False),
        ("degeneration", [(COMPLAINED, 3), (SERVED, 4), (COMPLAINED, 5)], True),
        ("degeneration", [], False),
        ("retention", [(COMPLAINED, 3)], False),
    ],
)
def test_whoever_is_about_to_be_lost_over_a_complaint_is_left_alone(
    stage: str, heard: list[tuple[str, int]], *, left_alone: bool
) -> None:
    """Until somebody has served them; of a history only what is known then counts."""
    facts = tuple(Heard("shop", f"{kind}{at}", kind, day(at)) for kind, at in heard)
    person = replace(buyer("tea"), heard=facts, standing=Standing(rung=4, phase="active", stage=stage))

    assert complains(person, Moment(day(20))) is left_alone
    assert complains(person, Moment(day(1), played=True)) is False
    assert (lived(person, rhythm(TEA), 60)[1] == []) is left_alone


def test_time_that_has_passed_unseen_is_not_made_up_for() -> None:
    """Of several beats the newest counts, and one of long ago is held back as too old and may come again."""
    keeper, person = rhythm(TEA, NEWS), buyer("tea")
    at = beat(b"secret", BOOK.play[0], "c1", UTC).last(day(200))
    decision = keeper.keep(person, Moment(at + 5 * DAY), BOOK)

    assert [(each.cause_at, each.reason) for each in decision.messages] == [(at, Reason.TOO_OLD)]


def test_who_moves_west_on_the_day_gets_nothing_twice() -> None:
    """The hour comes again there."""

    def living(zone: str) -> Person:
        profile = Profile(email="anna@example.org", time_zone=zone)
        return replace(buyer(), profiles=(KnownProfile(at=day(0), id="p", source="shop", profile=profile),))

    at = beat(b"secret", BOOK.play[0], "c1", ZoneInfo("Asia/Tokyo")).next(day(10))
    person = living("Asia/Tokyo")
    decision = rhythm(NEWS, TEA).keep(person, Moment(at), BOOK)
    moved = replace(after(person, decision), profiles=living("America/Los_Angeles").profiles)
    moved = replace(moved, marks={CONTENT: moved.marks[CONTENT]._replace(due_at=at + 18 * HOUR)})

    assert len(decision.messages) == 1
    assert rhythm(NEWS, replace_key(NEWS)).keep(moved, Moment(at + 18 * HOUR), BOOK).messages == ()


def replace_key(piece: Piece) -> Piece:
    return piece._replace(key="other")


@pytest.mark.parametrize(
    ("piece", "suits"),
    [
        (TEA, True),
        (TEA._replace(languages=frozenset({"en"})), False),
        (TEA._replace(languages=frozenset({"de", "en"})), True),
        (TEA._replace(at=day(21)), False),
        (TEA._replace(until=day(20)), False),
        (TEA._replace(until=day(20) + 1), True),
        (COFFEE, False),
        (TEA._replace(key="had"), False),
    ],
)
def test_what_suits_a_reader(piece: Piece, *, suits: bool) -> None:
    """Language, interest, time, and that they have not had it."""
    reader = Reader("de", frozenset({"tea"}), frozenset({"had"}))

    assert (suiting([piece], reader, day(20)) is not None) is suits


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"])
beats = st.integers(1, 400).flatmap(
    lambda every: st.builds(
        Beat, st.just(every), st.integers(0, every - 1), st.integers(0, SPREAD - 1), ZONES.map(ZoneInfo)
    )
)


@given(beats, st.integers(day(0), day(4_000)))
def test_a_beat_comes_every_so_many_days_at_a_decent_hour(each: Beat, instant: int) -> None:
    """Whatever the clocks do; what is next is behind the last, and nothing lies between."""
    last, following = each.last(instant), each.next(instant)
    days = [instants.to_datetime(at).astimezone(each.zone) for at in (last, following)]

    assert last <= instant < following
    assert each.last(following) == following
    assert each.last(following - 1) == last
    assert (days[1].date() - days[0].date()).days == each.every
    assert {day.hour for day in days} <= {BEGINS, BEGINS + 1}


def test_people_are_spread_over_the_days() -> None:
    """By chance that is the same each time."""
    (play,) = BOOK.play
    offsets = [beat(b"secret", play, f"c{n}", UTC).offset for n in range(3_000)]

    assert min(offsets.count(each) for each in range(30)) > 50
    assert offsets == [beat(b"secret", play, f"c{n}", UTC).offset for n in range(3_000)]


def test_the_rhythm_is_part_of_the_play_that_needs_it() -> None:
    """And of no other."""
    for text in (USEFUL.replace("every_days = {every}", ""), USEFUL.replace("moment.content", "rung.promoted")):
        with pytest.raises(ValueError, match=r"every_days goes with moment\.content"):
            parse_book(text.format(every=3))
    with pytest.raises(ValueError, match="every_days goes with"):
        parse_book(USEFUL.replace('"moment.content"', '"moment.content", "rung.promoted"').format(every=3))
