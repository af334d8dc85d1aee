"""Birthdays and anniversaries of a person: what is known of them changes, and still each comes once a year."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.consent.sales import Sale
from services.notifier.message import Message, Reason, State
from services.notifier.plays import occasions
from services.notifier.plays.book import Book
from services.notifier.plays.moments import ANNIVERSARY, BIRTHDAY
from services.notifier.plays.person import Moment, Person, after
from services.notifier.plays.reading import parse_book
from services.notifier.plays.yearly import Mark
from services.notifier.profile import KnownProfile
from services.notifier.turn import Manner, Turn
from shared import instants
from shared.events import Profile
from shared.instants import DAY, HOUR, MINUTE
from tests.make import day
from tests.unit.notifier.people import bought, refunded, willing

UTC = ZoneInfo("UTC")
YEARLY = """
version = 1
[[play]]
id = "birthday"
on = ["moment.birthday"]
max_age_days = 2
[[play.step]]
do = "send"
mail = "birthday"
[[play]]
id = "anniversary"
on = ["moment.anniversary"]
max_age_days = 2
[[play.step]]
do = "send"
mail = "anniversary"
"""
BOOK: Book = parse_book(YEARLY)


def known(at: int, born: str | None, zone: str | None = None, id_: str = "p") -> KnownProfile:
    told = Profile(email="anna@example.org", birthday=born, time_zone=zone)
    return KnownProfile(at=at, id=id_, source="shop", profile=told)


def noting(person: Person, mark: Mark) -> Person:
    new = occasions.noted_besides(person.marks.get(mark.kind), mark)
    return person if new is None else replace(person, marks={**person.marks, mark.kind: new})


class Life:
    """A person by the wall clock: only the newest profile is known, and what is told is told now."""

    def __init__(self, now: int) -> None:
        self.person = willing()
        self.now = now
        self.messages: list[Message] = []

    def told(self, *, profile: KnownProfile | None = None, sale: Sale | None = None) -> None:
        """As the lane does: keep it, and note when to look."""
        profiles = [] if profile is None else [("c1", profile)]
        sales = [] if sale is None else [("c1", sale)]
        ledger = self.person.ledger
        if profile is not None:
            self.person = replace(self.person, profiles=(profile,))
        if sale is not None:
            sold = (*ledger.sales, sale)
            self.person = replace(self.person, ledger=msgspec.structs.replace(ledger, sales=sold))
        for _, mark in occasions.noted(profiles, sales, UTC, self.now):
            self.person = noting(self.person, mark)

    def swept(self, now: int) -> list[Message]:
        """Time passed."""
        self.now = now
        decision = occasions.keep(self.person, Moment(now), BOOK, UTC)
        self.person = after(self.person, decision)
        self.messages += decision.messages
        for mark in self.person.marks.values():
            assert mark.due_at is None or mark.due_at > now
        return [*decision.messages]


def causes(messages: Iterable[Message]) -> list[tuple[str, str, Reason | None]]:
    return [(each.cause, instants.text(each.cause_at), each.reason) for each in messages]


def test_a_birthday_is_kept_once_and_a_year_later_again() -> None:
    """However often it is looked."""
    life = Life(day(0))
    life.told(profile=known(day(0), "1980-03-01"))

    first = [life.swept(instants.parse(f"2024-03-01T{hour}:00:00Z")) for hour in ("08", "09", "10", "11")]
    second = [life.swept(instants.parse(f"202{year}-03-01T09:00:05Z")) for year in (5, 5, 6)]

    assert [causes(each) for each in first] == [[], [("moment.birthday/2024", "2024-03-01T09:00:00Z", None)], [], []]
    assert [causes(each) for each in second] == [
        [("moment.birthday/2025", "2025-03-01T09:00:00Z", None)],
        [],
        [("moment.birthday/2026", "2026-03-01T09:00:00Z", None)],
    ]


def test_a_birthday_that_moves_is_kept_on_its_new_day_and_never_twice_a_year() -> None:
    """Moved ahead it is awaited anew; moved into the past it is over; moved after the congratulations it has been."""
    life = Life(day(0))
    life.told(profile=known(day(0), "--12-24"))
    life.now = instants.parse("2024-05-01T00:00:00Z")
    life.told(profile=known(life.now, "--06-05", id_="q"))
    june = life.swept(instants.parse("2024-06-05T09:30:00Z"))
    life.told(profile=known(life.now, "--09-09", id_="r"))
    autumn = life.swept(instants.parse("2024-12-31T00:00:00Z"))
    life.told(profile=known(life.now, "--02-02", id_="s"))
    life.now = instants.parse("2025-01-15T00:00:00Z")
    life.told(profile=known(life.now, "--01-10", id_="t"))
    winter = life.swept(instants.parse("2025-12-31T00:00:00Z"))

    assert causes(june) == [("moment.birthday/2024", "2024-06-05T09:00:00Z", None)]
    assert (autumn, winter) == ([], [])


def test_who_moves_west_on_their_birthday_is_not_congratulated_twice() -> None:
    """Nine o'clock comes again there."""
    life = Life(day(0))
    life.told(profile=known(day(0), "--03-01", "Europe/Berlin"))
    there = life.swept(instants.parse("2024-03-01T08:00:00Z"))
    life.told(profile=known(life.now, "--03-01", "America/New_York", id_="q"))

    assert len(there) == 1
    assert life.swept(instants.parse("2024-03-02T00:00:00Z")) == []
    assert causes(life.swept(instants.parse("2025-03-01T14:00:00Z"))) == [
        ("moment.birthday/2025", "2025-03-01T14:00:00Z", None)
    ]


