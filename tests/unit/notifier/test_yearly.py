"""Days that come round every year: leap days, time zones, the years between."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.plays.yearly import APART, Coming, Day, birthday, day_of
from shared import instants

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata")]

days = st.builds(
    lambda when, known, zone: Day(when.month, when.day, when.year if known else None, zone),
    st.dates(min_value=datetime(1900, 1, 1).date(), max_value=datetime(2030, 1, 1).date()),  # noqa: DTZ001 - a date
    st.booleans(),
    st.sampled_from(ZONES),
)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)).map(  # noqa: DTZ001 - the zone is added
    lambda when: instants.from_datetime(when.replace(tzinfo=ZoneInfo("UTC")))
)


def at(text: str) -> int:
    return instants.parse(text)


def born(text: str | None, zone: ZoneInfo = BERLIN) -> Day:
    day = birthday(text, zone)
    assert day is not None
    return day


def test_it_comes_at_nine_in_the_persons_morning() -> None:
    """In summer as in winter, in Berlin as in Kiritimati, where the day is another one than in Greenwich."""
    far = ZoneInfo("Pacific/Kiritimati")

    assert born("1980-01-15").next(at("2024-01-01T00:00:00Z"), 0) == Coming(at("2024-01-15T08:00:00Z"), 2024, 44)
    assert born("1980-07-15").next(at("2024-01-01T00:00:00Z"), 0) == Coming(at("2024-07-15T07:00:00Z"), 2024, 44)
    assert born("--07-15", far).next(at("2024-01-01T00:00:00Z"), 0) == Coming(at("2024-07-14T19:00:00Z"), 2024, None)


@pytest.mark.parametrize(
    ("year", "day"), [(2023, "2023-03-01"), (2024, "2024-02-29"), (2025, "2025-03-01"), (2100, "2100-03-01")]
)
def test_who_was_born_on_a_leap_day_is_a_year_older_on_the_first_of_march(year: int, day: str) -> None:
    """In years without one, and 2100 is none of the leap years."""
    assert born("1980-02-29", ZoneInfo("UTC")).in_year(year).at == at(f"{day}T09:00:00Z")


@pytest.mark.parametrize(
    "text", [None, "", "29.02.1980", "1980-02-30", "1980-13-01", "--00-10", "80-01-01", "1980-01-01x", "tomorrow"]
)
def test_what_names_no_day_is_no_birthday(text: str | None) -> None:
    """Shops write what they like into a profile."""
    assert birthday(text, BERLIN) is None


def test_a_birthday_may_be_told_as_a_time() -> None:
    """As databases export it."""
    assert birthday(" 1980-05-06T00:00:00Z ", BERLIN) == Day(5, 6, 1980, BERLIN)


def test_the_year_of_a_first_order_is_no_anniversary() -> None:
    """And the day is that of the person's time zone."""
    order = at("2024-02-29T23:30:00Z")

    assert day_of(order, BERLIN).next(order - 1, 0) == Coming(at("2025-03-01T08:00:00Z"), 2025, 1)
    assert day_of(order, ZoneInfo("UTC")).next(order, 0) == Coming(at("2025-03-01T09:00:00Z"), 2025, 1)
    assert day_of(order, ZoneInfo("UTC")).next(order, 2027) == Coming(at("2028-02-29T09:00:00Z"), 2028, 4)
    assert day_of(order, BERLIN).last(at("2024-12-31T00:00:00Z"), 0) is None


def test_a_day_already_kept_this_year_comes_again_in_the_next() -> None:
    """Also if it is another day by now."""
    assert born("--06-05").next(at("2024-03-02T00:00:00Z"), 2024) == Coming(at("2025-06-05T07:00:00Z"), 2025, None)
    assert born("--03-01").last(at("2024-03-02T00:00:00Z"), 2024) is None


def test_time_ends() -> None:
    """And begins: no instant breaks it."""
    assert born("--06-05").next(at("9998-07-01T00:00:00Z"), 0) is None
    assert day_of(at("0001-01-01T00:00:00Z"), ZoneInfo("America/New_York")).zone is not None


@given(days, moments)
def test_the_next_is_never_before_and_at_most_a_year_ahead(day: Day, since: int) -> None:
    """And the last is never behind; between them lies nothing."""
    coming, last = day.next(since, 0), day.last(since, 0)

    assert coming is not None
    assert coming.at >= since
    if day.year is None:
        assert coming.at - since <= 367 * instants.DAY
        assert last is not None
        assert last.at <= since
        assert coming.year - last.year == (0 if coming.at == last.at else 1)


@given(moments, st.sampled_from(ZONES), st.sampled_from(ZONES), moments)
def test_time_zones_are_not_that_far_apart(order: int, one: ZoneInfo, other: ZoneInfo, since: int) -> None:
    """Who looks that much earlier by the shop's zone looks early enough by the person's."""
    wanted = day_of(order, other).next(since, 0)
    looked = day_of(order, one).next(since - APART, 0)

    assert wanted is not None
    assert looked is not None
    assert looked.at - APART <= wanted.at
