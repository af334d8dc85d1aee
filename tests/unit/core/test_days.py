"""Calendar days in the shop's time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ladder.core.days import day_of
from shared import instants

EPOCH = date(1970, 1, 1)
ZONES = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Apia"]
moments = st.integers(instants.parse("1990-01-01T00:00:00Z"), instants.parse("2040-01-01T00:00:00Z"))


@pytest.mark.parametrize("zone", ZONES)
@given(at=moments)
def test_like_the_calendar(zone: str, at: int) -> None:
    """Day and midnight are those of the zone's calendar."""
    day, midnight = day_of(zone)(at)
    local = instants.to_datetime(at).astimezone(ZoneInfo(zone))
    assert EPOCH + timedelta(days=day) == local.date()
    assert midnight <= at
    assert instants.to_datetime(midnight).astimezone(ZoneInfo(zone)).date() == local.date()
    assert instants.to_datetime(midnight - 1).astimezone(ZoneInfo(zone)).date() < local.date()


def test_a_day_without_midnight_begins_when_the_clock_is_put_forward() -> None:
    """In São Paulo the 4th of November 2018 began at one o'clock."""
    at = instants.from_datetime(datetime(2018, 11, 4, 12, tzinfo=ZoneInfo("America/Sao_Paulo")))
    assert day_of("America/Sao_Paulo")(at)[1] == instants.from_datetime(datetime(2018, 11, 4, 3, tzinfo=UTC))


def test_a_clock_put_back_over_midnight_begins_no_day_twice() -> None:
    """In St. John's 2010 the clock went from 0:01 back to 23:01; the day that had begun goes on."""
    found = [day_of("America/St_Johns")(instants.parse(f"2010-11-07T0{time}:00Z")) for time in ("2:30", "2:45", "3:31")]
    assert len(set(found)) == 1