def test_a_profile_told_again_does_not_take_away_a_birthday_that_waits() -> None:
    """The notifier was away when nine o'clock came, and meanwhile the shop told the same once more."""
    life = Life(day(0))
    life.told(profile=known(day(0), "--03-01"))
    life.now = instants.parse("2024-03-01T12:00:00Z")
    life.told(profile=known(instants.parse("2024-03-01T10:00:00Z"), "--03-01", id_="q"))

    assert causes(life.swept(life.now)) == [("moment.birthday/2024", "2024-03-01T09:00:00Z", None)]


def test_a_birthday_told_when_it_is_over_waits_for_the_next() -> None:
    """And so does one of a profile that is years old."""
    life = Life(instants.parse("2024-03-01T10:00:00Z"))
    life.told(profile=known(life.now, "--03-01"))
    old = Life(instants.parse("2024-05-01T10:00:00Z"))
    old.told(profile=known(instants.parse("2019-01-01T10:00:00Z"), "--03-01"))

    assert life.swept(instants.parse("2024-03-01T10:01:00Z")) == []
    assert old.swept(instants.parse("2024-05-02T10:01:00Z")) == []


def test_a_birthday_that_is_taken_back_is_not_kept() -> None:
    """Nor what the profile says no more."""
    life = Life(day(0))
    life.told(profile=known(day(0), "--03-01"))
    life.told(profile=known(day(1), None, id_="q"))

    assert life.swept(instants.parse("2024-03-01T09:00:00Z")) == []


def test_a_notifier_that_was_away_for_days_says_that_it_is_too_late() -> None:
    """Nothing is silently not sent; a year is not made up for."""
    life = Life(day(0))
    life.told(profile=known(day(0), "--03-01"))

    assert causes(life.swept(instants.parse("2026-03-05T00:00:00Z"))) == [
        ("moment.birthday/2026", "2026-03-01T09:00:00Z", Reason.TOO_OLD)
    ]


def test_an_anniversary_is_that_of_the_first_order_that_stands() -> None:
    """By the person's time zone; a full refund moves it, also backward in the year."""
    life = Life(instants.parse("2024-06-01T12:00:00Z"))
    life.told(profile=known(life.now, None, "Pacific/Auckland"))
    life.told(sale=bought(life.now, "o1"))
    life.now = instants.parse("2024-09-01T00:00:00Z")
    life.told(sale=bought(life.now, "o2"))
    first = life.swept(instants.parse("2025-06-01T21:00:00Z"))
    life.told(sale=refunded(life.now, "o1"))
    quiet = life.swept(instants.parse("2025-09-02T00:00:00Z"))
    second = life.swept(instants.parse("2026-08-31T21:00:00Z"))

    assert causes(first) == [("moment.anniversary/2025", "2025-06-01T21:00:00Z", None)]
    assert causes(quiet) == []
    assert causes(second) == [("moment.anniversary/2026", "2026-08-31T21:00:00Z", None)]


def test_an_order_of_long_ago_that_comes_late_moves_the_anniversary() -> None:
    """To the day of the older one."""
    life = Life(instants.parse("2024-06-01T12:00:00Z"))
    life.told(sale=bought(life.now, "o1"))
    life.told(sale=bought(instants.parse("2020-02-29T12:00:00Z"), "o0"))

    assert causes(life.swept(instants.parse("2025-03-01T09:00:00Z"))) == [
        ("moment.anniversary/2025", "2025-03-01T09:00:00Z", None)
    ]
    assert life.swept(instants.parse("2025-06-02T09:00:00Z")) == []


def test_a_play_may_be_for_round_anniversaries() -> None:
    """`where` looks at the years; a birthday without a year of birth has none."""
    book = parse_book(YEARLY.replace("max_age_days", "where = { years = [5, 10] }\nmax_age_days"))
    person = replace(willing(), profiles=(known(day(0), "--03-01"),))
    sold = msgspec.structs.replace(person.ledger, sales=(bought(instants.parse("2019-05-01T00:00:00Z")),))
    marks = {each: Mark(each, since=day(0), due_at=day(0)) for each in (BIRTHDAY, ANNIVERSARY)}

    decision = occasions.keep(replace(person, ledger=sold, marks=marks), Moment(day(121) + 10 * HOUR), book, UTC)

    assert causes(decision.messages) == [("moment.anniversary/2024", "2024-05-01T09:00:00Z", None)]


# -- whatever happens --------------------------------------------------------------------------------------------

_born = st.sampled_from([None, "--01-01", "1980-02-29", "--03-01", "1990-06-15", "--12-31"])
_zones = st.sampled_from([None, "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Nowhere/Land"])
_passing = st.integers(0, 90 * 24 * 60)
_steps = st.one_of(
    st.tuples(st.just("profile"), _born, _zones, _passing),
    st.tuples(st.just("order"), st.integers(0, 3), st.integers(0, 900), _passing),
    st.tuples(st.just("refund"), st.integers(0, 3), st.none(), _passing),
    st.tuples(st.just("sweep"), st.none(), st.none(), _passing),
)


@given(st.lists(_steps, max_size=40))
def test_each_comes_once_a_year_whatever_is_told(
    steps: list[tuple[str, object, object, int]],
) -> None:
    """Whenever it is looked; and what is not too late is on the day that the profile names."""
    life = Life(day(0))
    for number, (what, one, other, minutes) in enumerate(steps):
        life.now += minutes * MINUTE
        if what == "profile":
            life.told(profile=known(life.now, one, other, id_=f"p{number}"))  # type: ignore[arg-type]  # as drawn
        elif what == "order":
            life.told(sale=bought(life.now - other * DAY, f"o{one}"))  # type: ignore[operator]  # as drawn
        elif what == "refund":
            life.told(sale=refunded(life.now, f"o{one}"))
        born = life.person.profiles[0].profile.birthday
        for message in life.swept(life.now):
            if message.play == "birthday" and message.reason is None:
                assert born is not None
                assert abs(message.cause_at - instants.parse(f"{message.cause[-4:]}-{_date(born)}T12:00:00Z")) < 3 * DAY

    assert set(Counter((each.play, each.cause) for each in life.messages).values()) <= {1}


def _date(born: str) -> str:
    return "03-01" if born.endswith("02-29") else born[-5:]


@given(_born.filter(bool), _zones, st.lists(st.integers(20, 46), min_size=1, max_size=30))
def test_none_is_left_out_by_a_notifier_that_is_there(born: str, zone: str | None, gaps: list[int]) -> None:
    """Looked at often enough, every year has its birthday, and it goes out."""
    life = Life(day(0))
    life.told(profile=known(day(0), born, zone))
    number = 0
    while life.now < day(2 * 366):
        number += 1
        life.swept(life.now + gaps[number % len(gaps)] * HOUR)

    years = [each.cause[-4:] for each in life.messages if each.state is State.PENDING]
    assert years == sorted(set(years))
    assert {"2024", "2025"} - {*years} <= ({"2024"} if born == "--01-01" else set())


MANNER = Manner(BOOK, b"s" * 32, lanes=1, currency="EUR", exponent=2, by_facts=True, history=False)


@given(
    st.lists(st.tuples(_born, _zones, st.integers(0, 1_500)), max_size=6),
    st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 1_500)), max_size=8),
    st.lists(st.integers(0, 1_500), max_size=8),
)
def test_a_played_history_comes_out_the_same_however_it_is_cut(
    profiles: list[tuple[str | None, str | None, int]], sales: list[tuple[bool, int, int]], cuts: list[int]
) -> None:
    """What is told is read ahead of its time, and counts from then on; the sweeps make no difference."""
    whole = played(profiles, sales, [1_500])

    assert played(profiles, sales, sorted({*cuts, 1_500})) == whole
    assert set(Counter(whole).values()) <= {1}


def played(
    profiles: Sequence[tuple[str | None, str | None, int]], sales: Sequence[tuple[bool, int, int]], cuts: Sequence[int]
) -> list[tuple[str, int]]:
    """The messages, (cause, instant) each, when what is told by a cut is read with it."""
    told = [known(day(at), born, zone, f"p{number}") for number, (born, zone, at) in enumerate(profiles)]
    sold = [refunded(day(at), f"o{order}") if back else bought(day(at), f"o{order}") for back, order, at in sales]
    person, decided, before = replace(willing(), profiles=()), list[Message](), -1
    for cut in cuts:
        new = [each for each in told if before < each.at <= day(cut)]
        gone = [each for each in sold if before < each.at <= day(cut)]
        before = day(cut)
        for _, mark in occasions.noted([("c1", each) for each in new], [("c1", each) for each in gone], UTC, None):
            person = noting(person, mark)
        ledger = msgspec.structs.replace(person.ledger, sales=(*person.ledger.sales, *gone))
        person = replace(person, profiles=(*person.profiles, *new), ledger=ledger)
        turn, persons = Turn(MANNER, 0, day(0), None), {"c1": person}
        turn.sweep(day(cut), persons)
        person = persons["c1"]
        decided += turn.messages
    return [(each.cause, each.at) for each in decided]
